#!/usr/bin/env bash
# A network of fewer than 100,000 parameters with the accuracy of q2_1. Options: see scripts/run_config.sh --help
exec "$(dirname -- "${BASH_SOURCE[0]}")/run_config.sh" small "$@"
