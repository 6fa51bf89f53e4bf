#!/usr/bin/env bash
# Builds the container image: packaging/container/build.sh [--arch ARCH[=TREE]]... [--old-docker] [OUT]
# ARCH: amd64 or arm64 (this machine's by default); TREE: what publish.sh has built for it. OUT: out/ by default.
# Makes OUT/immich-ml-VERSION-ARCH.oci.tar, which podman load and docker load take, and of both an index, OUT/immich-ml-VERSION-all.oci.tar.
# --old-docker also makes OUT/immich-ml-VERSION-ARCH.docker.tar.xz, for dockers before 23 (Debian 12's own), which know no zstd.
# Needs Debian's buildah and zstd; from scratch, no image is pulled and nothing is run, so that any user can, and for any architecture.
set -euo pipefail
cd "$(dirname "$0")/../.."

arches=() trees=()
while [[ "${1:-}" == --* ]]; do
    if [ "$1" = --old-docker ]; then
        export IMMICH_ML_OLD_DOCKER=1
        shift
        continue
    fi
    [ "$1" = --arch ] || { echo "build.sh: $1 is not known" >&2; exit 2; }
    case "${2%%=*}" in
        amd64 | arm64) arches+=("${2%%=*}") trees+=("$(expr "$2" : '[^=]*=\(.*\)' || true)") ;;
        *) echo "build.sh: ${2%%=*} is not amd64 or arm64" >&2; exit 2 ;;
    esac
    shift 2
done
[ "${#arches[@]}" -gt 0 ] || { arches=("$(dpkg --print-architecture)") trees=(''); }
out=$(mkdir -p "${1:-out}" && cd "${1:-out}" && pwd)
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct 2> /dev/null || date +%s)}"
export SOURCE_DATE_EPOCH
umask 022
work=$(mktemp -d)
storage=(--root "$work/storage" --runroot "$work/run" --storage-driver vfs)
buildah() { command buildah "${storage[@]}" "$@"; }

clear_away() {
    [ ! -d "$work/storage" ] || buildah rm --all > /dev/null || true
    # As any user, what lies in there belongs to others of that user's own.
    if [ "$(id -u)" -eq 0 ]; then rm -rf "$work"; else command buildah unshare rm -rf "$work"; fi
}
trap clear_away EXIT

version=$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' Directory.Build.props)
revision=$(git rev-parse HEAD 2> /dev/null || echo unknown)

# image ARCH TREE: a layout in $work/ARCH, without compression, which archive.py does better.
image() {
    local tree=${2:-$work/tree-$1} container
    case "$1" in amd64) rid=linux-x64 ;; *) rid=linux-arm64 ;; esac
    [ -n "$2" ] || packaging/publish.sh "$rid" "$tree" > /dev/null
    packaging/container/rootfs.py "$tree" "$1" "$work/root-$1"
    find "$work/root-$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
    container=$(buildah from --arch "$1" scratch)
    buildah add --quiet --chown 0:0 "$container" "$work/root-$1" / > /dev/null
    buildah config --arch "$1" --os linux --user 10001:10001 --workingdir / --port 3003/tcp --volume /cache \
        --stop-signal SIGTERM --entrypoint '["/usr/bin/immich-ml"]' --cmd 'serve --http' \
        --env IMMICH_ML_SOCKET=/tmp/immich-ml.sock --env MACHINE_LEARNING_CACHE_FOLDER=/cache \
        --env SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
        --label org.opencontainers.image.title=immich-ml \
        --label org.opencontainers.image.description="Immich's machine learning as a native daemon, with its HTTP face" \
        --label org.opencontainers.image.version="$version" --label org.opencontainers.image.revision="$revision" \
        --label org.opencontainers.image.created="$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)" \
        --label org.opencontainers.image.licenses=MIT --label org.opencontainers.image.authors='ImmichMl contributors' "$container"
    buildah commit --quiet --format oci --timestamp "$SOURCE_DATE_EPOCH" --disable-compression "$container" "oci:$work/$1" > /dev/null
}

for i in "${!arches[@]}"; do image "${arches[$i]}" "${trees[$i]}"; done
packaging/container/archive.py "$out" immich-ml "$version" "${arches[@]/#/$work/}"
ls -l "$out"/immich-ml-"$version"-*.tar*
