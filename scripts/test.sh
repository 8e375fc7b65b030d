#!/usr/bin/env bash
# Installs the packages that the tests need, builds everything and runs all tests.
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
# Several tests share the cores, so threads must not spin while they wait.
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
# The parity tests need Debian's Python packages, which another Python on the PATH does not have.
export SVHN_PYTHON=${SVHN_PYTHON:-/usr/bin/python3}
cd -- "$root/build/dev"
ctest --output-on-failure -j "$(nproc)" ${selection[@]+"${selection[@]}"}
