#include <algorithm>
#include <limits>
#include <mutex>
#include <span>
#include <utility>

#include "api/translate.h"
#include "cli/commands/model_history.h"
#include "core/thread_pool.h"
#include "data/images/picture.h"
#include "data/preprocessing_text.h"
#include "inference/predictor.h"
#include "metric/scores.h"
#include "model/model_file.h"

namespace svhn {
namespace {

constexpr std::size_t kMostPixels = std::size_t{1} << 28;

[[noreturn]] void refuse(const std::string& message) {
  throw Error(ErrorCode::usage, message, "see svhn.hpp");
}

/// @returns the bytes from one row of a picture to the next. @throws Error(usage)
std::size_t checked_stride(const Picture& picture) {
  if (picture.pixels == nullptr || picture.height == 0 || picture.width == 0)
    refuse("a picture without pixels");
  if (picture.width > kMostPixels || picture.height > kMostPixels / picture.width) {
    refuse("a picture of " + std::to_string(picture.height) + "x" + std::to_string(picture.width) +
           " pixels, more than the 268 million that it may have");
  }
  const std::size_t line = 3 * picture.width;
  if (picture.stride != 0 && picture.stride < line) {
    refuse("a stride of " + std::to_string(picture.stride) + " bytes, less than the " + std::to_string(line) +
           " of a row");
  }
  return picture.stride == 0 ? line : picture.stride;
}

void fit(const Picture& picture, data::ImageSides sides, std::span<std::uint8_t> pixels) {
  const data::ImageSides own{static_cast<std::int64_t>(picture.height),
                             static_cast<std::int64_t>(picture.width)};
  data::fit_picture(picture.pixels, own, checked_stride(picture), sides, pixels);
}

Answer answer_of(const metric::Probabilities& probabilities) {
  const int best = metric::top_class(probabilities);
  Answer answer;
  answer.digit = metric::class_digit(best);
  answer.probability = probabilities[metric::class_slot(best)];
  for (int index = 0; index < metric::kClasses; ++index) {
    answer.probabilities.at(static_cast<std::size_t>(metric::class_digit(index))) =
        probabilities[metric::class_slot(index)];
  }
  return answer;
}

inference::PredictorOptions predictor_options(const ModelOptions& options) {
  if (options.batch_size < 0) refuse("a batch of " + std::to_string(options.batch_size) + " pictures");
  inference::PredictorOptions result;
  if (options.bfloat16) result.precision = kernels::Precision::bfloat16;
  if (options.batch_size > 0) result.batch_size = options.batch_size;
  return result;
}

Evaluation public_evaluation(const cli::Evaluation& one) {
  Evaluation result;
  result.data = one.about.data.file;
  result.split = one.about.split;
  result.synthetic = one.about.data.synthetic;
  result.images = one.about.split_images;
  result.accuracy = one.accuracy;
  result.accuracy_low = one.interval.first;
  result.accuracy_high = one.interval.second;
  result.calibration_error = one.calibration_error.value_or(std::numeric_limits<double>::quiet_NaN());
  result.fingerprint = one.about.split_fingerprint;
  return result;
}

}  // namespace

struct Model::Impl {
  Impl(const std::string& path, const ModelOptions& options)
      : file(path),
        steps(inference::preprocessing_of(file)),
        predictor(inference::load_for_inference(file, kernels::choose_device(options.device)), steps,
                  predictor_options(options)),
        preprocessing(data::preprocessing_text(steps)) {
    kernels::make_deterministic();
    for (std::size_t digit = 0; digit < labels.size(); ++digit) labels.at(digit) = std::to_string(digit);
  }

  /// @param images u8 [n,H,W,3] of the input's sides.
  void classify(std::span<const std::uint8_t> images, std::vector<Answer>& answers) {
    const std::scoped_lock lock(mutex);
    api::use_threads();
    for (const metric::Probabilities& one : predictor.predict(images)) answers.push_back(answer_of(one));
  }

  void classify(std::span<const Picture> pictures, std::vector<Answer>& answers) {
    const std::size_t bytes = predictor.sides().bytes();
    std::vector<std::uint8_t> pixels(pictures.size() * bytes);
    core::parallel_for(
        static_cast<std::int64_t>(pictures.size()), static_cast<unsigned>(threads()), [&](std::int64_t i) {
          const auto slot = static_cast<std::size_t>(i);
          fit(pictures[slot], predictor.sides(), std::span(pixels).subspan(slot * bytes, bytes));
        });
    classify(pixels, answers);
  }

  model::ModelFile file;
  data::Preprocessing steps;
  std::mutex mutex;  ///< Of the predictor's `predict`.
  inference::Predictor predictor;
  std::string preprocessing;
  std::array<std::string, 10> labels;
};

Model::Model(const std::string& path, const ModelOptions& options)
    : impl_(api::translated([&] { return std::make_unique<Impl>(path, options); })) {}
Model::~Model() = default;
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;

Answer Model::classify(const Picture& picture) const {
  return classify(std::vector<Picture>{picture}).front();
}

std::vector<Answer> Model::classify(const std::vector<Picture>& pictures) const {
  return api::translated([&] {
    for (const Picture& picture : pictures) checked_stride(picture);
    const std::size_t most = inference::images_at_a_time(impl_->predictor.sides());
    std::vector<Answer> answers;
    answers.reserve(pictures.size());
    for (std::size_t first = 0; first < pictures.size(); first += most) {
      impl_->classify(std::span(pictures).subspan(first, std::min(most, pictures.size() - first)), answers);
    }
    return answers;
  });
}

std::vector<Answer> Model::classify_batch(const std::uint8_t* images, std::size_t count) const {
  return api::translated([&] {
    if (images == nullptr && count > 0) refuse("a null pointer in the place of images");
    std::vector<Answer> answers;
    answers.reserve(count);
    impl_->classify(std::span(images, count * impl_->predictor.sides().bytes()), answers);
    return answers;
  });
}

const std::string& Model::name() const noexcept {
  return impl_->file.record().name;
}

std::size_t Model::height() const noexcept {
  return static_cast<std::size_t>(impl_->predictor.sides().height);
}

std::size_t Model::width() const noexcept {
  return static_cast<std::size_t>(impl_->predictor.sides().width);
}

std::int64_t Model::parameters() const noexcept {
  return impl_->file.graph().counts.total;
}

const std::array<std::string, 10>& Model::labels() const noexcept {
  return impl_->labels;
}

const std::string& Model::preprocessing() const noexcept {
  return impl_->preprocessing;
}

bool Model::synthetic() const noexcept {
  return impl_->file.record().synthetic;
}

std::vector<Evaluation> Model::evaluations() const {
  return api::translated([&] {
    std::vector<Evaluation> found;
    for (const cli::Evaluation& one : cli::evaluations_of(impl_->file))
      found.push_back(public_evaluation(one));
    return found;
  });
}

}  // namespace svhn
