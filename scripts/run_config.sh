#!/usr/bin/env bash
# Trains one of the project's configurations and evaluates the result on the test split.
#
#   scripts/run_config.sh NAME [--data FILE] [--output DIR] [further options of svhn train or svhn transfer]
#
# NAME is a file of configs/ without .json; scripts/q1_1.sh and its siblings are this command for one NAME each.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

# The two options that `svhn evaluate` needs, too.
read_options() {
  data=$root/data/svhn.safetensors
  output=$root/models
  options=()
  while [ $# -gt 0 ]; do
    case $1 in
      --data | --output) [ $# -gt 1 ] || fail "$1 needs a value" "" 2 ;;&
      --data) data=$2 && shift ;;
      --output) output=$2 && shift ;;
      --data=*) data=${1#*=} ;;
      --output=*) output=${1#*=} ;;
      *) options+=("$1") ;;
    esac
    shift
  done
}

[ $# -gt 0 ] || { usage && exit 0; }
config=$root/configs/$1.json
[ -f "$config" ] || fail "there is no configuration '$1'" "see configs/" 2
shift
read_options "$@"
find_svhn
[ -f "$data" ] || fail "there is no prepared data '$data'" "svhn preprocess --input FILE --output '$data'; scripts/fetch_data.sh fetches the files" 4
command=train
grep -q '"backbone"' "$config" && command=transfer
shown "$svhn" "$command" --config "$config" --data "$data" --output "$output" ${options[@]+"${options[@]}"}
shown "$svhn" evaluate --model "$output/$(config_name "$config").safetensors" --data "$data" --split test
