#!/usr/bin/env bash
# Question 3.3: embeddings of all training images and their t-SNE map. Options: see scripts/run_interpret.sh --help
exec "$(dirname -- "${BASH_SOURCE[0]}")/run_interpret.sh" --split train --what embeddings,tsne --perplexity 30 --seed 1 "$@"
