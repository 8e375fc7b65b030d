#!/usr/bin/env bash
# Question 1.3: a table of single changes. Options: see scripts/run_tune.sh --help
exec "$(dirname -- "${BASH_SOURCE[0]}")/run_tune.sh" tune_ablation "$@"
