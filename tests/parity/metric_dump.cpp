/// Evaluates the predictions on the standard input, one a line, and prints the JSON of `svhn evaluate
/// --json`:
///     metric_dump probabilities    lines "TRUE P0 … P9"
///     metric_dump logits           lines "TRUE L0 … L9"
#include <iostream>
#include <nlohmann/json.hpp>
#include <string_view>

#include "metric/evaluation.h"

int main(int count, char** arguments) {
  using namespace svhn::metric;
  const bool logits = count == 2 && std::string_view(arguments[1]) == "logits";
  EvaluationMeter meter;
  int true_class = 0;
  while (std::cin >> true_class) {
    Probabilities values{};
    for (double& value : values) std::cin >> value;
    if (!logits) {
      meter.add_probabilities(true_class, values);
      continue;
    }
    std::array<float, kClasses> floats{};
    for (std::size_t i = 0; i < floats.size(); ++i) floats[i] = static_cast<float>(values[i]);
    meter.add_logits(true_class, floats);
  }
  std::cout << evaluation_json(meter.value()) << '\n';
}
