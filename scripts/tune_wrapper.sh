#!/usr/bin/env bash
# Question 1.3: random draws of activation, optimizer and batch, scored by cross-validation. Options: see scripts/run_tune.sh --help
exec "$(dirname -- "${BASH_SOURCE[0]}")/run_tune.sh" tune_wrapper "$@"
