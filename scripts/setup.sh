#!/usr/bin/env bash
# Installs the Debian packages that the project needs; installed ones are not changed.
#
#   scripts/setup.sh [--without-libtorch] [--without-page] [--with-checks] [--with-packaging] [--list]
#
#   --without-libtorch  without LibTorch: name another one with CMAKE_PREFIX_PATH
#   --without-page      without npm (some 400 small packages), which `svhn report` needs for its page
#   --with-checks       adds clang tools, shellcheck, Chromium, shells and the Python packages that the parity tests compare with
#   --with-packaging    adds what scripts/package.sh calls
#   --list              prints the packages and installs nothing
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

build_packages=(
  build-essential cmake ninja-build ccache pkg-config
  libcli11-dev nlohmann-json3-dev libspdlog-dev libgtest-dev libbenchmark-dev
  libopenblas-dev libopencv-core-dev libopencv-imgproc-dev libopencv-imgcodecs-dev
  libxxhash-dev libmatio-dev libhdf5-dev libzip-dev libssl-dev libonnx-dev
  gnuplot-nox libgnuplot-iostream-dev libcairo2-dev fonts-dejavu-core
)
torch_packages=(libtorch-dev libgloo-dev)
page_packages=(npm)
check_packages=(
  clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev shellcheck curl git chromium fish man-db mandoc zsh
  python3 python3-venv python3-numpy python3-scipy python3-pandas python3-sklearn python3-torch python3-torchvision
  python3-h5py python3-onnx
)
packaging_packages=(dpkg-dev file patchelf xz-utils)

choose_packages() {
  packages=("${build_packages[@]}")
  local torch=yes page=yes checks=no packaging=no list=no
  for argument in "$@"; do
    case $argument in
      --without-libtorch) torch=no ;;
      --without-page) page=no ;;
      --with-checks) checks=yes ;;
      --with-packaging) packaging=yes ;;
      --list) list=yes ;;
      *) fail "unknown option '$argument'" "see scripts/setup.sh --help" 2 ;;
    esac
  done
  [ "$torch" = no ] || packages+=("${torch_packages[@]}")
  # Debian's npm conflicts with one from elsewhere that has its own nodejs, so an installed npm is kept.
  ! command -v npm >/dev/null || page=no
  [ "$page" = no ] || packages+=("${page_packages[@]}")
  [ "$checks" = no ] || packages+=("${check_packages[@]}")
  [ "$packaging" = no ] || packages+=("${packaging_packages[@]}")
  [ "$list" = no ] || { printf '%s\n' "${packages[@]}" && exit 0; }
}

require_debian() {
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    fail "this is not a Debian system: apt-get is missing" \
      "install the equivalents of these by hand: $(printf '%s ' "${packages[@]}")"
  fi
}

find_missing() {
  local installed
  # Exit status 1 only means that a package is unknown to dpkg.
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${packages[@]}" 2>/dev/null |
    sed -n 's/^installed //p' || true)
  mapfile -t missing < <(comm -23 <(printf '%s\n' "${packages[@]}" | sort -u) <(sort -u <<<"$installed"))
}

find_sudo() {
  as_root=()
  [ "$(id -u)" -ne 0 ] || return 0
  command -v sudo >/dev/null ||
    fail "installing packages needs root, and there is no sudo" "as root: apt-get install ${missing[*]}"
  as_root=(sudo)
}

run_apt() {
  ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -o DPkg::Lock::Timeout=600 "$@" >/dev/null
}

install_missing() {
  [ "${#missing[@]}" -gt 0 ] || return 0
  find_sudo
  say "install ${missing[*]} (a few minutes on a fresh machine)"
  # A third-party repository may be unreachable; the installation below fails if that matters.
  run_apt update || printf 'setup.sh: not every package list could be refreshed\n' >&2
  run_apt install -y --no-install-recommends "${missing[@]}" || fail "the packages could not be installed" \
    "the list is Debian 12's; elsewhere try --without-libtorch and name a LibTorch with CMAKE_PREFIX_PATH"
}

# LibTorch uses the BLAS that libblas.so.3 points to; the reference BLAS is many times slower.
check_blas() {
  local link
  link=$(PATH=$PATH:/usr/sbin:/sbin ldconfig -p | sed -n 's/.*libblas\.so\.3 .*=> //p' | head -n 1)
  [ -n "$link" ] || return 0
  case $(readlink -f "$link") in
    *openblas*) ;;
    *) printf 'setup.sh: warning: libblas.so.3 is not OpenBLAS (%s)\nhint: %s\n' "$(readlink -f "$link")" \
      "update-alternatives --config libblas.so.3-$(gcc -dumpmachine)" >&2 ;;
  esac
}

choose_packages "$@"
require_debian
find_missing
install_missing
check_blas
