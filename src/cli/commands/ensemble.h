#pragma once
/// The options of commands that take several models as one, and views of each image.

#include <optional>
#include <string>
#include <vector>

#include "cli/options.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace svhn::cli {

struct ModelChoice {
  std::vector<InputPath> models;  ///< At least one.
  std::string average = "probabilities";

  [[nodiscard]] const InputPath& first() const { return models.front(); }
  [[nodiscard]] bool several() const { return models.size() > 1; }
};

struct ViewChoice {
  int count = 1;
  std::optional<double> below;  ///< Only images of a smaller probability.
};

/// @param lists whether several models may follow one `--model`; else it is repeated.
void add_models(CLI::App& command, ModelChoice& choice, bool lists);
/// @returns the option `--views`.
CLI::Option* add_views(CLI::App& command, ViewChoice& choice);

}  // namespace svhn::cli
