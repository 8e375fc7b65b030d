# shellcheck shell=bash
# Sourced by the other scripts: strict mode, the checkout's folder and how to speak.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)

say() { printf '\n== %s\n' "$*"; }

# fail MESSAGE [HINT [EXIT_CODE]]: one line and a hint, as the program itself does it.
fail() {
  printf '%s: error: %s\n' "${0##*/}" "$1" >&2
  [ -z "${2:-}" ] || printf 'hint: %s\n' "$2" >&2
  exit "${3:-1}"
}

# usage: prints the comment block at the top of the script that runs.
usage() { awk 'NR == 1 { next } !/^#/ { exit } { sub(/^# ?/, ""); print }' "$0"; }

# build PRESET: configures and builds; CMAKE_PREFIX_PATH and SVHN_CMAKE_ARGS (words) are honoured.
build() {
  local -a extra=()
  read -r -a extra <<<"${SVHN_CMAKE_ARGS:-}"
  say "build ($1)"
  (cd -- "$root" && cmake --preset "$1" ${extra[@]+"${extra[@]}"} >/dev/null && cmake --build --preset "$1")
}

# shown COMMAND…: prints a command as it could be typed, then runs it.
shown() {
  printf '+'
  printf ' %q' "$@"
  printf '\n'
  "$@"
}

# config_name FILE: the name that a configuration gives its model.
config_name() {
  local name
  name=$(sed -n 's/.*"name"[[:space:]]*:[[:space:]]*"\([^"]*\)".*/\1/p' "$1" | head -n 1)
  [ -n "$name" ] || fail "'$1' has no \"name\"" "see svhn config check '$1'" 3
  printf '%s\n' "$name"
}
