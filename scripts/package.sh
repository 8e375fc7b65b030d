#!/usr/bin/env bash
# Makes the packages.
#
#   scripts/package.sh [--built DIR] [--output DIR] [deb | archive | source | all]...
#
#   deb          svhn_VERSION_ARCH.deb and libsvhn-dev_VERSION_ARCH.deb, which depend on Debian's packages
#   archive      svhn-VERSION-linux-ARCH.tar.xz, which runs from any folder and carries LibTorch, OpenCV and all other
#                libraries that it needs beyond the C library's
#   source       svhn-VERSION.tar.xz: what git tracks, as of the last commit; the same bytes every time
#   all          the three, also without a word
#   --built DIR  takes the build folder DIR as it is; otherwise build/release is built first
#   --output DIR where the packages go, build/packages by default
#
# SVHN_ARCHIVE=TZST makes the archive a .tar.zst, in seconds rather than minutes, and a third larger. DEBFULLNAME and
# DEBEMAIL name the maintainer of Debian's packages.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

output=$root/build/packages

read_options() {
  built=
  kinds=()
  while [ $# -gt 0 ]; do
    case $1 in
      --built | --output) [ $# -gt 1 ] || fail "$1 needs a folder" "" 2 ;;&
      --built) built=$(realpath -- "$2") && shift ;;
      --output) output=$(realpath -m -- "$2") && shift ;;
      all) kinds+=(deb archive source) ;;
      deb | archive | source) kinds+=("$1") ;;
      *) fail "'$1' is neither deb, archive, source nor all" "see scripts/package.sh --help" 2 ;;
    esac
    shift
  done
  [ "${#kinds[@]}" -gt 0 ] || kinds=(deb archive source)
}

need_tools() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || fail "'$tool' is missing" "scripts/setup.sh --with-packaging installs it"
  done
}

# Files get the date of the last commit, so that a package can be made again.
set_date() {
  [ -z "${SOURCE_DATE_EPOCH:-}" ] || return 0
  SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct 2>/dev/null || stat -c %Y "$root/CHANGELOG.md")
  export SOURCE_DATE_EPOCH
}

# Libraries go where Debian has them, in the archive, too.
build_release() {
  [ -z "$built" ] || return 0
  SVHN_CMAKE_ARGS="-DCMAKE_INSTALL_LIBDIR=lib/$(gcc -dumpmachine) ${SVHN_CMAKE_ARGS:-}"
  build release
  built=$root/build/release
}

# Without a network, configuring only warns that the page is left out.
need_report_page() {
  ! grep -q '^SVHN_REPORT_PAGE:BOOL=ON' "$built/CMakeCache.txt" || [ -f "$built/report_page.html" ] ||
    fail "the page of 'svhn report' has not been built" "npm fetches what it is made of: see what cmake --preset release says"
}

pack() {
  build_release
  need_report_page
  say "package ($1)"
  (umask 022 && cd -- "$output" && cpack --config "$built/CPackConfig.cmake" -G "$1" -B "$output" >/dev/null)
  rm -rf -- "$output/_CPack_Packages"
}

pack_source() {
  git -C "$root" rev-parse --verify --quiet HEAD >/dev/null ||
    fail "a source archive is made of what git tracks, and this is no checkout" "clone the repository"
  local version
  version=$(sed -n 's/^project(svhn VERSION \([0-9.]*\).*/\1/p' "$root/CMakeLists.txt")
  say "package (source)"
  git -C "$root" archive --format=tar --prefix="svhn-$version/" HEAD | xz -9 -T1 >"$output/svhn-$version.tar.xz"
}

read_options "$@"
mkdir -p -- "$output"
set_date
for kind in "${kinds[@]}"; do
  case $kind in
    deb) need_tools dpkg-deb dpkg-shlibdeps file gzip && pack DEB ;;
    archive) need_tools dpkg-query patchelf xz && pack "${SVHN_ARCHIVE:-TXZ}" ;;
    source) need_tools git xz && pack_source ;;
  esac
done
say "in $output"
find "$output" -maxdepth 1 -type f -name '*svhn*' -printf '%s %f\n' | sort -k 2 |
  awk '{ printf "%7.1f MB  %s\n", $1 / 1e6, $2 }'
