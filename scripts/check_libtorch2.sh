#!/usr/bin/env bash
# Development check: builds everything and runs the tests with a current LibTorch 2.x, from PyPI's wheel.
#
#   scripts/check_libtorch2.sh [VERSION]
#
# Uses only build/libtorch2; skips, with a message, if PyPI cannot be reached. The wheel is the CUDA one (0.5 GB); of CUDA
# only the two small libraries are installed that libtorch_cpu.so is linked with.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

folder=$root/build/libtorch2
environment=$folder/python

skip() {
  printf 'check_libtorch2.sh: skipped: %s\n' "$1"
  exit 0
}

# The CUDA packages that libtorch_cpu.so needs, from the metadata of the wheel.
cuda_requirements() {
  "$environment/bin/python" - <<'PYTHON'
import importlib.metadata, re

for line in importlib.metadata.requires("torch"):
    requirement = line.split(";")[0].strip().replace(" ", "")
    if toolkit := re.match(r"cuda-toolkit\[[^]]*\](.*)", requirement):
        print("cuda-toolkit[cudart,cupti]" + toolkit[1])
    elif re.match(r"nvidia-cuda-(runtime|cupti)", requirement):
        print(requirement)
PYTHON
}

install_wheel() {
  local wanted=torch${1:+==$1}
  local -a pip=("$environment/bin/pip" install --quiet --disable-pip-version-check) requirements
  [ -x "$environment/bin/pip" ] || python3 -m venv "$environment" 2>/dev/null ||
    skip "python3 cannot make a virtual environment (Debian: python3-venv)"
  "${pip[@]}" --no-deps "$wanted" || skip "$wanted could not be had from PyPI"
  mapfile -t requirements < <(cuda_requirements)
  [ "${#requirements[@]}" -eq 0 ] || "${pip[@]}" "${requirements[@]}" ||
    skip "${requirements[*]} could not be had from PyPI"
}

torch_folder() {
  "$environment/bin/python" -c 'import importlib.util; print(importlib.util.find_spec("torch").submodule_search_locations[0])'
}

"$root/scripts/setup.sh" --with-checks
say "LibTorch 2 from PyPI"
install_wheel "${1:-}"
"$environment/bin/pip" list --disable-pip-version-check 2>/dev/null | grep -E '^(torch|cuda-toolkit|nvidia)' || true
say "build"
cmake -S "$root" -B "$folder/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DSVHN_TORCH=cpu \
  -DCMAKE_PREFIX_PATH="$(torch_folder)" >/dev/null
cmake --build "$folder/build"
say "test"
cd -- "$folder/build"
OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive} SVHN_PYTHON=${SVHN_PYTHON:-/usr/bin/python3} \
  ctest --output-on-failure -j "$(nproc)"
