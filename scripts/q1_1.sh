#!/usr/bin/env bash
# Question 1.1: a pyramid of dense layers on colour images. Options: see scripts/run_config.sh --help
exec "$(dirname -- "${BASH_SOURCE[0]}")/run_config.sh" q1_1 "$@"
