/// Evaluates the logits on the standard input, one image a line "TRUE L0 … L9", and prints the JSON of
/// `svhn evaluate --json`.
#include <iostream>
#include <nlohmann/json.hpp>

#include "metric/evaluation.h"

int main() {
  using namespace svhn::metric;
  EvaluationMeter meter;
  int true_class = 0;
  while (std::cin >> true_class) {
    std::array<float, kClasses> logits{};
    for (float& value : logits) std::cin >> value;
    meter.add_logits(true_class, logits);
  }
  std::cout << evaluation_json(meter.value()) << '\n';
}
