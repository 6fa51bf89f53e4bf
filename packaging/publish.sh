#!/usr/bin/env bash
# Builds the native release tree: the programs, the native libraries beside them, licences and the list of parts; nothing else.
#   packaging/publish.sh [RID] [OUT] [SYMBOLS] [--gpu cuda]
# RID: linux-x64 or linux-arm64 (this machine's by default), OUT: out/RID by default, SYMBOLS: a folder for debug symbols, by build id.
# --gpu cuda (linux-x64 alone) adds OUT/cuda, ONNX Runtime with CUDA: 320 MB. The rest of the tree is the same.
# The other architecture is cross-built: Debian's clang lld, and gcc, libc6-dev and binutils for that architecture.
set -euo pipefail
cd "$(dirname "$0")/.."

gpu=
places=()
while [ $# -gt 0 ]; do
    case "$1" in
        --gpu) gpu=${2:-} && shift 2 ;;
        *) places+=("$1") && shift ;;
    esac
done
set -- "${places[@]}"

case "$(uname -m)" in
    aarch64) here=linux-arm64 ;;
    *) here=linux-x64 ;;
esac
rid=${1:-$here}
out=${2:-out/$rid}
symbols=${3:-}
case "$rid" in
    linux-x64) triple=x86_64-linux-gnu ;;
    linux-arm64) triple=aarch64-linux-gnu ;;
    *) echo "publish.sh: $rid is not linux-x64 or linux-arm64" >&2; exit 2 ;;
esac
if [ "$rid" = "$here" ]; then prefix=; else prefix=$triple-; fi
case "$gpu $rid" in
    " linux-"* | "cuda linux-x64") ;;
    *) echo "publish.sh: --gpu takes cuda, for linux-x64" >&2; exit 2 ;;
esac

# Two builds of one commit are the same to the byte: no path of this machine, no time.
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct 2> /dev/null || date +%s)}"
export SOURCE_DATE_EPOCH

# A project's native programs lie where the build graph puts them: another folder for each would compile the libraries once for each.
built() { echo "src/ImmichMl.$1/bin/Release/net10.0/$rid/publish"; }

# place BUILT NAME: a program into the tree, its symbols beside it by build id, where gdb looks.
place() {
    "${prefix}objcopy" --remove-section .comment "$1" "$out/$2"
    chmod 755 "$out/$2"
    if [ -n "$symbols" ] && [ -f "$1.dbg" ]; then
        id=$("${prefix}readelf" -n "$1" | sed -n 's/^ *Build ID: *//p')
        mkdir -p "$symbols/.build-id/${id:0:2}"
        install -m 644 "$1.dbg" "$symbols/.build-id/${id:0:2}/${id:2}.debug"
    fi
}

rm -rf "$out" ${symbols:+"$symbols"}
mkdir -p "$out"
dotnet msbuild packaging/publish.proj -restore -m -nologo -v:quiet "-p:Rid=$rid"
place "$(built Cli)/immich-ml" immich-ml
place "$(built Gateway)/immich-ml-gateway" immich-ml-gateway
place "$(built Fetch)/immich-ml-fetch" immich-ml-fetch

# libonnxruntime_providers_shared.so serves provider libraries of the old kind, which are not shipped.
for library in libonnxruntime.so libSkiaSharp.so; do
    install -m 644 "$(built Cli)/$library" "$out/"
    "${prefix}strip" --strip-unneeded --remove-section .comment "$out/$library"
done
python3 packaging/parts.py "$rid" "$out"
[ -z "$gpu" ] || packaging/gpu/stage.sh "$out"
chmod -R u=rwX,go=rX "$out"
find "$out" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
ls -l "$out"
