/// Evaluates the logits on the standard input, one image a line "TRUE L0 … L9", and prints the JSON of
/// `svhn evaluate --json` with "temperature", the fitted one. `metric_dump paired`: reads lines "IMAGES
/// ONLY_A ONLY_B" and prints [[p value, low, high]…].
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>
#include <vector>

#include "metric/evaluation.h"
#include "metric/paired.h"
#include "metric/temperature.h"

namespace {

using namespace svhn::metric;

nlohmann::ordered_json evaluated() {
  EvaluationMeter meter;
  std::vector<float> all;
  std::vector<int> labels;
  int true_class = 0;
  while (std::cin >> true_class) {
    std::array<float, kClasses> logits{};
    for (float& value : logits) std::cin >> value;
    meter.add_logits(true_class, logits);
    all.insert(all.end(), logits.begin(), logits.end());
    labels.push_back(true_class);
  }
  auto json = evaluation_json(meter.value());
  json["temperature"] = fit_temperature(all, labels, 0.01, 100.0);
  return json;
}

nlohmann::ordered_json paired() {
  auto results = nlohmann::ordered_json::array();
  PairedCounts counts;
  while (std::cin >> counts.images >> counts.only_a >> counts.only_b) {
    const Interval interval = paired_difference_interval(counts);
    results.push_back({mcnemar_p_value(counts), interval.low, interval.high});
  }
  return results;
}

}  // namespace

int main(int argc, char** argv) {
  const bool pairs = argc > 1 && std::strcmp(argv[1], "paired") == 0;
  std::cout << (pairs ? paired() : evaluated()) << '\n';
}
