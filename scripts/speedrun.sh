#!/usr/bin/env bash
# The least time to the accuracy of q2_1. Options: see scripts/run_config.sh --help
exec "$(dirname -- "${BASH_SOURCE[0]}")/run_config.sh" speedrun "$@"
