#include <spdlog/spdlog.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include <nlohmann/json.hpp>
#include <opencv2/core/version.hpp>

#include "cli/commands/env.h"
#include "cli/console.h"
#include "cli/engine/setup.h"
#include "core/build_info.h"

namespace svhn::cli {
namespace {

nlohmann::ordered_json environment(const Hardware& hardware, const kernels::BlasInfo& blas) {
  return {{"version", core::version()},
          {"libtorch", TORCH_VERSION},
          {"opencv", CV_VERSION},
          {"blas", blas.name},
          {"threads", hardware.threads},
          {"cpu_features", kernels::cpu_features()},
          {"precision_auto", kernels::precision_name(kernels::automatic_precision(hardware.device))},
          {"device", hardware.device.str()},
          {"cuda", torch::cuda::is_available()}};
}

std::string value_text(const nlohmann::ordered_json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump();
  std::string text;
  for (const auto& item : value) text += (text.empty() ? "" : " ") + item.get<std::string>();
  return text;
}

}  // namespace

int run_command(const EnvOptions& options, const GlobalOptions& global) {
  const Hardware hardware = set_up_hardware(global);
  const kernels::BlasInfo blas = kernels::loaded_blas();
  if (blas.reference) {
    spdlog::warn(
        "warning: the BLAS in use is the slow reference one; install libopenblas0-pthread (scripts/setup.sh "
        "does)");
  }
  const auto document = environment(hardware, blas);
  if (options.json) {
    print_json(document);
    return 0;
  }
  std::string text;
  for (const auto& [key, value] : document.items()) {
    text += key + std::string(16 - key.size(), ' ') + value_text(value) + "\n";
  }
  print_text(text);
  return 0;
}

}  // namespace svhn::cli
