#!/usr/bin/env bash
# Puts ONNX Runtime with CUDA into a release tree: packaging/gpu/stage.sh TREE. Makes TREE/cuda (the libraries, their licence and a list of
# parts) and TREE/providers.d/cuda.json, which the daemon finds. What of CUDA 13 and cuDNN 9 a machine lacks, immich-ml doctor says.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tree=$1
: "${SOURCE_DATE_EPOCH:=$(git -C "$here" log -1 --format=%ct 2> /dev/null || date +%s)}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dotnet restore "$here/cuda.proj" -v:quiet "-p:BaseIntermediateOutputPath=$work/"
package=$(dotnet msbuild "$here/cuda.proj" -nologo -t:Where "-p:BaseIntermediateOutputPath=$work/" | sed -n 's/^ *folder=//p')
native=$package/runtimes/linux-x64/native

rm -rf "$tree/cuda"
install -d "$tree/cuda/licenses" "$tree/providers.d"
for library in libonnxruntime.so libonnxruntime_providers_shared.so libonnxruntime_providers_cuda.so libonnxruntime_providers_tensorrt.so; do
    install -m 644 "$native/$library" "$tree/cuda/"
done
install -m 644 "$here/cuda.json" "$tree/providers.d/"
for text in LICENSE ThirdPartyNotices.txt; do
    install -m 644 "$package/$text" "$tree/cuda/licenses/Microsoft.ML.OnnxRuntime.Gpu.Linux.${text%.txt}.txt"
done
python3 "$here/../parts.py" --package "$package" "$tree/cuda"
chmod -R u=rwX,go=rX "$tree/cuda" "$tree/providers.d"
find "$tree/cuda" "$tree/providers.d" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
