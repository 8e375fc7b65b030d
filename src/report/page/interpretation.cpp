#include "report/page/interpretation.h"

#include <functional>

#include "core/error.h"
#include "core/json.h"
#include "report/page/json_view.h"

namespace svhn::report {
namespace {

namespace fs = std::filesystem;

constexpr double kMostLoss = 1e30;
constexpr std::int64_t kMostImages = std::int64_t{1} << 40;
constexpr std::size_t kMostMistakes = 200;

/// A document and a view of it.
struct Document {
  explicit Document(const fs::path& path)
      : json(core::read_json_file(path, core::ExitCode::data)), source(path.string()) {}
  [[nodiscard]] JsonView view() const { return {json, source}; }

  nlohmann::json json;
  std::string source;
};

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

/// Runs `read` when the file is there; what it throws becomes a problem.
void part(const fs::path& path, std::vector<std::string>& problems, const std::function<void()>& read) {
  std::error_code error;
  if (!fs::exists(path, error)) return;
  try {
    read();
  } catch (const core::Error& failure) {
    problems.emplace_back(failure.what());
  }
}

}  // namespace

metric::EvaluationResult read_evaluation(const fs::path& path) {
  const Document document(path);
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
  result.confusion = read_counts(view.at("confusion_matrix"));
  if (metric::total_count(result.confusion) != result.images) {
    view.at("confusion_matrix").refuse("does not count as many images as /images says");
  }
  result.per_class = metric::class_scores(result.confusion);
  result.most_confused = metric::most_confused(result.confusion);
  return result;
}

Mistakes read_mistakes(const fs::path& path) {
  const Document document(path);
  const JsonView view = document.view();
  Mistakes mistakes;
  mistakes.digit = digit(view.at("digit"));
  mistakes.first = read_list(view, "first");
  mistakes.worst = read_list(view, "worst");
  mistakes.suspected = read_list(view, "suspected_label_errors");
  return mistakes;
}

Interpretation read_interpretation(const fs::path& folder, std::vector<std::string>& problems) {
  Interpretation found;
  const auto file = [&](const char* name) { return folder / name; };
  part(file("interpret.json"), problems, [&] {
    const Document document(file("interpret.json"));
    if (const auto data = document.view().find("data")) found.data = data->text();
  });
  part(file("evaluation.json"), problems,
       [&] { found.evaluation = read_evaluation(file("evaluation.json")); });
  part(file("predictions.csv"), problems,
       [&] { found.predictions = read_predictions(file("predictions.csv"), found.reliability); });
  part(file("misclassified.json"), problems,
       [&] { found.mistakes = read_mistakes(file("misclassified.json")); });
  part(file("activations.safetensors"), problems,
       [&] { found.activations = read_activations(file("activations.safetensors")); });
  part(file("tsne.safetensors"), problems,
       [&] { found.map = read_map(file("tsne.safetensors"), file("tsne.json")); });
  return found;
}

}  // namespace svhn::report
