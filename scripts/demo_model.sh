#!/usr/bin/env bash
# Trains the small model that comes with the project, models/demo.safetensors, on synthetic digits.
#
#   scripts/demo_model.sh [FOLDER]
#
# FOLDER, models/ by default, gets demo.safetensors and demo.json, which tells how it was made. One thread and float32:
# so the same kind of processor gives the same bytes.
#
# SVHN_BIN  the program, build/release/bin/svhn by default
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

images=16000
seed=1

# Both are of the processor that runs this: what the last bits of the weights depend on.
environment() { "$svhn" env --json | sed -n '/"libtorch"\|"opencv"\|"blas"/p; /"cpu_features"/,/\]/p'; }
cache_sizes() { cat /sys/devices/system/cpu/cpu0/cache/index*/size 2>/dev/null | paste -sd ' ' || true; }

train() {
  shown "$svhn" --quiet preprocess --synthetic "$images" --seed "$seed" --output "$work/synthetic.safetensors"
  shown "$svhn" --quiet --threads 1 train --config "$root/configs/demo.json" --data "$work/synthetic.safetensors" \
    --output "$work"
  "$svhn" evaluate --model "$work/demo.safetensors" --data "$work/synthetic.safetensors" --json >"$work/evaluation.json"
}

write_record() {
  local accuracy
  accuracy=$(sed -n 's/^ *"accuracy": \([0-9.]*\).*/\1/p' "$work/evaluation.json" | head -n 1)
  printf '{\n  "config": "configs/demo.json",\n  "synthetic_images": %d,\n  "synthetic_seed": %d,\n' "$images" "$seed"
  printf '  "threads": 1,\n  "test_accuracy": %s,\n' "$accuracy"
  printf '  "sha256": "%s",\n  "made_with": {\n' "$(sha256sum <"$work/demo.safetensors" | cut -d ' ' -f 1)"
  environment | sed 's/^/  /'
  printf '    "cache_sizes": "%s"\n  }\n}\n' "$(cache_sizes)"
}

svhn=${SVHN_BIN:-}
[ -n "$svhn" ] || find_svhn
folder=${1:-$root/models}
mkdir -p -- "$folder"
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
train
write_record >"$work/demo.json"
mv -- "$work/demo.safetensors" "$work/demo.json" "$folder"
printf '\n%s: %d bytes\n' "$folder/demo.safetensors" "$(stat -c %s "$folder/demo.safetensors")"
