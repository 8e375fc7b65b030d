#include "data/sources/source.h"

#include <algorithm>
#include <array>

#include "data/prepared.h"

namespace svhn::data {
namespace {

constexpr std::array kRules{LabelRule::index, LabelRule::digit, LabelRule::svhn};

std::string range_of(LabelRule rule) {
  return rule == LabelRule::svhn ? "1 to 10" : "0 to 9";
}

bool knows(LabelRule rule, std::int64_t label) {
  const std::int64_t first = rule == LabelRule::svhn ? 1 : 0;
  return label >= first && label < first + kClasses;
}

std::uint8_t class_index(LabelRule rule, std::int64_t label) {
  const int number = static_cast<int>(label);
  if (rule == LabelRule::index) return static_cast<std::uint8_t>(number);
  return static_cast<std::uint8_t>(class_of_digit(number % 10));  // svhn's 10 is '0'
}

std::string hint_for(std::span<const std::int64_t> labels) {
  std::string fitting;
  for (const LabelRule rule : kRules) {
    const bool fits =
        std::all_of(labels.begin(), labels.end(), [&](auto label) { return knows(rule, label); });
    if (fits) fitting += (fitting.empty() ? "" : " or ") + ("--labels " + label_rule_name(rule));
  }
  if (fitting.empty()) return "no label rule knows all of these labels; look at the label column";
  return "every label fits " + fitting;
}

}  // namespace

std::string label_rule_name(LabelRule rule) {
  switch (rule) {
    case LabelRule::index:
      return "index";
    case LabelRule::digit:
      return "digit";
    case LabelRule::svhn:
      return "svhn";
  }
  throw core::Error(core::ExitCode::bug, "a label rule without a name", "please report this");
}

LabelRule default_label_rule(SourceFormat format) {
  if (format == SourceFormat::mat) return LabelRule::svhn;
  return format == SourceFormat::folder ? LabelRule::digit : LabelRule::index;
}

std::vector<std::uint8_t> class_indices(std::span<const std::int64_t> labels, LabelRule rule,
                                        const std::string& source) {
  std::vector<std::uint8_t> classes(labels.size());
  for (std::size_t row = 0; row < labels.size(); ++row) {
    if (!knows(rule, labels[row])) {
      throw core::Error(core::ExitCode::data,
                        "'" + source + "': label " + std::to_string(labels[row]) + " of row " +
                            std::to_string(row) + " is outside of " + range_of(rule) + ", which the rule '" +
                            label_rule_name(rule) + "' knows",
                        hint_for(labels));
    }
    classes[row] = class_index(rule, labels[row]);
  }
  return classes;
}

}  // namespace svhn::data
