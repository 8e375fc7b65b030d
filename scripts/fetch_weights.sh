#!/usr/bin/env bash
# Downloads published ImageNet weights and verifies them. Existing files are verified, partial downloads are continued.
#
#   scripts/fetch_weights.sh [--output DIR] [--convert] [--keras-url URL] [--torch-url URL] [--checksums FILE] NAME...
#
# NAME is one of vgg16 vgg19 resnet50 resnet101v2 resnet152v2 densenet121 densenet169 densenet201 inceptionv3 xception
# inceptionresnetv2 nasnetmobile nasnetlarge (Keras' files without the classifier), squeezenet1_1 (torchvision's), or
# of vgg16_torch vgg19_torch resnet50_torch densenet121_torch densenet169_torch densenet201_torch inceptionv3_torch
# (torchvision's). Capitals and underscores do not matter: ResNet101_V2.
#
#   --output DIR       where the files go, weights by default
#   --convert          also writes DIR/NAME.safetensors with the built program (or the one that SVHN_BIN names)
#   --keras-url URL    a mirror of storage.googleapis.com/tensorflow/keras-applications
#   --torch-url URL    a mirror of download.pytorch.org/models
#   --checksums FILE   other sums than the published ones: lines of a sum and a file's name
#
# Keras publishes MD5 sums; a torchvision file's name ends in the first 8 digits of its SHA-256 sum. The files are for
# the uses that their publishers allow; most were trained on ImageNet, which is for research.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

keras_url=https://storage.googleapis.com/tensorflow/keras-applications
torch_url=https://download.pytorch.org/models
output=$root/weights
convert=no
sums=
model_error=5

# Name, path below the base address, kind and digits of the checksum; as in the sources of keras.applications 2.21 and
# torchvision 0.14.
published() {
  local kernels=weights_tf_dim_ordering_tf_kernels_notop.h5
  cat <<FILES
vgg16 vgg16/vgg16_$kernels md5 6d6bbae143d832006294945121d1f1fc
vgg19 vgg19/vgg19_$kernels md5 253f8cb515780f3b799900260a226db6
resnet50 resnet/resnet50_$kernels md5 4d473c1dd8becc155b73f8504c6f6626
resnet101v2 resnet/resnet101v2_$kernels md5 c0ed64b8031c3730f411d2eb4eea35b5
resnet152v2 resnet/resnet152v2_$kernels md5 ed17cf2e0169df9d443503ef94b23b33
densenet121 densenet/densenet121_$kernels md5 30ee3e1110167f948a6b9946edeeb738
densenet169 densenet/densenet169_$kernels md5 b8c4d4c20dd625c148057b9ff1c1176b
densenet201 densenet/densenet201_$kernels md5 c13680b51ded0fb44dff2d8f86ac8bb1
inceptionv3 inception_v3/inception_v3_$kernels md5 bcbd6486424b2319ff4ef7d526e38f63
xception xception/xception_$kernels md5 b0042744bf5b25fce3cb969f33bebb97
inceptionresnetv2 inception_resnet_v2/inception_resnet_v2_$kernels md5 d19885ff4a710c122648d3b5c3b684e4
nasnetmobile nasnet/NASNet-mobile-no-top.h5 md5 1ed92395b5b598bdda52abe5c0dbfd63
nasnetlarge nasnet/NASNet-large-no-top.h5 md5 d81d89dc07e6e56530c4e77faddd61b5
squeezenet11 squeezenet1_1-b8a52dc0.pth sha256 b8a52dc0
vgg16torch vgg16-397923af.pth sha256 397923af
vgg19torch vgg19-dcbb9e9d.pth sha256 dcbb9e9d
resnet50torch resnet50-0676ba61.pth sha256 0676ba61
densenet121torch densenet121-a639ec97.pth sha256 a639ec97
densenet169torch densenet169-b2777c0a.pth sha256 b2777c0a
densenet201torch densenet201-c1103571.pth sha256 c1103571
inceptionv3torch inception_v3_google-0cc3c7bd.pth sha256 0cc3c7bd
FILES
}

read_options() {
  names=()
  while [ $# -gt 0 ]; do
    case $1 in
      --output | --keras-url | --torch-url | --checksums) [ $# -gt 1 ] || fail "$1 needs a value" "" 2 ;;&
      --output) output=$2 && shift ;;
      --keras-url) keras_url=${2%/} && shift ;;
      --torch-url) torch_url=${2%/} && shift ;;
      --checksums) sums=$(cat -- "$2") && shift ;;
      --convert) convert=yes ;;
      -*) fail "unknown option '$1'" "see scripts/fetch_weights.sh --help" 2 ;;
      *) names+=("$1") ;;
    esac
    shift
  done
  [ "${#names[@]}" -gt 0 ] || fail "name the weights to fetch" "see scripts/fetch_weights.sh --help" 2
}

# row NAME: its line of the table, empty if there is none.
row() {
  local plain=${1,,}
  published | awk -v name="${plain//[_-]/}" '$1 == name'
}

find_program() {
  program=${SVHN_BIN:-}
  local folder
  for folder in release dev; do
    [ -n "$program" ] || [ ! -x "$root/build/$folder/bin/svhn" ] || program=$root/build/$folder/bin/svhn
  done
  [ -n "$program" ] || fail "--convert needs the built program" "build it, or name it with SVHN_BIN" 2
}

# fetch NAME: downloads the file and converts it if asked.
fetch() {
  local place kind sum url file given
  read -r _ place kind sum <<<"$(row "$1")"
  [ "$kind" = md5 ] && url=$keras_url || url=$torch_url
  file=$output/${place##*/}
  given=$(awk -v name="${place##*/}" '$2 == name || $2 == "*" name { print $1; exit }' <<<"$sums")
  fetch_file "$url/$place" "$file" "$kind" "${given:-$sum}" "$model_error"
  [ "$convert" = no ] || "$program" convert --input "$file" --output "$output/$1.safetensors"
}

read_options "$@"
for name in "${names[@]}"; do
  [ -n "$(row "$name")" ] || fail "there are no weights called '$name'" "see scripts/fetch_weights.sh --help" 2
done
[ "$convert" = no ] || find_program
command -v curl >/dev/null || fail "curl is missing" "apt-get install curl"
mkdir -p -- "$output" || fail "cannot create the folder '$output'" "choose another with --output" "$model_error"
for name in "${names[@]}"; do fetch "$name"; done
