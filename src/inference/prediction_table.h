#pragma once
/// Each image's prediction as CSV.

#include <cstdint>
#include <filesystem>
#include <string>

#include "metric/evaluation.h"

namespace svhn::inference {

/// Lines `row,true,predicted,p0,…,p9`: the row in the data file, digits, and the probabilities of the digits
/// 0 to 9.
class PredictionTable {
 public:
  /// @param true_class class index 0..9.
  void add(std::int64_t row, int true_class, const metric::Prediction& prediction);
  /// Writes the file atomically. @throws core::Error(data)
  void write(const std::filesystem::path& path) const;

 private:
  std::string text_ = "row,true,predicted,p0,p1,p2,p3,p4,p5,p6,p7,p8,p9\n";
};

}  // namespace svhn::inference
