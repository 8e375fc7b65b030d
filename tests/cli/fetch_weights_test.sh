#!/usr/bin/env bash
# scripts/fetch_weights.sh against file:// addresses: names, sums, places, and what it leaves behind.
set -euo pipefail

script=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)/scripts/fetch_weights.sh
# shellcheck source-path=SCRIPTDIR source=fetch_cases.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/fetch_cases.sh"
keras_file=vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5
torch_file=squeezenet1_1-b8a52dc0.pth

stock_server() {
  mkdir -p -- "$server/vgg16"
  head -c 100000 /dev/zero | tr '\0' 'k' >"$server/vgg16/$keras_file"
  head -c 50000 /dev/zero | tr '\0' 't' >"$server/$torch_file"
  (cd -- "$server/vgg16" && md5sum -- "$keras_file") >"$work/sums"
  (cd -- "$server" && sha256sum -- "$torch_file") >>"$work/sums"
}

# run ARGUMENTS…: sets status, stdout and stderr.
run() {
  run_script "$script" --keras-url "$url" --torch-url "$url" "$@"
}

begin fetches_both_kinds_and_verifies
run --checksums "$work/sums" vgg16 squeezenet1_1
expect 'exit 0' [ "$status" -eq 0 ]
expect 'both files' left "$torch_file" "$keras_file"
expect 'same bytes' cmp -s "$server/vgg16/$keras_file" "$output/$keras_file"
expect 'MD5' says stdout 'fetched, MD5 sum verified'
expect 'SHA-256' says stdout 'fetched, SHA-256 sum verified'

begin needs_no_server_the_second_time
run --checksums "$work/sums" vgg16
rm -r -- "$server"
run --checksums "$work/sums" VGG_16
expect 'exit 0' [ "$status" -eq 0 ]
expect 'says so' says stdout 'there already'

begin goes_on_where_it_stopped
mkdir -p -- "$output"
head -c 60000 "$server/vgg16/$keras_file" >"$output/$keras_file.part"
printf 'xxxx' | dd of="$server/vgg16/$keras_file" conv=notrunc status=none
run --checksums "$work/sums" vgg16
expect 'exit 0' [ "$status" -eq 0 ]
expect 'one file' left "$keras_file"

begin refuses_other_bytes_by_the_published_sums
run vgg16
expect 'exit 5' [ "$status" -eq 5 ]
expect 'names the sum' says stderr 'does not have the MD5 sum 6d6bbae143d832006294945121d1f1fc'
expect 'nothing left' left
run squeezenet1_1
expect 'exit 5' [ "$status" -eq 5 ]
expect 'names the digits' says stderr 'does not have the SHA-256 sum b8a52dc0'
expect 'nothing left' left

begin knows_every_name_of_its_help
for known in vgg19 resnet50 resnet101v2 resnet152v2 densenet121 densenet169 densenet201 inceptionv3 xception \
  inceptionresnetv2 nasnetmobile nasnetlarge vgg16_torch vgg19_torch resnet50_torch densenet121_torch \
  densenet169_torch densenet201_torch inceptionv3_torch ResNet101_V2; do
  run "$known"
  expect "$known: exit 5" [ "$status" -eq 5 ]
  expect "$known: asks the server" says stderr "cannot fetch $url/"
done

begin refuses_unknown_words
run vgg16 lenet
expect 'exit 2' [ "$status" -eq 2 ]
expect 'nothing fetched' [ ! -e "$output" ]
run
expect 'exit 2 without a name' [ "$status" -eq 2 ]

[ "$failures" -eq 0 ] && printf 'fetch_weights: all cases passed\n'
exit "$((failures > 0))"
