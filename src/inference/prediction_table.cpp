#include "inference/prediction_table.h"

#include <array>
#include <cstdio>

#include "core/file.h"
#include "data/prepared.h"

namespace svhn::inference {

void PredictionTable::add(std::int64_t row, int true_class, const metric::Prediction& prediction) {
  text_ += std::to_string(row) + "," + std::to_string(metric::class_digit(true_class)) + "," +
           std::to_string(metric::class_digit(prediction.predicted));
  for (int digit = 0; digit < metric::kClasses; ++digit) {
    std::array<char, 32> number{};
    const auto slot = static_cast<std::size_t>(data::class_of_digit(digit));
    std::snprintf(number.data(), number.size(), ",%.9g", prediction.probabilities[slot]);
    text_ += number.data();
  }
  text_ += "\n";
}

void PredictionTable::write(const std::filesystem::path& path) const {
  core::write_text_file(path, text_, core::ExitCode::data);
}

}  // namespace svhn::inference
