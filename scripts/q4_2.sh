#!/usr/bin/env bash
# Question 4.2: VGG16 with blocks 4 and 5 trained. Options: see scripts/run_config.sh --help
exec "$(dirname -- "${BASH_SOURCE[0]}")/run_config.sh" q4_2 "$@"
