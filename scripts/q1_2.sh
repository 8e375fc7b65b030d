#!/usr/bin/env bash
# Question 1.2: the same pyramid on greyscale images. Options: see scripts/run_config.sh --help
exec "$(dirname -- "${BASH_SOURCE[0]}")/run_config.sh" q1_2 "$@"
