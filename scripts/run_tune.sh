#!/usr/bin/env bash
# Runs one of the assignment's searches. With --resume it continues a search that was stopped.
#
#   scripts/run_tune.sh NAME [options of svhn tune]
#
# NAME is a search of configs/ without .json; scripts/tune_units.sh and its siblings are this command for one NAME each.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

[ $# -gt 0 ] || { usage && exit 0; }
config=$root/configs/$1.json
[ -f "$config" ] || fail "there is no configuration '$1'" "see configs/" 2
shift
find_svhn

# given OPTION ARGUMENTS…: whether the arguments contain the option.
given() {
  local option=$1 word
  shift
  for word in "$@"; do
    case $word in "$option" | "$option="*) return 0 ;; esac
  done
  return 1
}

options=()
given --data "$@" || options+=(--data "$root/data/svhn.safetensors")
given --output "$@" || options+=(--output "$root/models")
shown "$svhn" tune --config "$config" ${options[@]+"${options[@]}"} "$@"
