#include "cli/engine/predict_answers.h"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "cli/console.h"
#include "core/json.h"
#include "core/thread_pool.h"
#include "data/prepared.h"

namespace svhn::cli {
namespace {

using metric::Probabilities;
using nlohmann::ordered_json;

/// @returns what is to be said about a picture's shape, since it is made square; "" for most.
std::string shape_text(double aspect_ratio) {
  constexpr double kStrip = 2.0, kTall = 3.0;
  if (aspect_ratio >= kStrip)
    return fmt::format("{:.1f} times as wide as high: a strip of several digits?", aspect_ratio);
  if (aspect_ratio <= 1.0 / kTall)
    return fmt::format("{:.1f} times as high as wide, and squeezed into a square", 1.0 / aspect_ratio);
  return "";
}

/// @returns what is to be said about a picture that was read; "" for most.
std::string note_text(const Answer& answer) {
  const data::PictureResult& picture = answer.picture;
  std::string text;
  for (const std::string& part :
       {picture.ground == data::Ground::none ? "" : data::ground_text(picture.ground), picture.remark,
        shape_text(picture.aspect_ratio)}) {
    if (!part.empty()) text += (text.empty() ? "" : "; ") + part;
  }
  return text;
}

ordered_json ranked_json(const Answer& answer, int top_k) {
  ordered_json list = ordered_json::array();
  const auto order = ranking(answer.probabilities);
  for (int k = 0; k < top_k; ++k) {
    const int index = order[static_cast<std::size_t>(k)];
    list.push_back({{"digit", metric::class_digit(index)},
                    {"probability", answer.probabilities[metric::class_slot(index)]}});
  }
  return list;
}

}  // namespace

Answerer::Answerer(inference::Predictor predictor, int threads)
    : predictor_(std::move(predictor)),
      reader_(predictor_.sides()),
      threads_(static_cast<unsigned>(threads)),
      most_(inference::images_at_a_time(predictor_.sides())) {}

void Answerer::answer(std::span<Answer> chunk) {
  const std::size_t bytes = reader_.sides().bytes();
  std::vector<std::uint8_t> pixels(chunk.size() * bytes);
  core::parallel_for(static_cast<std::int64_t>(chunk.size()), threads_, [&](std::int64_t i) {
    Answer& answer = chunk[static_cast<std::size_t>(i)];
    if (!answer.error.empty()) return;
    answer.picture = reader_.read(std::filesystem::path(answer.file),
                                  std::span(pixels).subspan(static_cast<std::size_t>(i) * bytes, bytes));
    answer.error = answer.picture.problem;
  });
  predict(chunk, pixels);
}

void Answerer::answer(Answer& answer, std::span<const std::byte> file) {
  std::vector<std::uint8_t> pixels(reader_.sides().bytes());
  answer.picture = reader_.read(file, pixels);
  answer.error = answer.picture.problem;
  predict(std::span(&answer, 1), pixels);
}

/// @param pixels of the readable pictures, each in its answer's place; moved together.
void Answerer::predict(std::span<Answer> chunk, std::vector<std::uint8_t>& pixels) {
  const std::size_t bytes = reader_.sides().bytes();
  std::vector<Answer*> readable;
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    if (!chunk[i].error.empty()) continue;
    const auto source = pixels.begin() + static_cast<std::ptrdiff_t>(i * bytes);
    const auto target = pixels.begin() + static_cast<std::ptrdiff_t>(readable.size() * bytes);
    if (source != target) std::copy_n(source, bytes, target);
    readable.push_back(&chunk[i]);
  }
  const auto results = predictor_.predict(std::span(pixels).first(readable.size() * bytes));
  for (std::size_t i = 0; i < readable.size(); ++i) readable[i]->probabilities = results[i];
}

std::array<int, metric::kClasses> ranking(const Probabilities& probabilities) {
  std::array<int, metric::kClasses> order{};
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, std::ranges::greater{},
                           [&](int index) { return probabilities[metric::class_slot(index)]; });
  return order;
}

double best_probability(const Answer& answer) {
  return answer.probabilities[metric::class_slot(metric::top_class(answer.probabilities))];
}

bool is_rejected(const Answer& answer, const PredictCommandOptions& options) {
  return options.reject && best_probability(answer) < *options.reject;
}

ordered_json answer_json(const Answer& answer, const PredictCommandOptions& options) {
  ordered_json json;
  if (!answer.id.is_null()) json["id"] = answer.id;
  json["file"] = answer.file;
  if (!answer.error.empty()) {
    json["error"] = answer.error;
    return json;
  }
  ordered_json probabilities;
  for (int digit = 0; digit < metric::kClasses; ++digit) {
    probabilities[std::to_string(digit)] =
        answer.probabilities[metric::class_slot(data::class_of_digit(digit))];
  }
  const bool rejected = is_rejected(answer, options);
  json["digit"] = nullptr;
  if (!rejected) json["digit"] = metric::class_digit(metric::top_class(answer.probabilities));
  json.update({{"probability", best_probability(answer)},
               {"probabilities", probabilities},
               {"top_k", ranked_json(answer, options.top_k)}});
  if (rejected) json["rejected"] = true;
  if (const std::string note = note_text(answer); !note.empty()) json["note"] = note;
  return json;
}

std::size_t report_problems(std::span<const Answer> answers) {
  std::size_t count = 0;
  for (const Answer& answer : answers) {
    if (const std::string note = note_text(answer); answer.error.empty() && !note.empty()) {
      spdlog::warn("'{}': {}", core::printable(answer.file, kLongestName), note);
    }
    if (answer.error.empty()) continue;
    ++count;
    // A message of the system names the file already.
    const bool named = answer.error.find("'" + answer.file + "'") != std::string::npos;
    report_failure(named ? answer.error
                         : "'" + core::printable(answer.file, kLongestName) + "': " + answer.error);
  }
  return count;
}

}  // namespace svhn::cli
