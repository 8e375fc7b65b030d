#!/usr/bin/env bash
# Downloads the real digits and verifies them. Existing files are verified, partial downloads are continued.
#
#   scripts/fetch_data.sh [--output DIR] [--base-url URL] [--openml-url URL] [--checksums FILE] [WHAT...]
#
# WHAT is train, test, extra (Stanford's files, 182, 64 and 1,300 MB) or openml (data set 41081 as ARFF, 1.1 GB);
# train and test by default.
#
#   --output DIR       where the files go, data/raw by default
#   --base-url URL     a mirror of Stanford's files
#   --openml-url URL   a mirror of OpenML's data descriptions
#   --checksums FILE   other MD5 sums than the published ones, as md5sum writes them
#
# The digits may be used for non-commercial purposes only: http://ufldl.stanford.edu/housenumbers
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

base_url=http://ufldl.stanford.edu/housenumbers
openml_url=https://www.openml.org/api/v1/json/data
openml_id=41081
output=$root/data/raw
data_error=4

# The checksums that torchvision's SVHN data set lists, too.
published_checksums() {
  cat <<'SUMS'
e26dedcc434d2e4c54c9b2d4a06d8373  train_32x32.mat
eb5a983be6a315427106f1b164d9cef3  test_32x32.mat
a93ce644f1a588dc4d68dda5feec44a7  extra_32x32.mat
SUMS
}

read_options() {
  wanted=()
  sums=$(published_checksums)
  while [ $# -gt 0 ]; do
    case $1 in
      --output | --base-url | --openml-url | --checksums) [ $# -gt 1 ] || fail "$1 needs a value" "" 2 ;;&
      --output) output=$2 && shift ;;
      --base-url) base_url=${2%/} && shift ;;
      --openml-url) openml_url=${2%/} && shift ;;
      --checksums) sums=$(cat -- "$2") && shift ;;
      train | test | extra | openml) wanted+=("$1") ;;
      *) fail "'$1' is neither an option nor train, test, extra or openml" "see scripts/fetch_data.sh --help" 2 ;;
    esac
    shift
  done
  [ "${#wanted[@]}" -gt 0 ] || wanted=(train test)
}

# fetch URL NAME MD5: the file gets its name only if its checksum is right.
fetch() {
  [[ $3 =~ ^[0-9a-f]{32}$ ]] || fail "there is no MD5 sum for $2" "name one with --checksums" 2
  fetch_file "$1" "$output/$2" md5 "$3" "$data_error"
}

sum_of() { awk -v name="$1" '$2 == name || $2 == "*" name { print $1; exit }' <<<"$sums"; }

# field NAME: a string of a flat JSON object on standard input, empty if it is missing.
field() { { grep -o "\"$1\" *: *\"[^\"]*\"" || true; } | head -n 1 | sed 's/^[^:]*: *"\(.*\)"/\1/; s|\\/|/|g'; }

# OpenML's description of the data set has the address and the checksum of the file.
fetch_openml() {
  local description url sum
  description=$(curl --fail --location --silent --show-error --retry 3 --connect-timeout 30 --max-time 120 \
    -- "$openml_url/$openml_id") || fail "cannot fetch $openml_url/$openml_id" "try again later" "$data_error"
  url=$(field url <<<"$description")
  sum=$(field md5_checksum <<<"$description")
  if [ -z "$url" ] || [ -z "$sum" ]; then
    fail "$openml_url/$openml_id does not tell the file's address and MD5 sum" "" "$data_error"
  fi
  fetch "$url" "svhn_$openml_id.arff" "$sum"
}

read_options "$@"
command -v curl >/dev/null || fail "curl is missing" "apt-get install curl"
mkdir -p -- "$output" || fail "cannot create the folder '$output'" "choose another with --output" "$data_error"
for what in "${wanted[@]}"; do
  case $what in
    openml) fetch_openml ;;
    *) fetch "$base_url/${what}_32x32.mat" "${what}_32x32.mat" "$(sum_of "${what}_32x32.mat")" ;;
  esac
done
