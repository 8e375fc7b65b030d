#!/usr/bin/env bash
# Question 4.1: a frozen VGG16. Options: see scripts/run_config.sh --help
exec "$(dirname -- "${BASH_SOURCE[0]}")/run_config.sh" q4_1 "$@"
