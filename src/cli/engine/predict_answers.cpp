#include "cli/engine/predict_answers.h"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>
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

/// @returns how many pictures to hold in memory, in all sizes that the models take.
std::size_t pictures_at_a_time(const inference::Ensemble& models) {
  std::size_t most = std::numeric_limits<std::size_t>::max();
  for (const data::ImageSides& sides : models.sides()) {
    most = std::min(most, inference::images_at_a_time(sides));
  }
  return most;
}

}  // namespace

Answerer::Answerer(inference::Ensemble models, int threads)
    : models_(std::move(models)),
      threads_(static_cast<unsigned>(threads)),
      most_(pictures_at_a_time(models_)) {}

void Answerer::answer(std::span<Answer> chunk) {
  answer(chunk, [](const data::PictureReader& reader, const Answer& answer, auto pixels) {
    return reader.read(std::filesystem::path(answer.file), pixels);
  });
}

void Answerer::answer(Answer& answer, std::span<const std::byte> file) {
  this->answer(std::span(&answer, 1),
               [&](const data::PictureReader& reader, const Answer&, std::span<std::uint8_t> pixels) {
                 return reader.read(file, pixels);
               });
}

void Answerer::answer(std::span<Answer> chunk, const Read& read) {
  std::vector<std::vector<std::uint8_t>> pixels;
  for (const data::ImageSides& sides : models_.sides()) {
    if (!reader_ || reader_->sides() != sides) reader_.emplace(sides);
    pixels.emplace_back(chunk.size() * sides.bytes());
    core::parallel_for(static_cast<std::int64_t>(chunk.size()), threads_, [&](std::int64_t i) {
      const auto slot = static_cast<std::size_t>(i);
      Answer& answer = chunk[slot];
      if (!answer.error.empty()) return;
      answer.picture =
          read(*reader_, answer, std::span(pixels.back()).subspan(slot * sides.bytes(), sides.bytes()));
      answer.error = answer.picture.problem;
    });
  }
  predict(chunk, pixels);
}

/// @param pixels of the readable pictures, each in its answer's place; moved together.
void Answerer::predict(std::span<Answer> chunk, std::span<std::vector<std::uint8_t>> pixels) {
  std::vector<std::size_t> readable;
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    if (chunk[i].error.empty()) readable.push_back(i);
  }
  for (std::size_t size = 0; size < pixels.size(); ++size) {
    const std::size_t bytes = models_.sides()[size].bytes();
    for (std::size_t i = 0; i < readable.size(); ++i) {
      const auto source = pixels[size].begin() + static_cast<std::ptrdiff_t>(readable[i] * bytes);
      const auto target = pixels[size].begin() + static_cast<std::ptrdiff_t>(i * bytes);
      if (source != target) std::copy_n(source, bytes, target);
    }
    pixels[size].resize(readable.size() * bytes);
  }
  const auto results = models_.predict(pixels);
  for (std::size_t i = 0; i < readable.size(); ++i) {
    chunk[readable[i]].probabilities = results[i].probabilities;
    chunk[readable[i]].viewed = results[i].viewed;
  }
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
  if (options.views.count > 1) json["views"] = answer.viewed ? options.views.count : 1;
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
