# shellcheck shell=bash
# What the tests of the fetch scripts share: a server that is a folder, runs of a script, and what they are held to.

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
server="$work/the server"
output="$work/out put"
# shellcheck disable=SC2034  # for the tests
url=file://${server// /%20}
failures=0

# begin NAME: starts a case without an output folder, and with what stock_server puts on the server.
begin() {
  name=$1
  rm -rf -- "$output" "$server"
  mkdir -p -- "$server"
  stock_server
}

# run_script SCRIPT ARGUMENTS…: sets status, stdout and stderr.
run_script() {
  status=0
  bash "$1" --output "$output" "${@:2}" >"$work/stdout" 2>"$work/stderr" || status=$?
}

# expect WHAT COMMAND…
expect() {
  "${@:2}" && return
  printf 'FAILED %s: %s (exit %s)\n' "$name" "$1" "$status"
  cat -- "$work/stdout" "$work/stderr"
  failures=$((failures + 1))
}

# left FILE…: exactly these are in the output folder.
# shellcheck disable=SC2317  # called through expect
left() { [ "$(find "$output" -mindepth 1 -printf '%f ' | tr ' ' '\n' | sort | xargs)" = "$*" ]; }
# shellcheck disable=SC2317  # called through expect
says() { grep -qF -- "$2" "$work/$1"; }
