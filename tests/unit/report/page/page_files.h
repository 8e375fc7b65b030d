#pragma once
/// Helpers of the page tests: a temporary folder, a prepared data file, and results of an interpretation.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/file.h"
#include "formats/safetensors/safetensors.h"
#include "model/model_file.h"
#include "model/spec_json.h"
#include "report/page/runs.h"
#include "results/about.h"

namespace svhn::report {

class PageFolder {
 public:
  PageFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "svhn_page_XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  PageFolder(const PageFolder&) = delete;
  PageFolder& operator=(const PageFolder&) = delete;
  ~PageFolder() { std::filesystem::remove_all(path_); }

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    core::write_text_file(path_ / name, text, core::ExitCode::data);
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

template <class T>
formats::TensorToWrite tensor(const std::string& name, formats::DType dtype, std::vector<std::int64_t> shape,
                              const std::vector<T>& values) {
  return {name, dtype, std::move(shape), std::as_bytes(std::span(values))};
}

/// A prepared file's images: all pixels of image `row` are `value(row)`.
inline void write_images(const std::filesystem::path& path, std::int64_t rows) {
  std::vector<std::uint8_t> pixels;
  for (std::int64_t row = 0; row < rows; ++row) {
    pixels.insert(pixels.end(), 32 * 32 * 3, static_cast<std::uint8_t>(20 * row));
  }
  formats::write_safetensors(path, {tensor("images", formats::DType::u8, {rows, 32, 32, 3}, pixels)}, {},
                             core::ExitCode::data);
}

inline constexpr const char* kHistory =
    R"({"loss":[2.0,1.0,0.5],"accuracy":[0.3,0.6,0.8],"val_loss":[1.5,0.9,1.0],"val_accuracy":[0.4,0.75,0.7],)"
    R"("learning_rate":[0.001,0.001,0.001],"seconds":[1,2,3],"images_per_second":[10,20,30]})";

/// Ten images, nine right: one 1 (class 0) was taken for a 7 (class 6).
inline std::string evaluation_text() {
  std::string rows;
  for (int t = 0; t < 10; ++t) {
    std::string row;
    for (int p = 0; p < 10; ++p) {
      const bool here = t == 0 ? p == 6 : p == t;
      row += std::string(p == 0 ? "" : ",") + (here ? "1" : "0");
    }
    rows += (t == 0 ? "[" : ",[") + row + "]";
  }
  return R"({"model":"m","split":"test","images":10,"loss":0.5,"accuracy":0.9,"accuracy_interval_95":[0.6,0.98],)"
         R"("top_k":{"2":0.95,"3":1.0},"expected_calibration_error":0.05,"digits":[1,2,3,4,5,6,7,8,9,0],)"
         R"("confusion_matrix":[)" +
         rows + R"(],"per_class":[],"most_confused":[],"images_per_second":1,"synthetic":true})";
}

/// A model file of one dense layer on 32x32 colour images. @param weight all weights.
inline void write_model(const std::filesystem::path& path, const std::string& name, float weight) {
  const auto layers = nlohmann::json::parse(
      R"({"layers":[{"type":"flatten","name":"flatten_1"},{"type":"dense","name":"dense_1","units":10}]})");
  model::ModelRecord record{
      name, {3, 32, 32}, model::model_from_json(layers, "layers", core::ExitCode::bug), "{}"};
  const std::vector<float> weights(30720, weight), bias(10, weight);
  formats::write_safetensors(path,
                             {tensor("dense_1.weight", formats::DType::f32, {10, 3072}, weights),
                              tensor("dense_1.bias", formats::DType::f32, {10}, bias)},
                             model::record_metadata(record, "model"), core::ExitCode::data);
}

/// Results on the test split: ten images of the data with the fingerprint "12ab".
inline results::About about_of(const std::string& name, const std::string& digest) {
  results::About about;
  about.model = {name, name + ".best.safetensors", "best", 2, digest};
  about.data = {"d.safetensors", false, 100, "12ab", "", ""};
  about.split = "test";
  about.split_images = 10;
  about.precision = "float32";
  about.date = "2026-11-30T12:00:00Z";
  return about;
}

/// A result of a run on the data of its training. Its evaluation is that of `evaluation_text`.
inline ResultRecord result_of(const std::string& name) {
  const PageFolder folder;
  ResultRecord result{{}, about_of(name, "d"), {}, true, false, {}};
  result.found.evaluation = read_evaluation(folder.write("e.json", evaluation_text()));
  return result;
}

inline constexpr const char* kCsvHead = "row,true,predicted,p0,p1,p2,p3,p4,p5,p6,p7,p8,p9\n";

/// @returns what reading throws, or "accepted".
template <class F>
std::string refusal(F read) {
  try {
    read();
  } catch (const core::Error& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace svhn::report
