#!/usr/bin/env bash
# Interprets question 2.2's model of the last epoch, as question 3 asks.
#
#   scripts/run_interpret.sh [--data FILE] [--output DIR] [further options of svhn interpret]
#
# DIR is the folder to which scripts/q2_2.sh has trained, models by default; the results stay in the run's folder there.
# The data is that of the run, unless FILE is another. scripts/q3_1.sh and its siblings are this command for one part each.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

read_run_options "$@"
output=${output:-$root/models}
find_svhn
trained=$output/$(config_name "$root/configs/q2_2.json").safetensors
[ -f "$trained" ] || fail "question 2.2's model is not trained yet: there is no '$trained'" \
  "scripts/q2_2.sh${data:+ --data $data} --output $output" 5
shown "$svhn" interpret --model "$trained" ${data:+--data "$data"} "${options[@]}"
