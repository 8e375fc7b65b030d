#pragma once
/// The answers of `svhn predict`: making them, and putting them into words and JSON.

#include <array>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/commands/predict.h"
#include "cli/engine/predict_files.h"
#include "inference/ensemble.h"

namespace svhn::cli {

/// Answers files, some hundred at a time.
class Answerer {
 public:
  /// @param threads that decode pictures.
  Answerer(inference::Ensemble models, int threads);

  /// @returns how many pictures are in memory at a time, the most for one `answer`.
  [[nodiscard]] std::size_t most() const { return most_; }
  /// Decodes the pictures on all threads, then predicts those that could be read.
  void answer(std::span<Answer> chunk);
  /// Predicts one picture in memory. @param file its bytes.
  void answer(Answer& answer, std::span<const std::byte> file);

 private:
  /// Reads one picture.
  using Read = std::function<data::PictureResult(const data::PictureReader& reader, const Answer& answer,
                                                 std::span<std::uint8_t> pixels)>;
  /// Reads pictures in each size that the models take, then predicts those that could be read.
  void answer(std::span<Answer> chunk, const Read& read);
  void predict(std::span<Answer> chunk, std::span<std::vector<std::uint8_t>> pixels);

  inference::Ensemble models_;
  std::optional<data::PictureReader> reader_;  ///< One at a time may exist.
  unsigned threads_;
  std::size_t most_;
};

/// @returns class indices, the most probable first.
std::array<int, metric::kClasses> ranking(const metric::Probabilities& probabilities);

double best_probability(const Answer& answer);
/// @returns whether the answer is not given.
bool is_rejected(const Answer& answer, const PredictCommandOptions& options);

/// @returns {"file", "digit", "probability", "probabilities", "top_k", …} or {"file", "error"}, behind the
/// "id" of the answer, if it has one.
nlohmann::ordered_json answer_json(const Answer& answer, const PredictCommandOptions& options);

/// Says on stderr what is to be said about pictures, and which could not be read. @returns the number of
/// these.
std::size_t report_problems(std::span<const Answer> answers);

}  // namespace svhn::cli
