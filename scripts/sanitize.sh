#!/usr/bin/env bash
# Builds the modules without LibTorch and OpenCV with AddressSanitizer and UBSan and runs their tests.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

build asan
say "test under the sanitizers"
cd -- "$root/build/asan"
UBSAN_OPTIONS=print_stacktrace=1 ctest --output-on-failure -j "$(nproc)" -LE "parity|slow"
