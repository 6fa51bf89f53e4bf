#!/usr/bin/env bash
# Builds the Debian packages: packaging/deb/build.sh [ARCH] [OUT] [TREE SYMBOLS]
# ARCH: amd64 or arm64 (this machine's by default), OUT: out/ by default; TREE and SYMBOLS: what publish.sh has built already.
# Makes immich-ml_VERSION_ARCH.deb and immich-ml-dbgsym_VERSION_ARCH.deb for Debian 12, Ubuntu 22.04 and later.
set -euo pipefail
cd "$(dirname "$0")/../.."

arch=${1:-$(dpkg --print-architecture)}
out=$(mkdir -p "${2:-out}" && cd "${2:-out}" && pwd)
case "$arch" in
    amd64) rid=linux-x64 prefix=x86_64-linux-gnu- ;;
    arm64) rid=linux-arm64 prefix=aarch64-linux-gnu- ;;
    *) echo "build.sh: $arch is not amd64 or arm64" >&2; exit 2 ;;
esac
command -v "${prefix}objdump" > /dev/null || prefix=
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct 2> /dev/null || date +%s)}"
export SOURCE_DATE_EPOCH
umask 022
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=${3:-$work/tree} symbols=${4:-$work/symbols}
[ $# -ge 4 ] || packaging/publish.sh "$rid" "$tree" "$symbols" > /dev/null

version=$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' Directory.Build.props)
maintainer='ImmichMl contributors <immich-ml@localhost.localdomain>'
root=$work/root
packaging/stage.sh "$tree" "$root"

doc=$root/usr/share/doc/immich-ml
install -m 644 packaging/deb/copyright "$doc/copyright"
gzip -9nc CHANGELOG.md > "$doc/changelog.md.gz"
printf 'immich-ml (%s) stable; urgency=medium\n\n  * See changelog.md.gz.\n\n -- %s  %s\n' \
    "$version" "$maintainer" "$(date -u -R -d "@$SOURCE_DATE_EPOCH")" | gzip -9n > "$doc/changelog.gz"
install -D -m 644 packaging/deb/lintian-overrides "$root/usr/share/lintian/overrides/immich-ml"

# needed PREFIX: the highest version of a library's symbols that the shipped files name.
needed() {
    "${prefix}objdump" -T "$root"/usr/lib/immich-ml/* 2> /dev/null | grep -o "\b$1_[0-9.]*" | sed "s/$1_//" | sort -V | tail -1
}
glibc=$(needed GLIBC)
case "$(needed GLIBCXX)" in
    3.4.1? | 3.4.2[0-5]) stdcxx=8 ;;
    3.4.2[6-8]) stdcxx=9 ;;
    3.4.29) stdcxx=11 ;;
    3.4.30) stdcxx=12 ;;
    *) echo "build.sh: which libstdc++6 has GLIBCXX_$(needed GLIBCXX)?" >&2; exit 1 ;;
esac

# What xz does before it compresses: x86 code gets a twelfth smaller by it, and every dpkg with xz reads it. arm64's is younger than some.
case "$arch" in
    amd64) filter=--x86 ;;
    *) filter= ;;
esac

# pack FOLDER FILE LEVEL: the same bytes whenever and wherever. xz: Debian 12's dpkg knows no zstd.
pack() {
    (cd "$1" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | sort -z | xargs -0 md5sum) > "$work/md5sums"
    install -m 644 "$work/md5sums" "$1/DEBIAN/md5sums"
    find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
    dpkg-deb --root-owner-group -Znone --build "$1" "$work/plain.deb"
    (
        cd "$work"
        ar x plain.deb
        xz -T1 -9 control.tar
        xz -T1 $filter --lzma2="preset=$3" data.tar
        rm -f "$2"
        ar rcD "$2" debian-binary control.tar.xz data.tar.xz
        rm plain.deb debian-binary control.tar.xz data.tar.xz
    )
    ls -l "$2"
}

control() {
    install -d "$1/DEBIAN"
    sed -e "s/@VERSION@/$version/; s/@ARCH@/$arch/; s/@MAINTAINER@/$maintainer/; s/@GLIBC@/$glibc/; s/@STDCXX@/$stdcxx/" \
        -e "s/@SIZE@/$(du -k -s --apparent-size "$1" | cut -f1)/" "packaging/deb/$2" > "$1/DEBIAN/control"
}

control "$root" control
printf '/etc/immich-ml/gateway.conf\n/etc/immich-ml/immich-ml.conf\n' > "$root/DEBIAN/conffiles"
install -m 755 packaging/deb/postinst packaging/deb/prerm packaging/deb/postrm "$root/DEBIAN/"
pack "$root" "$out/immich-ml_${version}_$arch.deb" 9

debug=$work/debug
install -d "$debug/usr/lib/debug" "$debug/usr/share/doc"
cp -r "$symbols/.build-id" "$debug/usr/lib/debug/"
chmod -R u=rwX,go=rX "$debug"
ln -s immich-ml "$debug/usr/share/doc/immich-ml-dbgsym"
printf 'immich-ml-dbgsym: bogus-mail-host *\n' | install -D -m 644 /dev/stdin "$debug/usr/share/lintian/overrides/immich-ml-dbgsym"
control "$debug" control.dbgsym
pack "$debug" "$out/immich-ml-dbgsym_${version}_$arch.deb" 2
