#!/usr/bin/env bash
# Builds immich-ml-cuda_VERSION_amd64.deb, which puts ONNX Runtime with CUDA beside an installed immich-ml:
#   packaging/deb/cuda.sh [OUT] [LEVEL]
# OUT: out/ by default; LEVEL: xz's, 6 by default (320 MB: some minutes). What of CUDA 13 and cuDNN 9 a machine lacks, immich-ml doctor says.
set -euo pipefail
cd "$(dirname "$0")/../.."

out=$(mkdir -p "${1:-out}" && cd "${1:-out}" && pwd)
level=${2:-6}
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct 2> /dev/null || date +%s)}"
export SOURCE_DATE_EPOCH
umask 022
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' Directory.Build.props)
maintainer='ImmichMl contributors <immich-ml@localhost.localdomain>'

packaging/gpu/stage.sh "$work/tree"
root=$work/root lib=$work/root/usr/lib/immich-ml doc=$work/root/usr/share/doc/immich-ml-cuda
install -d "$lib" "$doc" "$root/DEBIAN"
mv "$work/tree/providers.d" "$work/tree/cuda" "$lib/"
mv "$lib/cuda/sbom.cdx.json" "$doc/"
mv "$lib/cuda/licenses" "$doc/licenses"
gzip -9n "$doc"/licenses/*ThirdPartyNotices.txt
install -m 644 packaging/deb/copyright.cuda "$doc/copyright"
printf 'immich-ml-cuda (%s) stable; urgency=medium\n\n  * See the changelog of immich-ml.\n\n -- %s  %s\n' \
    "$version" "$maintainer" "$(date -u -R -d "@$SOURCE_DATE_EPOCH")" | gzip -9n > "$doc/changelog.gz"

# The unit may use the card from the moment that this package is there.
install -d "$root/usr/lib/systemd/system/immich-ml.service.d"
sed '1s/.*/# Of immich-ml-cuda: lets the daemon use an NVIDIA GPU./' systemd/drop-ins/nvidia.conf \
    > "$root/usr/lib/systemd/system/immich-ml.service.d/immich-ml-cuda.conf"

sed -e "s/@VERSION@/$version/; s/@MAINTAINER@/$maintainer/; s/@SIZE@/$(du -k -s --apparent-size "$root" | cut -f1)/" \
    packaging/deb/control.cuda > "$root/DEBIAN/control"
install -m 755 packaging/deb/postinst.cuda "$root/DEBIAN/postinst"
install -m 755 packaging/deb/postinst.cuda "$root/DEBIAN/postrm"
(cd "$root" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | sort -z | xargs -0 md5sum > DEBIAN/md5sums)
find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
dpkg-deb --root-owner-group -Zxz "-z$level" --build "$root" "$out/immich-ml-cuda_${version}_amd64.deb"
ls -l "$out/immich-ml-cuda_${version}_amd64.deb"
