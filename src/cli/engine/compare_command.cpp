#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

#include "cli/commands/compare.h"
#include "cli/commands/training_data.h"
#include "cli/console.h"
#include "cli/engine/compare_sides.h"
#include "cli/engine/model_source.h"
#include "cli/engine/progress.h"
#include "cli/engine/setup.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/words.h"
#include "data/fingerprint.h"
#include "inference/evaluate.h"
#include "metric/classes.h"
#include "metric/paired.h"
#include "report/images/image_grid.h"

namespace svhn::cli {
namespace {

using core::Error;
using core::ExitCode;
using nlohmann::ordered_json;

constexpr std::size_t kLongestName = 200;
constexpr std::size_t kMostPictures = 50;

/// What a model says of one image.
struct Answer {
  std::int64_t row = 0;
  int label = 0;      ///< Class index.
  int predicted = 0;  ///< Class index.
  double probability = 0.0;
};

/// A model, its scores and its answers in the order of the split.
struct Contestant {
  std::string file;
  std::string fingerprint;  ///< See data::split_fingerprint.
  metric::EvaluationResult result;
  std::vector<Answer> answers;
};

/// Two models by their places in the list.
struct Pair {
  std::size_t a = 0, b = 0;
  metric::PairedCounts counts;
};

/// @throws core::Error(data) where a model is known to have learnt from another prepared file.
void check_training_data(const model::ModelFile& model, const data::PreparedData& data) {
  const auto training = training_data_of(model, {});
  std::string learnt_from = model.record().data_fingerprint;
  if (learnt_from.empty() && training) learnt_from = training->fingerprint;
  if (learnt_from.empty() || learnt_from == data::data_fingerprint(data)) return;
  throw Error(ExitCode::data,
              "'" + model.file().path().string() + "' was trained on other data" +
                  (training ? ", '" + training->file + "'" : "") +
                  ", which may have held images of this split",
              "name models and --data of one prepared file, or compare all the same with --other-data");
}

/// @throws core::Error(model) where two models see the images differently.
void check_fingerprint(const Contestant& one, const Contestant& first) {
  if (one.fingerprint == first.fingerprint) return;
  throw Error(ExitCode::model,
              "'" + one.file + "' and '" + first.file + "' see the images differently, so that their " +
                  "accuracies have different fingerprints: " + one.fingerprint + " and " + first.fingerprint,
              "name models of the same data.preprocess, or compare all the same with --other-preprocessing");
}

/// @returns the models of both sides.
std::vector<InputPath> paths_of(const CompareOptions& options) {
  std::vector<InputPath> paths = options.models;
  paths.insert(paths.end(), options.against.begin(), options.against.end());
  return paths;
}

/// @returns the models before any is run. @throws as both checks do, unless the options allow it.
std::vector<Contestant> contestants(const CompareOptions& options, const data::PreparedData& data) {
  std::vector<Contestant> all;
  for (const auto& path : paths_of(options)) {
    const model::ModelFile file(path);
    if (!options.other_data) check_training_data(file, data);
    all.push_back(
        {path.string(),
         data::split_fingerprint(data, split_from_name(options.split), inference::preprocessing_of(file)),
         {},
         {}});
    if (!options.other_preprocessing) check_fingerprint(all.back(), all.front());
  }
  return all;
}

/// @returns the fingerprint of all models; "" where they differ.
std::string common_fingerprint(const std::vector<Contestant>& all) {
  const std::string& first = all.front().fingerprint;
  const auto same = [&first](const Contestant& one) { return one.fingerprint == first; };
  return std::ranges::all_of(all, same) ? first : "";
}

void evaluate_one(Contestant& one, const CompareOptions& options, const GlobalOptions& global,
                  const data::PreparedData& data, const torch::Device& device) {
  const model::ModelFile file(one.file);
  const data::Preprocessing preprocessing = inference::preprocessing_of(file);
  network::Network network = inference::load_for_inference(file, device);
  const data::Split split = split_from_name(options.split);
  inference::EvaluateOptions how;
  how.batch_size = inference::batch_size_for(network.input_shape());
  if (global.precision == "bfloat16") how.precision = kernels::Precision::bfloat16;
  how.on_prediction = [&](std::int64_t row, int label, const metric::Prediction& p) {
    one.answers.push_back({row, label, p.predicted, p.probabilities[metric::class_slot(p.predicted)]});
  };
  one.result = with_progress(global, file.record().name, [&](StageProgress& progress) {
    how.progress = [&progress](std::int64_t done, std::int64_t total) {
      progress.show(done, total);
      stop_if_asked("stopped; nothing was written");
    };
    return inference::evaluate(network, data, split, data::plan_for(preprocessing, data, split), how);
  });
  one.result.model = file.record().name;
}

Pair pair_of(const std::vector<Contestant>& all, std::size_t a, std::size_t b) {
  Pair pair{a, b, {static_cast<std::int64_t>(all[a].answers.size()), 0, 0}};
  for (std::size_t i = 0; i < all[a].answers.size(); ++i) {
    const Answer &x = all[a].answers[i], &y = all[b].answers[i];
    const bool right_a = x.predicted == x.label, right_b = y.predicted == y.label;
    pair.counts.only_a += right_a && !right_b ? 1 : 0;
    pair.counts.only_b += right_b && !right_a ? 1 : 0;
  }
  return pair;
}

/// @returns all pairs; of two sides, those of equal places in them.
std::vector<Pair> pairs_of(const std::vector<Contestant>& all, const CompareOptions& options) {
  std::vector<Pair> pairs;
  const std::size_t half = options.against.size();
  for (std::size_t i = 0; i < half; ++i) pairs.push_back(pair_of(all, i, half + i));
  if (half > 0) return pairs;
  for (std::size_t a = 0; a < all.size(); ++a) {
    for (std::size_t b = a + 1; b < all.size(); ++b) pairs.push_back(pair_of(all, a, b));
  }
  return pairs;
}

/// @param first place of its first model.
Side side_of(const std::vector<Contestant>& all, std::size_t first, std::size_t count) {
  Side side;
  for (const Contestant& one : std::span(all).subspan(first, count)) {
    side.files.push_back(one.file);
    side.accuracies.push_back(one.result.accuracy);
  }
  return side;
}

/// @returns the places of the images that not all models read alike.
std::vector<std::size_t> disagreements(const std::vector<Contestant>& all) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < all.front().answers.size(); ++i) {
    const int first = all.front().answers[i].predicted;
    const auto differs = [&](const Contestant& one) { return one.answers[i].predicted != first; };
    if (std::ranges::any_of(all, differs)) places.push_back(i);
  }
  return places;
}

