#!/usr/bin/env bash
# From a fresh machine to a trained and evaluated digit classifier.
#
#   scripts/quickstart.sh [options of scripts/setup.sh]
#
# SVHN_DATA   file or files with real digits, separated by ':'; without it, built-in synthetic digits are drawn
# SVHN_CONFIG the configuration to train, configs/smoke.json by default
#
# Leaves models/quickstart_real or models/quickstart_synthetic, which a further run replaces.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

synthetic_images=8000

# Sets kind and inputs; relative paths mean the folder that the caller is in.
choose_source() {
  inputs=()
  kind=synthetic
  [ -n "${SVHN_DATA:-}" ] || return 0
  kind=real
  local -a files
  IFS=: read -r -a files <<<"$SVHN_DATA"
  for file in "${files[@]}"; do
    [ -e "$file" ] || fail "SVHN_DATA names '$file', which does not exist" "separate several files with ':'" 4
    inputs+=("$(realpath -s -- "$file")")
  done
}

prepare() {
  if [ "$kind" = synthetic ]; then
    say "data: $synthetic_images synthetic digits (SVHN_DATA is not set)"
    shown "$svhn" preprocess --synthetic "$synthetic_images" --seed 1 --output "$data"
  else
    say "data: ${inputs[*]}"
    shown "$svhn" preprocess --input "${inputs[@]}" --output "$data"
  fi
}

train() {
  say "train on $kind digits"
  shown "$svhn" train --config "$config" --data "$data" --output "$output" --overwrite
  say "evaluate on the test split ($kind digits)"
  shown "$svhn" evaluate --model "$output/$name.safetensors" --data "$data" --split test
}

summarise() {
  local word=$kind
  [ "$kind" = real ] || word="synthetic (not real house numbers)"
  say "done in $SECONDS s; the digits were $word"
  printf '%-13s %s\n' model "$output/$name.safetensors" "best epoch's" "$output/$name.best.safetensors" \
    curves "$output/$name.history.json" "run folder" "$output/$name" data "$data"
  printf '\nnext: %s\n' "scripts/q2_1.sh --data $data    (the assignment's networks: q1_1 q1_2 q1_3 q2_1 q2_2)"
}

choose_source
config=$(realpath -s -- "${SVHN_CONFIG:-$root/configs/smoke.json}")
"$root/scripts/setup.sh" "$@"
build release
cd -- "$root"
svhn=build/release/bin/svhn
name=$(config_name "$config")
data=data/quickstart_$kind.safetensors
output=models/quickstart_$kind
prepare
train
summarise
