#include "cli/engine/rejection.h"

#include <spdlog/fmt/fmt.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/words.h"

namespace svhn::cli {

void check_rejection(const std::optional<double>& threshold) {
  if (!threshold || (*threshold >= 0.0 && *threshold <= 1.0)) return;
  throw core::Error(core::ExitCode::config, fmt::format("--reject is {}, not within 0 to 1", *threshold),
                    "it is a probability: with 0.9, answers below 0.9 are not given");
}

std::string rejection_text(const metric::Rejection& rejection) {
  return fmt::format("  reject     below {:g}: {:.4f} of the images are answered ({})", rejection.threshold,
                     rejection.coverage, core::counted(rejection.answered, "image")) +
         (rejection.accuracy ? fmt::format(", accuracy {:.4f} of these\n", *rejection.accuracy) : "\n");
}

nlohmann::ordered_json rejection_json(const metric::Rejection& rejection) {
  nlohmann::ordered_json json{{"threshold", rejection.threshold},
                              {"answered", rejection.answered},
                              {"coverage", rejection.coverage},
                              {"accuracy", nullptr}};
  if (rejection.accuracy) json["accuracy"] = *rejection.accuracy;
  return json;
}

}  // namespace svhn::cli
