#!/usr/bin/env bash
# Question 3.2: what every filter of five layers does with the first test image. Options: see scripts/run_interpret.sh --help
exec "$(dirname -- "${BASH_SOURCE[0]}")/run_interpret.sh" --split test --what activations --index 0 \
  --layer 0 --layer 5 --layer 6 --layer 8 --layer 10 "$@"
