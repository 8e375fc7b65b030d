#!/usr/bin/env bash
# Question 3.1: test accuracy, confusion matrix, the first ten misclassified 3s. Options: see scripts/run_interpret.sh --help
exec "$(dirname -- "${BASH_SOURCE[0]}")/run_interpret.sh" --split test --what confusion,misclassified --digit 3 "$@"
