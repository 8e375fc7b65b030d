#include "cli/engine/class_rules.h"

#include <spdlog/fmt/fmt.h>

namespace svhn::cli {
namespace {

constexpr double kFarBetter = 0.2;
constexpr std::int64_t kFewImages = 20;

/// @returns what to do when digits are predicted that are one too high (`up`) or one too low.
std::string advice_for(bool up, const model::ModelRecord& record, const data::PreparedData& data) {
  const std::string& read = record.imported_classes;
  if (read == (up ? "index" : "digit"))
    return std::string("convert the model again with --classes ") + (up ? "digit" : "index");
  const auto rule = data.metadata().find("label_rule");
  const bool indices = rule != data.metadata().end() && rule->second == "index";
  const std::string other = up ? (indices ? "" : "index") : (indices ? "digit" : "");
  if (!read.empty() && !other.empty())
    return "prepare '" + data.path().string() + "' again with --labels " + other;
  return "the labels of '" + data.path().string() +
         "' and those of the training follow different rules: prepare one of them again with another "
         "--labels";
}

}  // namespace

std::optional<ClassRuleFinding> find_class_rule(const metric::EvaluationResult& result,
                                                const model::ModelRecord& record,
                                                const data::PreparedData& data) {
  if (result.images < kFewImages) return std::nullopt;
  for (const int shift : {1, -1}) {
    const double accuracy = metric::shifted_accuracy(result.confusion, shift);
    if (accuracy < result.accuracy + kFarBetter) continue;
    return ClassRuleFinding{accuracy, advice_for(shift > 0, record, data)};
  }
  return std::nullopt;
}

std::string finding_text(const ClassRuleFinding& finding) {
  return fmt::format("the digits are numbered differently: by another rule the accuracy would be {:.4f}; {}",
                     finding.accuracy, finding.advice);
}

}  // namespace svhn::cli
