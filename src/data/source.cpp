#include "data/source.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <string>

#include "core/error.h"
#include "core/file.h"
#include "data/prepared.h"
#include "formats/file_kind.h"

namespace svhn::data {
namespace {

std::string range_of(LabelRule rule) {
  return rule == LabelRule::svhn ? "1 to 10" : "0 to 9";
}

bool is_valid(LabelRule rule, std::int64_t label) {
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
  for (const LabelRule rule : kLabelRules) {
    const bool fits =
        std::all_of(labels.begin(), labels.end(), [&](auto label) { return is_valid(rule, label); });
    if (fits) fitting += (fitting.empty() ? "" : " or ") + ("--labels " + label_rule_name(rule));
  }
  if (fitting.empty()) return "no label rule knows all of these labels; look at the label column";
  return "every label fits " + fitting;
}

namespace fs = std::filesystem;

// An ARFF file may begin with a long licence text; the header must begin within this many bytes.
constexpr std::size_t kMaxPreamble = 1U << 20U;

[[noreturn]] void refuse_file(const fs::path& path, std::string_view what, const std::string& hint) {
  throw core::Error(core::ExitCode::data, "'" + path.string() + "' is " + std::string(what), hint);
}

bool starts_with_ignoring_case(std::string_view text, std::string_view lower_case) {
  if (text.size() < lower_case.size()) return false;
  return std::equal(lower_case.begin(), lower_case.end(), text.begin(), [](char expected, char c) {
    return std::tolower(static_cast<unsigned char>(c)) == expected;
  });
}

/// @returns the text behind blanks, blank lines, comment lines and a byte order mark.
std::string_view skip_preamble(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty()) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    if (!text.starts_with('%')) break;
    text.remove_prefix(std::min(text.find('\n'), text.size()));
  }
  return text;
}

bool is_pickle(std::string_view bytes) {
  return bytes.size() >= 2 && bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= 5;
}

bool is_mat(std::string_view bytes) {
  return bytes.starts_with("MATLAB 5.0 MAT-file");
}

bool is_arff(std::string_view bytes) {
  return starts_with_ignoring_case(skip_preamble(bytes.substr(0, kMaxPreamble)), "@relation");
}

constexpr std::array<Source, 4> kSources{{
    {"pickle", "pickles of protocol 2 to 5", LabelRule::index, false, is_pickle},
    {"mat", "MATLAB 5 files", LabelRule::svhn, true, is_mat},
    {"arff", "ARFF text", LabelRule::index, false, is_arff},
    {"folder", "folders of pictures", LabelRule::digit, true, nullptr},
}};

/// @returns "A, B and C" of the table.
std::string known_sources() {
  std::string text;
  for (const Source& source : kSources) {
    if (&source != kSources.begin()) text += &source == &kSources.back() ? " and " : ", ";
    text += source.plural;
  }
  return text;
}

/// Refuses what is known but holds no digits that are read.
void refuse_foreign(const fs::path& path, formats::FileKind kind) {
  using formats::FileKind;
  if (kind == FileKind::safetensors) {
    refuse_file(path, "a safetensors file, which needs no preparing",
                "give a prepared file straight to 'svhn train --data'");
  }
  if (kind == FileKind::unknown || kind == FileKind::pickle || kind == FileKind::matlab_5) return;
  // Tensors in a pickle may be digits.
  const FileKind advised = kind == FileKind::torch_pickle ? FileKind::numpy_archive : kind;
  const std::string_view advice = formats::kind_advice(advised);
  refuse_file(path, formats::kind_name(kind),
              advice.empty() ? "known are " + known_sources() : std::string(advice));
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

std::optional<LabelRule> find_label_rule(std::string_view name) {
  const auto found = std::find_if(kLabelRules.begin(), kLabelRules.end(),
                                  [name](LabelRule rule) { return label_rule_name(rule) == name; });
  return found == kLabelRules.end() ? std::nullopt : std::optional(*found);
}

std::optional<LabelRule> likelier_rule(std::span<const std::int64_t> labels, LabelRule rule) {
  // Of the 99,289 digits 0 to 9 in train_32x32.mat and test_32x32.mat.
  constexpr std::array<double, kClasses> kCounts{6692, 18960, 14734, 11379, 9981,
                                                 9266, 7704,  7614,  6705,  6254};
  constexpr double kFarLikelier = 10.0;  // Of the logarithm, e^10 = 22,026 times.
  if (rule == LabelRule::svhn) return std::nullopt;
  double digit = 0.0;
  for (const std::int64_t label : labels) {
    if (label < 0 || label >= kClasses) return std::nullopt;
    const auto number = static_cast<std::size_t>(label);
    digit += std::log(kCounts[number] / kCounts[(number + 1) % kCounts.size()]);
  }
  if (rule == LabelRule::index && digit > kFarLikelier) return LabelRule::digit;
  if (rule == LabelRule::digit && -digit > kFarLikelier) return LabelRule::index;
  return std::nullopt;
}

std::vector<std::uint8_t> class_indices(std::span<const std::int64_t> labels, LabelRule rule,
                                        const std::string& source) {
  std::vector<std::uint8_t> classes(labels.size());
  for (std::size_t row = 0; row < labels.size(); ++row) {
    if (!is_valid(rule, labels[row])) {
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

std::span<const Source> sources() {
  return kSources;
}

const Source* find_source(std::string_view name) {
  const auto* found = std::find_if(kSources.begin(), kSources.end(),
                                   [name](const Source& source) { return source.name == name; });
  return found == kSources.end() ? nullptr : found;
}

const Source& detect_source(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return *find_source("folder");
  const core::MappedFile file(path, core::ExitCode::data);
  const std::string_view bytes(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  refuse_foreign(path, formats::kind_of_bytes(file.bytes()));
  for (const Source& source : kSources) {
    if (source.sniff != nullptr && source.sniff(bytes)) return source;
  }
  refuse_file(path, "none of the known forms of digits", "known are " + known_sources());
}

}  // namespace svhn::data
