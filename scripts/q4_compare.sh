#!/usr/bin/env bash
# The comparison of question 4.2: the same head on each backbone whose weights are there; the others are listed.
#
#   scripts/q4_compare.sh [options of svhn transfer]
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

find_svhn
cd -- "$root"
shown "$svhn" transfer --compare configs/q4_compare.json "$@"
