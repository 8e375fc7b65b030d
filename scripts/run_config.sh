#!/usr/bin/env bash
# Trains one of the project's configurations and evaluates the result on the test split.
#
#   scripts/run_config.sh NAME [--data FILE] [--output DIR] [further options of svhn train or svhn transfer]
#
# NAME is a file of configs/ without .json; scripts/q1_1.sh and its siblings are this command for one NAME each.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

[ $# -gt 0 ] || { usage && exit 0; }
config=$root/configs/$1.json
[ -f "$config" ] || fail "there is no configuration '$1'" "see configs/" 2
shift
read_run_options "$@"
data=${data:-$root/data/svhn.safetensors}
output=${output:-$root/models}
find_svhn
[ -f "$data" ] || fail "there is no prepared data '$data'" "svhn preprocess --input FILE --output '$data'; scripts/fetch_data.sh fetches the files" 4
command=train
grep -q '"backbone"' "$config" && command=transfer
shown "$svhn" "$command" --config "$config" --data "$data" --output "$output" ${options[@]+"${options[@]}"}
shown "$svhn" evaluate --model "$output/$(config_name "$config").safetensors" --data "$data" --split test
