#include "report/page/interpretation.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>

#include "core/error.h"
#include "core/file.h"
#include "core/json_view.h"
#include "metric/classes.h"

namespace svhn::report {
namespace {

namespace fs = std::filesystem;
using core::JsonDocument;
using core::JsonView;
using core::read_if_present;

constexpr double kMostLoss = 1e30;
constexpr std::int64_t kMostImages = std::int64_t{1} << 40;
constexpr std::size_t kMostMistakes = 200;

metric::ConfusionCounts read_counts(const JsonView& matrix) {
  metric::ConfusionCounts counts{};
  const auto rows = matrix.items(metric::kClasses);
  if (rows.size() != counts.size()) matrix.refuse("does not have ten rows");
  for (std::size_t t = 0; t < counts.size(); ++t) {
    const auto cells = rows[t].items(metric::kClasses);
    if (cells.size() != counts[t].size()) rows[t].refuse("does not have ten counts");
    for (std::size_t p = 0; p < counts[t].size(); ++p) counts[t][p] = cells[p].integer(0, kMostImages);
  }
  return counts;
}

metric::Interval read_interval(const JsonView& list) {
  const auto bounds = list.items(2);
  if (bounds.size() != 2) list.refuse("does not have two bounds");
  return {bounds[0].number(0, 1), bounds[1].number(0, 1)};
}

constexpr std::size_t kMostCorruptions = 100;
constexpr int kMostSeverity = 1000;

std::vector<double> read_errors(const JsonView& list, std::size_t severities) {
  std::vector<double> errors;
  for (const JsonView& error : list.items(severities)) errors.push_back(error.number(0, 1));
  if (errors.size() != severities) list.refuse("does not have an error for each severity");
  return errors;
}

metric::CorruptionErrors read_baseline(const JsonView& view, const metric::Robustness& own) {
  metric::CorruptionErrors baseline{view.at("model").text(), view.at("clean_error").number(0, 1), {}};
  const auto all = view.at("error").items(own.corruptions.size());
  if (all.size() != own.corruptions.size())
    view.at("error").refuse("does not have errors of each corruption");
  for (const JsonView& errors : all) baseline.corrupted.push_back(read_errors(errors, own.severities.size()));
  return baseline;
}

int digit(const JsonView& view) {
  return static_cast<int>(view.integer(0, 9));
}

std::vector<Mistake> read_list(const JsonView& document, const char* key) {
  std::vector<Mistake> mistakes;
  const auto list = document.find(key);
  if (!list) return mistakes;
  for (const JsonView& item : list->items(100'000)) {
    if (mistakes.size() == kMostMistakes) break;
    mistakes.push_back({item.at("row").integer(0, kMostImages), digit(item.at("true")),
                        digit(item.at("predicted")), item.at("probability").number(0, 1),
                        item.at("loss").number(0, kMostLoss)});
  }
  return mistakes;
}

constexpr std::string_view kCsvHead = "row,true,predicted,p0,p1,p2,p3,p4,p5,p6,p7,p8,p9";

/// Reads a CSV table line by line and cell by cell, without copies.
class CsvReader {
 public:
  CsvReader(std::string_view text, std::string source) : text_(text), source_(std::move(source)) {}

  [[nodiscard]] bool at_end() const { return text_.empty(); }

  std::string_view next_line() {
    ++line_;
    const std::size_t end = std::min(text_.find('\n'), text_.size());
    std::string_view line = text_.substr(0, end);
    text_.remove_prefix(std::min(end + 1, text_.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }

  template <class T>
  T take(std::string_view& line, T min, T max) {
    const std::size_t end = std::min(line.find(','), line.size());
    const std::string_view cell = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    T value{};
    const auto [rest, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    const bool complete = error == std::errc() && rest == cell.data() + cell.size();
    if (!complete || !(value >= min && value <= max)) refuse("has a cell that is not what it should be");
    return value;
  }

  [[noreturn]] void refuse(const std::string& problem) const {
    throw core::Error(core::ExitCode::data,
                      "'" + source_ + "': line " + std::to_string(line_) + " " + problem,
                      "write it again with 'svhn evaluate --predictions' or 'svhn interpret'");
  }

 private:
  std::string_view text_;
  std::string source_;
  std::size_t line_ = 0;
};

std::uint8_t class_of(int digit) {
  return static_cast<std::uint8_t>((digit + metric::kClasses - 1) % metric::kClasses);
}

PredictedRow read_row(CsvReader& reader, std::string_view line) {
  PredictedRow row;
  row.row = reader.take<std::int64_t>(line, 0, kMostImages);
  row.true_class = class_of(reader.take<int>(line, 0, 9));
  const int predicted = reader.take<int>(line, 0, 9);
  row.predicted = class_of(predicted);
  for (int digit = 0; digit < metric::kClasses; ++digit) {
    const auto probability = reader.take<double>(line, 0.0, 1.0 + 1e-6);
    if (digit == predicted) row.probability = static_cast<float>(std::min(probability, 1.0));
  }
  if (!line.empty()) reader.refuse("has too many cells");
  return row;
}

// Whether a file is of what about.json tells.

bool fits(const metric::EvaluationResult& result, const results::About& about) {
  return result.model == about.model.name && result.split == about.split &&
         result.images == about.split_images;
}

bool fits(const std::vector<PredictedRow>& rows, const results::About& about) {
  return static_cast<std::int64_t>(rows.size()) == about.split_images;
}

template <class Part>
bool fits(const Part& part, const results::About& about) {
  const Origin& origin = part.origin;
  return (origin.model.empty() || origin.model == about.model.name) &&
         (origin.split.empty() || origin.split == about.split);
}

void require_fit(bool fit, const fs::path& path) {
  if (fit) return;
  throw core::Error(core::ExitCode::data,
                    "'" + path.string() + "' is not of the model and the split that about.json names",
                    "write it again with 'svhn interpret'");
}

/// Former versions wrote none of this.
void read_coverage(const JsonView& view, metric::EvaluationResult& result) {
  constexpr double kMostBrier = 2.0;
  constexpr std::size_t kMostPoints = 100;
  const auto curve = view.find("coverage_curve");
  if (!curve) return;
  result.brier_score = view.at("brier_score").number(0, kMostBrier);
  result.aurc = view.at("aurc").number(0, 1);
  result.coverage.images = result.images;
  for (const JsonView& point : curve->items(kMostPoints)) {
    const double coverage = point.at("coverage").number(0, 1), accuracy = point.at("accuracy").number(0, 1);
    const auto answered = std::llround(coverage * static_cast<double>(result.images));
    if (answered < 1) point.refuse("answers no image");
    result.coverage.steps.push_back({point.at("threshold").number(0, 1), answered,
                                     std::llround(accuracy * static_cast<double>(answered))});
  }
}

}  // namespace

metric::EvaluationResult read_evaluation(const fs::path& path) {
  const JsonDocument document(path);
  const JsonView view = document.view();
  metric::EvaluationResult result;
  result.model = view.at("model").text();
  result.split = view.at("split").text();
  result.images = view.at("images").integer(1, kMostImages);
  result.loss = view.at("loss").number(0, kMostLoss);
  result.accuracy = view.at("accuracy").number(0, 1);
  result.accuracy_interval_95 = read_interval(view.at("accuracy_interval_95"));
  result.top_2_accuracy = view.at("top_k").at("2").number(0, 1);
  result.top_3_accuracy = view.at("top_k").at("3").number(0, 1);
  result.expected_calibration_error = view.at("expected_calibration_error").number(0, 1);
  read_coverage(view, result);
  result.confusion = read_counts(view.at("confusion_matrix"));
  if (metric::total_count(result.confusion) != result.images) {
    view.at("confusion_matrix").refuse("does not count as many images as /images says");
  }
  result.per_class = metric::class_scores(result.confusion);
  result.most_confused = metric::most_confused(result.confusion);
  return result;
}

CorruptedResult read_robustness(const fs::path& path) {
  const JsonDocument document(path);
  const JsonView view = document.view();
  CorruptedResult result{{view.at("model").text(), view.at("split").text()}, {}};
  metric::Robustness& found = result.errors;
  found.seed =
      static_cast<std::uint64_t>(view.at("seed").integer(0, std::numeric_limits<std::int64_t>::max()));
  for (const JsonView& severity : view.at("severities").items(kMostCorruptions))
    found.severities.push_back(static_cast<int>(severity.integer(1, kMostSeverity)));
  found.errors = {result.origin.model, view.at("clean_error").number(0, 1), {}};
  for (const JsonView& one : view.at("corruptions").items(kMostCorruptions)) {
    found.corruptions.push_back({one.at("name").text(), one.at("group").text()});
    found.errors.corrupted.push_back(read_errors(one.at("error"), found.severities.size()));
  }
  if (found.severities.empty() || found.corruptions.empty()) view.refuse("has no errors");
  if (const auto baseline = view.find("baseline")) found.baseline = read_baseline(*baseline, found);
  return result;
}

std::vector<PredictedRow> read_predictions(const std::filesystem::path& path, metric::ReliabilityBins& bins) {
  const core::MappedFile file(path, core::ExitCode::data);
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  CsvReader reader(text, path.string());
  if (reader.next_line() != kCsvHead) reader.refuse("is not '" + std::string(kCsvHead) + "'");
  std::vector<PredictedRow> rows;
  metric::CalibrationMeter meter;
  while (!reader.at_end()) {
    if (rows.size() == kMostPredictions) reader.refuse("is one more than a page can take");
    rows.push_back(read_row(reader, reader.next_line()));
    meter.add(rows.back().probability, rows.back().predicted == rows.back().true_class);
  }
  bins = meter.value();
  return rows;
}

Mistakes read_mistakes(const fs::path& path) {
  const JsonDocument document(path);
  const JsonView view = document.view();
  Mistakes mistakes;
  if (const auto model = view.find("model")) mistakes.origin.model = model->text();
  if (const auto split = view.find("split")) mistakes.origin.split = split->text();
  mistakes.digit = digit(view.at("digit"));
  mistakes.first = read_list(view, "first");
  mistakes.worst = read_list(view, "worst");
  mistakes.suspected = read_list(view, "suspected_label_errors");
  return mistakes;
}

Interpretation read_interpretation(const fs::path& folder, const results::About& about,
                                   std::vector<std::string>& problems) {
  Interpretation found;
  // Assigns what `read` returns, if the file is listed, exists and fits.
  const auto take = [&](const char* kind, const char* name, auto& part, const auto& read) {
    if (!about.kinds.contains(kind)) return;
    const fs::path path = folder / name;
    read_if_present(path, problems, [&] {
      auto value = read(path);
      require_fit(fits(value, about), path);
      part = std::move(value);
    });
  };
  take("evaluation", "evaluation.json", found.evaluation, read_evaluation);
  take("robustness", "robustness.json", found.robustness, read_robustness);
  take("evaluation", "predictions.csv", found.predictions,
       [&](const fs::path& path) { return read_predictions(path, found.reliability); });
  take("misclassified", "misclassified.json", found.mistakes, read_mistakes);
  take("activations", "activations.safetensors", found.activations, read_activations);
  take("saliency", "saliency.safetensors", found.saliency, read_saliency);
  take("tsne", "tsne.safetensors", found.map,
       [&](const fs::path& path) { return read_map(path, folder / "tsne.json"); });
  return found;
}

}  // namespace svhn::report
