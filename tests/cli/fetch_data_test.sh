#!/usr/bin/env bash
# scripts/fetch_data.sh against file:// addresses: what it accepts, refuses and leaves behind.
set -euo pipefail

script=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)/scripts/fetch_data.sh
# shellcheck source-path=SCRIPTDIR source=fetch_cases.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/fetch_cases.sh"

stock_server() {
  head -c 100000 /dev/zero | tr '\0' 't' >"$server/train_32x32.mat"
  head -c 50000 /dev/zero | tr '\0' 'e' >"$server/test_32x32.mat"
  (cd -- "$server" && md5sum -- *.mat) >"$work/sums"
}

# run ARGUMENTS…: sets status, stdout and stderr.
run() {
  run_script "$script" --base-url "$url" --checksums "$work/sums" "$@"
}

begin fetches_and_verifies
run
expect 'exit 0' [ "$status" -eq 0 ]
expect 'both files' left test_32x32.mat train_32x32.mat
expect 'same bytes' cmp -s "$server/train_32x32.mat" "$output/train_32x32.mat"

begin needs_no_server_the_second_time
run
rm -- "$server"/*
run
expect 'exit 0' [ "$status" -eq 0 ]
expect 'says so' says stdout 'there already'

begin goes_on_where_it_stopped
mkdir -p -- "$output"
head -c 60000 "$server/train_32x32.mat" >"$output/train_32x32.mat.part"
# Bytes that were fetched before are not fetched again: the server's are other ones by now.
printf 'xxxx' | dd of="$server/train_32x32.mat" conv=notrunc status=none
run train
expect 'exit 0' [ "$status" -eq 0 ]
expect 'one file' left train_32x32.mat

begin takes_a_part_that_is_whole
mkdir -p -- "$output"
mv -- "$server/train_32x32.mat" "$output/train_32x32.mat.part"
run train
expect 'exit 0' [ "$status" -eq 0 ]
expect 'one file' left train_32x32.mat

begin starts_over_behind_a_part_that_is_too_long
mkdir -p -- "$output"
head -c 200000 /dev/zero >"$output/train_32x32.mat.part"
run train
expect 'exit 0' [ "$status" -eq 0 ]
expect 'same bytes' cmp -s "$server/train_32x32.mat" "$output/train_32x32.mat"

begin refuses_other_bytes
printf 'x' >>"$server/train_32x32.mat"
run train
expect 'exit 4' [ "$status" -eq 4 ]
expect 'message' says stderr "train_32x32.mat does not have the MD5 sum"
expect 'hint' says stderr 'hint: '
expect 'nothing left' left

begin refuses_the_samples_for_the_published_sums
status=0
bash "$script" --output "$output" --base-url "$url" train >"$work/stdout" 2>"$work/stderr" || status=$?
expect 'exit 4' [ "$status" -eq 4 ]
expect 'names the sum' says stderr e26dedcc434d2e4c54c9b2d4a06d8373
expect 'nothing left' left

begin leaves_a_foreign_file_alone
mkdir -p -- "$output"
printf 'mine' >"$output/train_32x32.mat"
run train
expect 'exit 4' [ "$status" -eq 4 ]
expect 'untouched' [ "$(cat -- "$output/train_32x32.mat")" = mine ]

begin names_a_missing_file
run extra --checksums <(echo "00000000000000000000000000000000  extra_32x32.mat")
expect 'exit 4' [ "$status" -eq 4 ]
expect 'message' says stderr "cannot fetch $url/extra_32x32.mat"
expect 'nothing left' left

begin reads_address_and_sum_from_openml
sum=$(md5sum <"$server/test_32x32.mat" | cut -d ' ' -f 1)
printf '{"data_set_description":{"id":"41081","url":"%s","md5_checksum":"%s"}}' \
  "${url//\//\\/}\\/test_32x32.mat" "$sum" >"$server/41081"
run --openml-url "$url" openml
expect 'exit 0' [ "$status" -eq 0 ]
expect 'one file' left svhn_41081.arff
printf '{"error":"none"}' >"$server/41081"
run --openml-url "$url" openml
expect 'exit 4' [ "$status" -eq 4 ]

begin refuses_unknown_words
run everything
expect 'exit 2' [ "$status" -eq 2 ]

[ "$failures" -eq 0 ] && printf 'fetch_data: all cases passed\n'
exit "$((failures > 0))"
