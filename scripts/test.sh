#!/usr/bin/env bash
# Installs what the tests need, builds everything and runs all tests.
#
#   scripts/test.sh [options of scripts/setup.sh]
#
# SVHN_CTEST_ARGS  further words for ctest, e.g. "-L unit" or "-R json"
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

"$root/scripts/setup.sh" --with-checks "$@"
build dev
say "test"
read -r -a selection <<<"${SVHN_CTEST_ARGS:-}"
# Several tests share the cores: threads that spin while they wait would take them from one another.
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
# The parity tests compare with Debian's Python packages, which another Python on the PATH does not see.
export SVHN_PYTHON=${SVHN_PYTHON:-/usr/bin/python3}
cd -- "$root/build/dev"
ctest --output-on-failure -j "$(nproc)" ${selection[@]+"${selection[@]}"}
