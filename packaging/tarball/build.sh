#!/usr/bin/env bash
# Builds the tarball for systems with systemd and without dpkg: packaging/tarball/build.sh [RID] [OUT] [TREE]
# RID: linux-x64 or linux-arm64 (this machine's by default), OUT: out/ by default; TREE: what publish.sh has built already.
set -euo pipefail
cd "$(dirname "$0")/../.."

case "$(uname -m)" in
    aarch64) here=linux-arm64 ;;
    *) here=linux-x64 ;;
esac
rid=${1:-$here}
out=$(mkdir -p "${2:-out}" && cd "${2:-out}" && pwd)
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct 2> /dev/null || date +%s)}"
export SOURCE_DATE_EPOCH
umask 022
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=${3:-$work/tree}
[ $# -ge 3 ] || packaging/publish.sh "$rid" "$tree" > /dev/null

version=$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' Directory.Build.props)
name=immich-ml-$version-$rid
packaging/stage.sh "$tree" "$work/$name/root"
install -m 755 packaging/tarball/install.sh "$work/$name/"
install -m 644 LICENSE README.md CHANGELOG.md "$work/$name/"
tar -C "$work" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --format=gnu -cf - "$name" | xz -9 -T1 > "$out/$name.tar.xz"
ls -l "$out/$name.tar.xz"
