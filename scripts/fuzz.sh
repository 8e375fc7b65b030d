#!/usr/bin/env bash
# Builds the fuzz targets with clang and runs each for SECONDS on its seed corpus.
#
#   scripts/fuzz.sh SECONDS [NAME...]
#
# NAME is a file of tests/fuzz/ without _fuzz.cpp; without one, all run. Seeds are read from tests/fuzz/corpus/NAME;
# new inputs go to build/fuzz/corpus/NAME, failing ones to build/fuzz/crashes.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

target_names() {
  find "$root/tests/fuzz" -maxdepth 1 -name '*_fuzz.cpp' -printf '%f\n' | sed 's/_fuzz\.cpp$//' | sort
}

run_target() {
  local grown=corpus/$1 seeds=$root/tests/fuzz/corpus/$1
  mkdir -p -- "$grown" crashes
  [ -d "$seeds" ] || seeds=
  say "$1 for $seconds s"
  "$(find . -name "$1_fuzz" -type f)" "$grown" ${seeds:+"$seeds"} -max_total_time="$seconds" -timeout=10 \
    -rss_limit_mb=2048 -artifact_prefix="crashes/$1-" -verbosity=0 -print_final_stats=1 2>&1 |
    grep -vE '^(INFO: |Loading|[[:space:]]*NEW_FUNC|######|"|stat::(new_units|slowest|peak))' || return 1
}

case ${1:-} in
  "") usage && exit 0 ;;
  *[!0-9]*) fail "'$1' is no number of seconds" "see scripts/fuzz.sh --help" 2 ;;
esac
seconds=$1
shift
names=("$@")
[ $# -gt 0 ] || mapfile -t names < <(target_names)
[ "${#names[@]}" -gt 0 ] || fail "there is no target in tests/fuzz"
build fuzz
cd -- "$root/build/fuzz"
failed=()
for name in "${names[@]}"; do run_target "$name" || failed+=("$name"); done
[ "${#failed[@]}" -eq 0 ] || fail "failed: ${failed[*]}" "the inputs are in build/fuzz/crashes"
