#!/usr/bin/env bash
# Adds to the installed files every library that they need beyond the C library's own, with its licence, and a font:
# the folder then runs from anywhere.
#
#   finish_archive.sh FOLDER
set -euo pipefail
here=$(dirname -- "${BASH_SOURCE[0]}")
cd -- "$1"
documents=share/doc/svhn
library=$(find lib -name 'libsvhn.so.*.*' -type f)
libraries=$(dirname -- "$library")
font=/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf

# The libraries of glibc must be those of the system that runs the program, as its kernel and its loader.
needed() {
  ldd bin/svhn "$library" | awk '/not found/ { print "missing: " $1 >"/dev/stderr"; exit 1 } $3 ~ /^\// { print $3 }' |
    grep -vE '/(lib(c|m|mvec|pthread|dl|rt|util|resolv|anl)\.so\.[0-9]|libnsl\.so\.1)$' | sort -u
}

# Debian's database knows some files by their names before /lib became a link to /usr/lib.
packages_of() {
  local file
  while read -r file; do
    file=$(readlink -f -- "$file")
    dpkg-query -S "$file" 2>/dev/null || dpkg-query -S "${file#/usr}" 2>/dev/null ||
      { printf 'no package holds %s, so its licence is not known\n' "$file" >&2 && return 1; }
  done | sed 's/: .*//' | sort -u
}

licences() {
  local package
  mkdir -p "$documents/licences"
  cp -r /usr/share/common-licenses "$documents/licences/"
  while read -r package; do
    cp -L "/usr/share/doc/${package%:*}/copyright" "$documents/licences/${package%:*}"
    dpkg-query -W -f '${Package} ${Version} from the source package ${source:Package} ${source:Version}\n' "$package"
  done >"$documents/licences/libraries.txt"
}

# The library names the program's as well as its own place, so that every library of this folder is found there first,
# also those that others need.
set_search_path() {
  patchelf --force-rpath --set-rpath "\$ORIGIN/../$libraries" bin/svhn
  patchelf --force-rpath --set-rpath "\$ORIGIN" "$library"
}

mapfile -t files < <(needed)
[ "${#files[@]}" -gt 0 ]
set_search_path
cp -L -- "${files[@]}" "$libraries/"
{ printf '%s\n' "${files[@]}" "$font"; } | packages_of | licences
install -D -m 644 -- "$font" share/svhn/fonts/DejaVuSans.ttf
install -m 644 -- "$here/fonts.conf" share/svhn/fonts/fonts.conf
install -m 644 -- "$here/debian/copyright" "$documents/copyright"
install -m 644 -- "$here/archive.md" README.md
