# shellcheck shell=bash
# Sourced by scripts/check_packages.sh: bare Debian systems in folders, and commands in them. Needs root.

# The first one is fetched with debootstrap; later ones are unpacked from this file.
base_system=${SVHN_BASE_SYSTEM:-${TMPDIR:-/tmp}/svhn-bookworm.tar}

fetch_base_system() {
  [ ! -f "$base_system" ] || return 0
  command -v debootstrap >/dev/null || fail "debootstrap is missing" "apt-get install debootstrap"
  say "fetch a bare Debian 12"
  local folder
  folder=$(mktemp -d)
  debootstrap --variant=minbase bookworm "$folder" http://deb.debian.org/debian >"$folder.log" 2>&1 ||
    fail "debootstrap failed" "see $folder.log"
  tar -C "$folder" -cf "$base_system.part" . && mv -- "$base_system.part" "$base_system"
  rm -rf -- "$folder" "$folder.log"
}

# new_system: sets system to a fresh one, which goes away with the script.
systems=()
new_system() {
  fetch_base_system
  system=$(mktemp -d)
  systems+=("$system")
  tar -C "$system" -xf "$base_system"
  cp -L /etc/resolv.conf "$system/etc/resolv.conf"
  install -d -m 1777 "$system/work"
}

remove_systems() { [ "${#systems[@]}" -eq 0 ] || rm -rf --one-file-system -- "${systems[@]}"; }

# inside USER COMMAND…: runs a command in the system's folder /work. /proc and /dev are there for this command alone.
inside() {
  # shellcheck disable=SC2016  # The inner shell expands them.
  unshare --mount --fork bash -c 'mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" &&
    exec chroot --userspec="$2" "$1" env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/work LC_ALL=C.UTF-8 \
      DEBIAN_FRONTEND=noninteractive sh -c "cd /work && exec \"\$@\"" sh "${@:3}"' bash "$system" "$@"
}
