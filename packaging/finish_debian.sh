#!/usr/bin/env bash
# Makes of the installed files what Debian's policy asks for: compressed manuals and changelogs, the copyright file,
# zsh's completions in the folder for packages.
#
#   finish_debian.sh FOLDER     the folder with runtime/usr and development/usr
set -euo pipefail
here=$(dirname -- "${BASH_SOURCE[0]}")
cd -- "$1"
runtime=runtime/usr
documents=$runtime/share/doc/svhn

changelog() {
  printf 'svhn (%s-1) unstable; urgency=medium\n\n  * See changelog.gz.\n\n -- %s  %s\n' "$SVHN_VERSION" \
    "$SVHN_MAINTAINER" "$(LC_ALL=C date --utc --date="@${SOURCE_DATE_EPOCH:-$(date +%s)}" --rfc-email)"
}

rm -f -- "$documents/LICENSE"
mv -- "$documents/CHANGELOG.md" "$documents/changelog"
changelog >"$documents/changelog.Debian"
install -m 644 -- "$here/debian/copyright" "$documents/copyright"
install -D -m 644 -- "$here/debian/lintian-overrides" "$runtime/share/lintian/overrides/svhn"
find runtime development -path '*/share/man/*' -type f ! -name '*.gz' -exec gzip -9n {} +
gzip -9n "$documents/changelog" "$documents/changelog.Debian"
if [ -d "$runtime/share/zsh/site-functions" ]; then
  mv -- "$runtime/share/zsh/site-functions" "$runtime/share/zsh/vendor-completions"
fi
if [ -d development ]; then
  mkdir -p development/usr/share/doc
  ln -s svhn development/usr/share/doc/libsvhn-dev
fi
