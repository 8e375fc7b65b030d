#!/bin/sh
# What a user does first with an installed svhn, in an empty folder: an answer of the demo model, then a network of
# their own from synthetic digits to a report. Says how long it took. Works with a bare POSIX shell.
#
#   quickstart.sh [PROGRAM]
set -eu
svhn=${1:-svhn}
picture=$(dirname -- "$(readlink -f "$(command -v "$svhn")")")/../share/svhn/models/demo.png

now() { date +%s%N; }
since() { echo "$1: $((($(now) - $2) / 1000000)) ms"; }

begin=$(now)
"$svhn" --version
since "start of a light command" "$begin"
began=$(now)
"$svhn" predict --model demo "$picture" --json | tee answer.json
since "first prediction" "$began"
grep -q '"digit": *7' answer.json
began=$(now)
"$svhn" predict --model demo "$picture" --json >/dev/null
since "second prediction" "$began"
"$svhn" preprocess --synthetic 2000 --seed 1 --output data/svhn.safetensors --quiet
"$svhn" train --config smoke --set train.epochs=3 --quiet
"$svhn" evaluate --model models/smoke --split test
"$svhn" interpret --model models/smoke --what confusion,misclassified
"$svhn" predict --model models/smoke "$picture"
"$svhn" report --runs models --output report.html
[ -s models/smoke.best.safetensors ]
grep -q '<html' report.html
since "quick start" "$begin"
