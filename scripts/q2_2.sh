#!/usr/bin/env bash
# Question 2.2: the convolutional network with augmented images. Options: see scripts/run_config.sh --help
exec "$(dirname -- "${BASH_SOURCE[0]}")/run_config.sh" q2_2 "$@"
