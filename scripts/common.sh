# shellcheck shell=bash
# Sourced by the other scripts: strict mode, the folder of the checkout, messages, builds and downloads.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)

say() { printf '\n== %s\n' "$*"; }

# fail MESSAGE [HINT [EXIT_CODE]]: prints one line and a hint, in the form of the program's errors, and exits.
fail() {
  printf '%s: error: %s\n' "${0##*/}" "$1" >&2
  [ -z "${2:-}" ] || printf 'hint: %s\n' "$2" >&2
  exit "${3:-1}"
}

# usage: prints the comment at the top of the running script.
usage() { awk 'NR == 1 { next } !/^#/ || /^# shellcheck / { exit } { sub(/^# ?/, ""); print }' "$0"; }

# Every script's --help prints its help alone.
for word in "$@"; do
  case $word in
    -h | --help) usage && exit 0 ;;
  esac
done

# build PRESET: configures and builds; CMAKE_PREFIX_PATH and SVHN_CMAKE_ARGS (several arguments) are used.
build() {
  local -a extra=()
  read -r -a extra <<<"${SVHN_CMAKE_ARGS:-}"
  say "build ($1)"
  (cd -- "$root" && cmake --preset "$1" ${extra[@]+"${extra[@]}"} >/dev/null && cmake --build --preset "$1")
}

# find_svhn: sets svhn to the built program.
find_svhn() {
  svhn=$root/build/release/bin/svhn
  [ -x "$svhn" ] || fail "the program is not built yet" \
    "scripts/quickstart.sh does it, or: cmake --preset release && cmake --build --preset release"
}

# shown COMMAND…: prints a command in the form in which a user would type it, then runs it.
shown() {
  printf '+'
  printf ' %q' "$@"
  printf '\n'
  "$@"
}

# read_run_options ARGUMENTS…: sets data and output, empty where they are not given; the others go to options.
# shellcheck disable=SC2034  # Its callers use them.
read_run_options() {
  data=
  output=
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

# config_name FILE: the name that a configuration gives its model.
config_name() {
  local name
  name=$(sed -n 's/.*"name"[[:space:]]*:[[:space:]]*"\([^"]*\)".*/\1/p' "$1" | head -n 1)
  [ -n "$name" ] || fail "'$1' has no \"name\"" "see svhn config check '$1'" 3
  printf '%s\n' "$name"
}

# has_sum FILE md5|sha256 SUM: whether the file exists and its checksum starts with SUM.
has_sum() { [ -f "$1" ] && [[ $("$2sum" <"$1") == "$3"* ]]; }

# download URL FILE: continues at the end of FILE; if the server cannot, starts from the beginning.
download() {
  local status=0 code
  local -a options=(--fail --location --silent --show-error --retry 3 --connect-timeout 30
    --speed-limit 1000 --speed-time 60)
  [ ! -t 2 ] || options+=(--no-silent --progress-bar)
  code=$(curl "${options[@]}" --continue-at - --output "$2" --write-out '%{http_code}' -- "$1") || status=$?
  # 33: the server does not support ranges; 36 and 416: FILE is longer than the file of the server.
  case $status:$code in
    0:*) ;;
    33:* | 36:* | *:416) rm -f -- "$2" && curl "${options[@]}" --output "$2" -- "$1" ;;
    *) return "$status" ;;
  esac
}

# fetch_file URL FILE md5|sha256 SUM EXIT_CODE: the file gets its name only if its checksum is right.
fetch_file() {
  local url=$1 file=$2 kind=$3 sum=$4 code=$5 title
  [ "$kind" = md5 ] && title='MD5 sum' || title='SHA-256 sum'
  if [ -e "$file" ]; then
    has_sum "$file" "$kind" "$sum" || fail "'$file' does not have the $title $sum" "delete it to fetch it again" "$code"
    printf '%s: there already, %s verified\n' "$file" "$title"
    return
  fi
  # A complete part needs no download; most servers refuse to continue at the end.
  if ! has_sum "$file.part" "$kind" "$sum"; then
    download "$url" "$file.part" || fail "cannot fetch $url" "run it again: it continues where it stopped" "$code"
  fi
  if ! has_sum "$file.part" "$kind" "$sum"; then
    rm -f -- "$file.part"
    fail "$url does not have the $title $sum; it was thrown away" \
      "run it again; if it stays so, the file on the server is another one" "$code"
  fi
  mv -- "$file.part" "$file"
  printf '%s: fetched, %s verified\n' "$file" "$title"
}