ordered_json comparison_json(const std::vector<Contestant>& all, const std::vector<Pair>& pairs,
                             const data::PreparedData& data, const CompareOptions& options) {
  ordered_json document{{"models", ordered_json::array()}, {"pairs", ordered_json::array()}};
  for (const Contestant& one : all) {
    const metric::Interval& interval = one.result.accuracy_interval_95;
    document["models"].push_back({{"model", one.result.model},
                                  {"file", one.file},
                                  {"fingerprint", one.fingerprint},
                                  {"accuracy", one.result.accuracy},
                                  {"accuracy_interval_95", {interval.low, interval.high}},
                                  {"nll", one.result.loss},
                                  {"ece", one.result.expected_calibration_error},
                                  {"brier_score", one.result.brier_score}});
  }
  for (const Pair& pair : pairs) {
    const auto interval = metric::paired_difference_interval(pair.counts);
    document["pairs"].push_back({{"a", all[pair.a].file},
                                 {"b", all[pair.b].file},
                                 {"only_a", pair.counts.only_a},
                                 {"only_b", pair.counts.only_b},
                                 {"difference", all[pair.a].result.accuracy - all[pair.b].result.accuracy},
                                 {"difference_interval_95", {interval.low, interval.high}},
                                 {"p_value", metric::mcnemar_p_value(pair.counts)}});
  }
  document["split"] = options.split;
  document["images"] = all.front().result.images;
  document["disagreements"] = disagreements(all).size();
  document["fingerprint"] = nullptr;
  if (const std::string common = common_fingerprint(all); !common.empty()) document["fingerprint"] = common;
  if (data.synthetic()) document["synthetic"] = true;
  const std::size_t half = options.against.size();
  if (half > 0) document.update(sides_json(side_of(all, 0, half), side_of(all, half, half)));
  return document;
}

std::string models_text(const std::vector<Contestant>& all) {
  std::string text = "    accuracy  95 % interval      NLL     ECE     Brier   model\n";
  for (std::size_t i = 0; i < all.size(); ++i) {
    const metric::EvaluationResult& r = all[i].result;
    text +=
        fmt::format("{:>2}  {:.4f}    {:.4f} to {:.4f}   {:.4f}  {:.4f}  {:.4f}  {}\n", i + 1, r.accuracy,
                    r.accuracy_interval_95.low, r.accuracy_interval_95.high, r.loss,
                    r.expected_calibration_error, r.brier_score, core::printable(all[i].file, kLongestName));
  }
  return text;
}

