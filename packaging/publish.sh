#!/usr/bin/env bash
# Builds the native release tree: the three programs, the native libraries beside them, licence notices; nothing else.
#   packaging/publish.sh [RID] [OUT]      RID: linux-x64 (this machine's by default) or linux-arm64; OUT: out/RID by default
set -euo pipefail
cd "$(dirname "$0")/.."

case "$(uname -m)" in
    aarch64) here=linux-arm64 ;;
    *) here=linux-x64 ;;
esac
rid=${1:-$here}
out=${2:-out/$rid}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for program in Daemon Gateway Fetch; do
    dotnet publish "src/ImmichMl.$program" -c Release -r "$rid" -o "$work/$program" --nologo -v quiet
done

rm -rf "$out"
mkdir -p "$out/licenses"
install -m 755 "$work/Daemon/immich-ml" "$work/Gateway/immich-ml-gateway" "$work/Fetch/immich-ml-fetch" "$out/"
# libonnxruntime_providers_shared.so serves provider libraries of the old kind, which are not shipped.
install -m 644 "$work/Daemon/libonnxruntime.so" "$work/Daemon/libSkiaSharp.so" "$out/"

# Licence notices: our own, and of every package whose code is in the programs (analyzers and other systems' natives are not).
cp LICENSE "$out/licenses/LICENSE.immich-ml.txt"
packages=$(dotnet nuget locals global-packages --list | sed 's/^[^:]*: *//')
{
    printf 'Software that is part of this release. Licence texts, where the package brings them, stand beside this file.\n\n'
    dotnet list src/ImmichMl.Daemon package --include-transitive \
        | awk '$1 == ">" { print $2, $NF }' | sort -u | grep -viE 'analyzer|macos|win32|illink|ilcompiler|eventlog|stringtools' \
        | while read -r name version; do
            folder="$packages${name,,}/$version"
            nuspec="$folder/${name,,}.nuspec"
            licence=$(sed -n 's:.*<license type="expression">\(.*\)</license>.*:\1:p' "$nuspec")
            copyright=$(sed -n 's:.*<copyright>\(.*\)</copyright>.*:\1:p' "$nuspec")
            for text in LICENSE LICENSE.txt LICENSE.TXT ThirdPartyNotices.txt THIRD-PARTY-NOTICES.txt THIRD-PARTY-NOTICES.TXT; do
                if [ -f "$folder/$text" ]; then
                    cp "$folder/$text" "$out/licenses/$name.${text%.*}.txt"
                    chmod 644 "$out/licenses/$name.${text%.*}.txt"
                fi
            done
            printf '%s %s\n    %s\n    %s\n' "$name" "$version" "${licence:-see $name.LICENSE.txt}" "${copyright:-no copyright line in the package}"
        done
    # Most of the .NET packages bring the very same text: once is enough.
    for text in "$out"/licenses/Microsoft.Extensions.*; do
        cmp -s "$text" "$out/licenses/Microsoft.Extensions.Hosting.THIRD-PARTY-NOTICES.txt" || continue
        [[ $text == */Microsoft.Extensions.Hosting.THIRD-PARTY-NOTICES.txt ]] || rm "$text"
    done
    printf '\n.NET runtime (compiled into the programs)\n    MIT\n    Copyright (c) .NET Foundation and Contributors\n'
    printf '\nThe MIT licence, for the components above that name it:\n\n'
    sed -n '/^Permission/,$p' LICENSE
} > "$out/licenses/NOTICES.txt"

ls -l "$out"
