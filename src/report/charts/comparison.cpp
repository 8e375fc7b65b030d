#include "report/charts/comparison.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "core/error.h"
#include "report/charts/ranked_bars.h"

namespace svhn::report {
namespace {

using metric::BackboneResult;
using metric::BackboneScore;

double accuracy_of(const std::optional<BackboneScore>& score) {
  return score ? score->val_accuracy : std::nan("");
}

std::string seconds_text(const BackboneResult& backbone) {
  std::string text;
  for (const auto& score : {backbone.frozen, backbone.unfrozen}) {
    if (!score) continue;
    std::array<char, 32> seconds{};
    std::snprintf(seconds.data(), seconds.size(), "%.0f s", score->seconds);
    text += (text.empty() ? "" : " + ") + std::string(seconds.data());
  }
  return text;
}

}  // namespace

Chart comparison_chart(const metric::ComparisonResult& result) {
  if (result.backbones.empty()) {
    throw core::Error(core::ExitCode::data, "a comparison without a backbone has no chart",
                      "name at least one backbone in its config");
  }
  std::vector<Bar> bars;
  for (const BackboneResult* b : metric::ranked_backbones(result)) {
    bars.push_back({b->name, accuracy_of(b->frozen), accuracy_of(b->unfrozen),
                    metric::best_score(*b) ? seconds_text(*b) : b->error.value_or("no score")});
  }
  const bool two =
      std::any_of(bars.begin(), bars.end(), [](const Bar& b) { return std::isfinite(b.second); });
  return ranked_bars_chart(
      bars,
      {result.name + ": backbones" + (result.synthetic ? " (synthetic digits)" : ""),
       "Best validation accuracy (and time of training)", "frozen", two ? "last layers trained too" : ""});
}

ChartResult write_comparison_chart(const std::filesystem::path& path,
                                   const metric::ComparisonResult& result) {
  return write_chart(path, comparison_chart(result));
}

}  // namespace svhn::report
