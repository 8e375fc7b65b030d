#!/usr/bin/env bash
# Question 4.2's comparison: the same head on each backbone whose weights are there.
#
#   scripts/q4_compare.sh [options of svhn transfer]
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

svhn=$root/build/release/bin/svhn
case ${1:-} in
  -h | --help) usage && exit 0 ;;
esac
[ -x "$svhn" ] || fail "the program is not built yet" "scripts/quickstart.sh does it, or: cmake --preset release && cmake --build --preset release"
cd -- "$root"
shown "$svhn" transfer --compare configs/q4_compare.json "$@"
