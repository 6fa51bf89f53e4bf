#!/usr/bin/env bash
# The release tree on old processors, by qemu-user: .ci/older.sh TREE TESTS
# QEMU_X86 names the emulator; Debian 12's (7.2) is not tried with ONNX Runtime, 10.0 runs it. Prints "ok …", "not ok …" and "unchecked …".
set -uo pipefail
cd "$(dirname "$0")/.." || exit
tree=$1 tests=$2
qemu=${QEMU_X86:-qemu-x86_64}
failed=0
check() {
    if [ "$2" -eq 0 ]; then echo "ok $1"; else echo "not ok $1"; failed=1; fi
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
major=$("$qemu" --version | sed -n 's/.*version \([0-9]*\)\..*/\1/p')
if [ "${major:-0}" -lt 9 ]; then
    echo "unchecked old processors: there is no qemu of 9 or later here"
    exit 0
fi

# SSE4.2 and no AVX: the floor.
timeout 600 "$qemu" -cpu Nehalem "$tree/immich-ml" demo > "$work/demo" 2>&1
grep -q '5 of the 5 queries found their kind first' "$work/demo" && grep -q '5 of 5 drawn faces found' "$work/demo" \
    && grep -q 'Text read:    FOX FINDS FACES AND WORDS' "$work/demo"
check "Nehalem: the demo embeds, finds faces and reads without AVX" $?
timeout 60 "$qemu" -cpu Nehalem "$tree/immich-ml-gateway" --print-config > "$work/gateway" 2>&1
timeout 60 "$qemu" -cpu Nehalem "$tree/immich-ml-fetch" > "$work/fetch" 2>&1
grep -q '^IMMICH_PORT=3003' "$work/gateway" && grep -q 'usage: ' "$work/fetch"
check "Nehalem: the gateway and the fetcher start" $?

some='TensorWriterTests|LetterboxTests|SimilarityTransformTests|AffineWarpTests|BilinearResizerTests|LeanConvolutionTests'
PWD=$PWD timeout 600 "$qemu" -cpu Nehalem "$tests/ImmichMl.Tests" --treenode-filter "/*/*/($some)/*" 2>&1 \
    | sed 's/\x1b\[[0-9;]*m//g' > "$work/tests"
total=$(sed -n 's/^ *total: *\([0-9]*\).*/\1/p' "$work/tests" | tail -1)
good=$(sed -n 's/^ *succeeded: *\([0-9]*\).*/\1/p' "$work/tests" | tail -1)
[ "${total:-0}" -gt 0 ] && [ "$total" = "${good:-}" ]
check "Nehalem: all ${total:-0} tests of kernels and graphs pass" $?
[ "${total:-0}" = "${good:-}" ] || grep -A6 -E '^(failed|skipped) ' "$work/tests" | head -40

# Without SSE4.2: one sentence, and no core dump.
status=0
"$qemu" -cpu Conroe "$tree/immich-ml" doctor > "$work/told" 2>&1 || status=$?
[ "$status" -eq 3 ] && grep -qx 'immich-ml: this processor lacks SSE4.2 POPCNT; it takes x86-64-v2: .*' "$work/told" && [ "$(wc -l < "$work/told")" -eq 1 ]
check "Conroe: one sentence says what the processor lacks" $?
exit $failed
