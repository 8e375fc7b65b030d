#!/usr/bin/env bash
# Question 2.1: the convolutional network. Options: see scripts/run_config.sh --help
exec "$(dirname -- "${BASH_SOURCE[0]}")/run_config.sh" q2_1 "$@"
