#!/usr/bin/env bash
# Formatting, layers, shell scripts and clang-tidy.
#
#   scripts/lint.sh [--base REVISION]
#
# clang-tidy checks the sources that changed since REVISION; without one, the modules that are quick to compile.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

failures=0
quick_modules='src/(core|formats(/[a-z0-9]+)?|data|data/sources|metric|config|tune)/[^/]+$'

# step NAME COMMAND…: goes on after a failure, so that one run reports everything.
step() {
  say "$1"
  "${@:2}" || { failures=$((failures + 1)) && printf 'lint.sh: %s failed\n' "$1" >&2; }
}

format() {
  find src tests \( -name '*.h' -o -name '*.cpp' \) -print0 |
    xargs -0 clang-format-14 --dry-run --Werror
}

shell_scripts() {
  shellcheck -x scripts/*.sh .ci/run packaging/*.sh tests/cli/*.sh tests/package/*.sh
}

# Prints the sources with a compile command that clang-tidy should check.
tidy_files() {
  local compiled=build/tidy/compile_commands.json
  sed -n "s|^ *\"file\": \"$root/\(.*\.cpp\)\",*\$|\1|p" "$compiled" | sort -u |
    if [ -n "$base" ]; then
      grep -Fxf <(git diff --name-only --diff-filter=d "$base" -- 'src/*.cpp' 'tests/*.cpp') || true
    else
      grep -E "^$quick_modules" || true
    fi
}

# Without --base, nothing that needs LibTorch is configured.
tidy() {
  local engine=OFF
  [ -z "$base" ] || engine=ON
  cmake --preset tidy -DSVHN_ENGINE=$engine >/dev/null || return 1
  tidy_files | timeout 1500 xargs -r -P "$(nproc)" -n 2 \
    clang-tidy-14 -p build/tidy --quiet --warnings-as-errors='*' --extra-arg=-Wno-unknown-warning-option \
    2> >(grep -vE '^[0-9]+ warnings? generated|^Suppressed|^Use -header' >&2)
}

base=
case ${1:-} in
  "") ;;
  --base) base=${2:?--base needs a revision} ;;
  *) fail "unknown option '$1'" "see scripts/lint.sh --help" 2 ;;
esac
cd -- "$root"
step "clang-format" format
step "layers and sizes" scripts/check_layers
step "shellcheck" shell_scripts
step "clang-tidy" tidy
[ "$failures" -eq 0 ] || fail "$failures of the checks failed"
