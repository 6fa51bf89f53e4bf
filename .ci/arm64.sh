#!/usr/bin/env bash
# The arm64 build under qemu-user, from outside: .ci/arm64.sh TREE TESTS
# TREE is publish.sh's for linux-arm64, TESTS the folder of the test program for it. Prints "ok …", "not ok …" and "unchecked …".
# QEMU names the emulator; Debian 12's (7.2) crashes where it loads ONNX Runtime, 10.0 does not. ARM64_LIBS is a folder with libssl3 and
# libturbojpeg0 for arm64, which Debian has no cross packages of.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
tree=$1 tests=$2
qemu=${QEMU:-qemu-aarch64}
emulated() { timeout 900 "$qemu" -cpu max -E "LD_LIBRARY_PATH=${ARM64_LIBS:-}" -L /usr/aarch64-linux-gnu "$@"; }
failed=0
check() {
    if [ "$2" -eq 0 ]; then echo "ok $1"; else echo "not ok $1"; failed=1; fi
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$qemu" --version | head -1

# The daemon hashes, and that is OpenSSL's affair.
if [ -e "${ARM64_LIBS:-}/libssl.so.3" ]; then
    "$qemu" -cpu max -E "LD_LIBRARY_PATH=$ARM64_LIBS" -L /usr/aarch64-linux-gnu "$tree/immich-ml" serve --socket "$work/ml.sock" --cache models/demo 2> "$work/log" &
    daemon=$!
    for _ in $(seq 200); do [ -S "$work/ml.sock" ] && break; sleep 0.1; done
    emulated "$tree/immich-ml" health --socket "$work/ml.sock" | grep -qx healthy
    check "arm64: the daemon starts and is healthy" $?
    emulated "$tree/immich-ml" predict --tasks '{}' tests/golden/images/"$(cd tests/golden/images && find . -name '*.png' | sort | head -1)" --socket "$work/ml.sock" | grep -q imageWidth
    check "arm64: a picture's header is checked" $?
    kill "$daemon"
    wait "$daemon"
    check "arm64: it ends with 0 when told to" $?
else
    echo "unchecked arm64: the daemon: there is no libssl3 for arm64 here"
fi
emulated "$tree/immich-ml-gateway" --print-config | grep -q '^IMMICH_PORT=3003'
check "arm64: the gateway starts" $?

# "$qemu --version" of 8 and later; older ones crash in ONNX Runtime's constructors.
major=$("$qemu" --version | sed -n 's/.*version \([0-9]*\)\..*/\1/p')
if [ "$major" -ge 9 ] && [ -e "${ARM64_LIBS:-}/libssl.so.3" ]; then
    emulated "$tree/immich-ml" demo > "$work/demo" 2>&1
    grep -q 'Text read:    FOX FINDS FACES AND WORDS' "$work/demo" && grep -q '5 of 5 drawn faces found' "$work/demo"
    check "arm64: the demo embeds, finds faces and reads" $?
else
    echo "unchecked arm64: models: this qemu ($major) crashes where it loads ONNX Runtime, or there is no libssl3 for arm64"
fi

for room in Imaging Protocol; do
    if [ "$room" = Imaging ] && [ ! -e "${ARM64_LIBS:-}/libssl.so.3" ]; then
        echo "unchecked arm64: tests of Imaging: they hash, and there is no libssl3 for arm64 here"
        continue
    fi
    PWD=$PWD emulated "$tests/ImmichMl.Tests" --treenode-filter "/*/ImmichMl.Tests.$room/*/*" 2>&1 | sed 's/\x1b\[[0-9;]*m//g' > "$work/tests"
    total=$(sed -n 's/^ *total: *\([0-9]*\).*/\1/p' "$work/tests" | tail -1)
    good=$(sed -n 's/^ *succeeded: *\([0-9]*\).*/\1/p' "$work/tests" | tail -1)
    # Nothing may be skipped where the shared data is there; .ci/run says where that is.
    [ "${total:-0}" -gt 0 ] && [ "$total" = "${good:-}" ]
    check "arm64: all ${total:-0} tests of $room pass" $?
    [ "${total:-0}" = "${good:-}" ] || grep -A6 -E '^(failed|skipped) ' "$work/tests" | head -60
done
exit $failed
