#!/usr/bin/env bash
# Question 1.3: the pyramid with batch normalisation and dropout. Options: see scripts/run_config.sh --help
exec "$(dirname -- "${BASH_SOURCE[0]}")/run_config.sh" q1_3 "$@"
