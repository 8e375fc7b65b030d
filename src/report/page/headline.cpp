#include "report/page/headline.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <tuple>

#include "core/words.h"

namespace svhn::report {
namespace {

/// @returns the number of parts that a run has to show.
std::size_t riches(const RunRecord& run) {
  std::size_t count = run.history ? 1 : 0;
  for (const ResultRecord& result : run.results) {
    const Interpretation& found = result.found;
    for (const bool there :
         {found.evaluation.has_value(), !found.predictions.empty(), found.mistakes.has_value(),
          found.activations.has_value(), found.saliency.has_value(), found.map.has_value()}) {
      count += there ? 1 : 0;
    }
  }
  return count;
}

double test_accuracy(const RunRecord& run) {
  const ResultRecord* result = run.synthetic ? nullptr : test_result(run.results);
  return result == nullptr ? -1.0 : result->found.evaluation->accuracy;
}

const RunRecord* best_run(const std::vector<RunRecord>& runs) {
  const auto worse = [](const RunRecord& a, const RunRecord& b) {
    return std::tuple(test_accuracy(a), riches(a)) < std::tuple(test_accuracy(b), riches(b));
  };
  const auto best = std::max_element(runs.begin(), runs.end(), worse);
  return best == runs.end() ? nullptr : &*best;
}

void describe_result(const ResultRecord& result, Headline& headline) {
  const auto& evaluation = *result.found.evaluation;
  const results::About& about = result.about;
  const std::string accuracy = fmt::format("{} accuracy {:.4f}", about.split, evaluation.accuracy);
  headline.title += ", " + accuracy;
  headline.description = fmt::format(
      "{}: {} (95 % interval {:.4f} to {:.4f}) of the {} model on the {} split of {}, {}{}.",
      headline.run->name, accuracy, evaluation.accuracy_interval_95.low, evaluation.accuracy_interval_95.high,
      about.model.which, about.split, std::filesystem::path(about.data.file).filename().string(),
      core::counted(about.split_images, "image"), about.data.synthetic ? " (synthetic digits)" : "");
}

void describe_training(const RunRecord& run, Headline& headline) {
  const auto best = best_epoch(run);
  if (!best) return;
  const std::string accuracy = fmt::format("validation accuracy {:.4f}", best->val_accuracy);
  headline.title += ", " + accuracy;
  headline.description = fmt::format("{}: {} in epoch {} of {}{}.", run.name, accuracy, best->epoch,
                                     run.history->epochs(), run.synthetic ? " (synthetic digits)" : "");
}

}  // namespace

Headline headline_of(const std::vector<RunRecord>& runs) {
  Headline headline{best_run(runs), "svhn report", "Training runs, searches and comparisons of svhn."};
  if (headline.run == nullptr) return headline;
  const RunRecord& run = *headline.run;
  headline.title += ": " + run.name;
  const ResultRecord* result = test_result(run.results);
  if (result == nullptr) result = primary_result(run.results);
  if (result != nullptr && result->found.evaluation) {
    describe_result(*result, headline);
  } else {
    describe_training(run, headline);
  }
  if (run.synthetic) headline.title += " (synthetic digits)";
  return headline;
}

}  // namespace svhn::report