std::string pair_text(const std::vector<Contestant>& all, const Pair& pair) {
  const auto interval = metric::paired_difference_interval(pair.counts);
  return fmt::format(
      "{} and {}: only {} right {}, only {} right {}; difference {:+.4f} ({:+.4f} to {:+.4f}), p {:.3g}\n",
      pair.a + 1, pair.b + 1, pair.a + 1, pair.counts.only_a, pair.b + 1, pair.counts.only_b,
      all[pair.a].result.accuracy - all[pair.b].result.accuracy, interval.low, interval.high,
      metric::mcnemar_p_value(pair.counts));
}

std::string comparison_text(const std::vector<Contestant>& all, const std::vector<Pair>& pairs,
                            const data::PreparedData& data, const CompareOptions& options) {
  const std::string common = common_fingerprint(all);
  std::string text = fmt::format(
      "{} split of {}{}, {}, {}\n\n", options.split, core::printable(data.path().string(), kLongestName),
      data.synthetic() ? " (synthetic digits)" : "", core::counted(all.front().result.images, "image"),
      common.empty() ? "seen differently" : "fingerprint " + common);
  text += models_text(all) + "\n";
  const std::size_t half = options.against.size();
  if (half > 0) text += sides_text(side_of(all, 0, half), side_of(all, half, half));
  for (const Pair& pair : pairs) text += pair_text(all, pair);
  text +=
      fmt::format("Intervals: Wilson's, of a difference Agresti's and Min's; p: McNemar's exact test{}\n",
                  pairs.size() > 1 ? fmt::format(", not corrected for {} comparisons", pairs.size()) : "");
  return text + fmt::format("All models read {} alike, {} not.\n",
                            core::counted(all.front().result.images -
                                              static_cast<std::int64_t>(disagreements(all).size()),
                                          "image"),
                            disagreements(all).size());
}

/// `row,true` and each model's digit and probability.
void write_differences(const std::filesystem::path& path, const std::vector<Contestant>& all) {
  std::string text = "row,true";
  for (std::size_t i = 1; i <= all.size(); ++i) text += fmt::format(",predicted_{0},probability_{0}", i);
  text += "\n";
  for (const std::size_t place : disagreements(all)) {
    const Answer& first = all.front().answers[place];
    text += fmt::format("{},{}", first.row, metric::class_digit(first.label));
    for (const Contestant& one : all) {
      const Answer& answer = one.answers[place];
      fmt::format_to(std::back_inserter(text), ",{},{:.6f}", metric::class_digit(answer.predicted),
                     answer.probability);
    }
    text += "\n";
  }
  core::write_text_file(path, text, ExitCode::data);
}

void draw_differences(const std::filesystem::path& path, const std::vector<Contestant>& all,
                      const data::PreparedData& data, const CompareOptions& options) {
  const auto places = disagreements(all);
  std::vector<report::Tile> tiles;
  for (std::size_t i = 0; i < std::min(places.size(), kMostPictures); ++i) {
    const Answer& first = all.front().answers[places[i]];
    const auto pixels = data.image(first.row);
    report::Tile tile{
        static_cast<int>(data::kSide), static_cast<int>(data::kSide), {pixels.begin(), pixels.end()}};
    std::string said = "Said";
    for (const Contestant& one : all) {
      said += " " + std::to_string(metric::class_digit(one.answers[places[i]].predicted));
    }
    tile.captions = {"Label " + std::to_string(metric::class_digit(first.label)), said};
    tiles.push_back(std::move(tile));
  }
  std::string note =
      fmt::format("{} split{}: ", options.split, data.synthetic() ? " (synthetic digits)" : "");
  note += places.empty() ? "there is none"
                         : fmt::format("{} of {} of {}", tiles.size() < places.size() ? "the first" : "all",
                                       core::counted(static_cast<std::int64_t>(places.size()), "image"),
                                       core::counted(all.front().result.images, "image"));
  note += "; answers in the order of";
  for (const Contestant& one : all) note += " " + core::printable(one.result.model, kLongestName);
  report::write_image_grid(path, tiles, {.title = "Images that the models do not read alike", .note = note});
}

}  // namespace

int run_command(const CompareOptions& options, const GlobalOptions& global) {
  check_sides(options);
  const Hardware hardware = set_up_hardware(global);
  const model::ModelFile first(options.models.front());
  const data::PreparedData data(data_file_of(options.data, options.models.front(), first));
  std::vector<Contestant> all = contestants(options, data);
  for (Contestant& one : all) evaluate_one(one, options, global, data, hardware.device);
  const auto pairs = pairs_of(all, options);
  if (options.differences) write_differences(*options.differences, all);
  if (options.pictures) draw_differences(*options.pictures, all, data, options);
  if (options.json) {
    print_json(comparison_json(all, pairs, data, options));
  } else {
    print_text(comparison_text(all, pairs, data, options));
  }
  return 0;
}

}  // namespace svhn::cli
