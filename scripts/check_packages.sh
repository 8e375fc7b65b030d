#!/usr/bin/env bash
# Installs the packages of scripts/package.sh in bare Debian 12 systems and runs the quick start from them.
# Needs root, debootstrap, a network, and up to 2 GB below TMPDIR.
#
#   scripts/check_packages.sh [deb | archive | container]...
#
#   deb        lintian; apt installs the package with what it depends on; the quick start; apt removes it without a trace
#   archive    every library comes from the archive or the C library; the quick start without anything installed
#   container  the steps of the Dockerfile's last stage, then its entry point
#
# SVHN_BASE_SYSTEM names the file in which the bare system is kept, svhn-bookworm.tar below TMPDIR by default.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source-path=SCRIPTDIR source=../tests/package/chroot.sh
. "$root/tests/package/chroot.sh"

packages=$root/build/packages
most_seconds=120

# one_file PATTERN: sets file to the only package of that name.
one_file() {
  local -a found
  mapfile -t found < <(compgen -G "$packages/$1")
  [ "${#found[@]}" -eq 1 ] || fail "there are ${#found[@]} files $packages/$1" "scripts/package.sh makes them"
  file=${found[0]}
}

# timed NAME COMMAND…
timed() {
  local begin=$SECONDS
  "${@:2}"
  printf '== %s: %d s\n' "$1" $((SECONDS - begin))
}

quick_start() {
  local begin=$SECONDS
  install -m 755 "$root/tests/package/quickstart.sh" "$system/usr/local/bin/quickstart.sh"
  inside nobody: quickstart.sh "$@"
  [ $((SECONDS - begin)) -le "$most_seconds" ] || fail "the quick start took more than $most_seconds s"
}

check_metadata() {
  command -v lintian >/dev/null || fail "lintian is missing" "apt-get install lintian"
  lintian --fail-on error --tag-display-limit 0 "$packages"/*svhn*.deb
}

install_deb() {
  inside root: apt-get -q update >/dev/null
  inside root: apt-get -q -y install "/tmp/${file##*/}" >"$system/tmp/install.log" 2>&1 ||
    { cat "$system/tmp/install.log" >&2 && fail "apt cannot install the package"; }
}

check_removal() {
  inside root: apt-get -q -y purge svhn >/dev/null 2>&1
  local left
  left=$(inside root: find /usr /etc /var/lib /opt -path /var/lib/apt -prune -o -name '*svhn*' -print)
  [ -z "$left" ] || fail "the package leaves files behind: $left"
}

check_deb() {
  one_file 'svhn_*.deb'
  say "deb: lintian"
  check_metadata
  say "deb: install"
  new_system
  cp -- "$file" "$system/tmp/"
  timed "apt install" install_deb
  say "deb: quick start"
  quick_start
  inside root: rm /usr/local/bin/quickstart.sh
  check_removal
}

# Prints the libraries that come neither from the archive nor from the C library's package.
foreign_libraries() {
  # shellcheck disable=SC2016  # The inner shell expands them.
  inside root: sh -c 'ldd /opt/svhn/bin/svhn $(find /opt/svhn/lib -name "libsvhn.so.*" -type f)' |
    awk '/not found/ || ($3 ~ /^\// && $3 !~ /^\/opt\/svhn\//) { print $1, $3 }' | sort -u |
    grep -vE '^lib(c|m|mvec|pthread|dl|rt|util|resolv|anl)\.so' || true
}

check_archive() {
  one_file 'svhn-*-linux-*.tar.*'
  say "archive: unpack"
  new_system
  mkdir "$system/opt/svhn"
  timed "tar" tar -C "$system/opt/svhn" --strip-components=1 -xf "$file"
  du -sh "$system/opt/svhn"
  local foreign
  foreign=$(foreign_libraries)
  [ -z "$foreign" ] || fail "libraries from outside of the archive: $foreign"
  say "archive: quick start"
  quick_start /opt/svhn/bin/svhn
}

check_container() {
  one_file 'svhn_*.deb'
  say "container: the last stage"
  new_system
  timed "steps" "$root/tests/package/dockerfile.py" "$root/Dockerfile" "$system" "/src/build/packages=$packages" -- \
    predict --model demo /usr/share/svhn/models/demo.png --json | tee "$system.out"
  grep -q '"digit": *7' "$system.out" || fail "the entry point gave another answer"
  rm -- "$system.out"
}

[ "$(id -u)" -eq 0 ] || fail "a system of its own needs root" "sudo scripts/check_packages.sh"
trap remove_systems EXIT
[ $# -gt 0 ] || set -- deb archive container
for kind in "$@"; do
  case $kind in
    deb | archive | container) "check_$kind" ;;
    *) fail "'$kind' is neither deb, archive nor container" "see scripts/check_packages.sh --help" 2 ;;
  esac
done
say "all checks passed in $SECONDS s"
