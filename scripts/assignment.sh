#!/usr/bin/env bash
# Answers all questions of the assignment, in their order, and writes one report.
# At the end it prints every figure beside the published one.
#
#   scripts/assignment.sh [--data FILE] [--output DIR]
#   scripts/assignment.sh --quick [--output DIR]
#
#   --data FILE    the prepared digits, data/svhn.safetensors by default
#   --output DIR   the folder for models, searches and report.html, models by default
#   --quick        a check that everything runs, in a minute or two: on 400 synthetic digits, one epoch, with random
#                  weights in question 4, in build/assignment_quick by default; its figures say nothing
#
# A further call continues where one was stopped: finished parts are not done again, unless their command, the data or
# what they made has changed. Question 4 needs published weights in weights/; without them its parts are left out.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

quick_images=400
quick_backbone='compare.backbones=[{"name":"squeezenet1_1","weights":"random","input":"torch"}]'

# Sets data and output as absolute paths, since the parts run in the checkout's folder.
read_options() {
  local word
  local -a rest=()
  quick=no
  for word in "$@"; do
    case $word in
      --quick) quick=yes ;;
      *) rest+=("$word") ;;
    esac
  done
  read_run_options ${rest[@]+"${rest[@]}"}
  [ ${#options[@]} -eq 0 ] || fail "unknown option '${options[0]}'" "see scripts/assignment.sh --help" 2
  [ "$quick" = no ] || [ -z "$data" ] || fail "--quick makes its own data" "leave out --data" 2
  local folder=models
  [ "$quick" = no ] || folder=build/assignment_quick
  output=$(realpath -m -s -- "${output:-$root/$folder}")
  data=$(realpath -m -s -- "${data:-$root/data/svhn.safetensors}")
}

# Makes or finds the data; sets the options that shorten the parts of a quick call.
prepare() {
  short=() few_steps=() random=()
  if [ "$quick" = yes ]; then
    short=(--set train.epochs=1) few_steps=(--set train.steps_per_epoch=2) random=(--weights random)
    data=$output/synthetic.safetensors
    mkdir -p -- "$output"
    [ -f "$data" ] || shown "$svhn" preprocess --synthetic "$quick_images" --seed 1 --output "$data"
  fi
  [ -f "$data" ] || fail "there is no prepared data '$data'" \
    "svhn preprocess --input FILE --output '$data'; scripts/fetch_data.sh fetches the files" 4
}

# part QUESTION MADE SCRIPT [OPTION…]: runs a script of this folder, unless it has ended before with the same command and
# neither the data nor MADE, a file of its results or the model that it reads, is newer than that.
part() {
  local question=$1 made=$output/$2 script=$3 mark=$output/assignment/$3
  shift 3
  local -a command=("scripts/$script.sh" --data "$data" --output "$output" "$@")
  say "question $question: $script"
  if [ -f "$made" ] && [ -f "$mark" ] && [ ! "$made" -nt "$mark" ] && [ ! "$data" -nt "$mark" ] &&
    [ "$(cat -- "$mark")" = "${command[*]}" ]; then
    printf 'done before\n'
    return
  fi
  "${command[@]}"
  mkdir -p -- "${mark%/*}"
  printf '%s\n' "${command[*]}" >"$mark.new"
  mv -- "$mark.new" "$mark"
}

# has_weights CONFIG: whether any of the weights that a configuration names is there.
has_weights() {
  local weights
  while read -r weights; do
    [ ! -f "$weights" ] || return 0
  done < <(sed -n 's/.*"weights": "\([^"]*\)".*/\1/p' "configs/$1.json")
  return 1
}

# left_out QUESTION WEIGHTS…: says that a question is left out.
left_out() {
  say "question $1: left out, there are no weights: scripts/fetch_weights.sh --convert ${*:2}"
}

dense_and_convolutional() {
  part 1.1 model_1_1.safetensors q1_1 --resume "${short[@]}"
  part 1.2 model_1_2.safetensors q1_2 --resume "${short[@]}"
  part 1.3 model_1_3.safetensors q1_3 --resume "${short[@]}"
  part 1.3 tune_units/results.json tune_units --resume "${short[@]}"
  part 1.3 tune_wrapper/results.json tune_wrapper --resume "${short[@]}"
  part 1.3 tune_ablation/results.json tune_ablation --resume "${short[@]}"
  part 2.1 model_2_1.safetensors q2_1 --resume "${short[@]}"
  part 2.2 model_2_2.safetensors q2_2 --resume "${short[@]}" "${few_steps[@]}"
}

interpretation() {
  part 3.1 model_2_2.safetensors q3_1
  part 3.2 model_2_2.safetensors q3_2
  part 3.3 model_2_2.safetensors q3_3
}

# A comparison is always called: it takes up weights that have come, and keeps what is finished.
comparison() {
  say "question 4.2: q4_compare"
  scripts/q4_compare.sh --data "$data" --output "$output" --resume "$@"
}

transfer() {
  if [ "$quick" = yes ] || has_weights q4_1; then
    part 4.1 model_4_1.safetensors q4_1 --resume "${random[@]}" "${short[@]}" "${few_steps[@]}"
    part 4.2 model_4_2.safetensors q4_2 --resume "${random[@]}" "${short[@]}" "${few_steps[@]}"
  else
    left_out "4.1 and 4.2" vgg16
  fi
  if [ "$quick" = yes ]; then
    comparison "${short[@]}" --set "$quick_backbone"
  elif has_weights q4_compare; then
    comparison
  else
    left_out "4.2's comparison" vgg16 vgg19 resnet50 resnet101v2 resnet152v2 densenet121 densenet169 densenet201
  fi
}

read_options "$@"
find_svhn
cd -- "$root"
prepare
dense_and_convolutional
interpretation
transfer
say "every figure beside the published one"
shown "$svhn" report --runs "$output" --output "$output/report.html" --figures
[ "$quick" = no ] ||
  printf '\nThese figures are of synthetic digits and one epoch: they show that everything runs, nothing else.\n'
