#!/usr/bin/env bash
# Removes the maintainer scripts of a package for Debian.
#
#   without_scripts.sh PACKAGE
set -euo pipefail
package=$(realpath -- "$1")
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
dpkg-deb --raw-extract "$package" "$folder"
rm -f -- "$folder/DEBIAN/postinst" "$folder/DEBIAN/postrm"
chmod 755 "$folder" "$folder/DEBIAN"
dpkg-deb --root-owner-group -Zxz --build "$folder" "$package" >/dev/null
