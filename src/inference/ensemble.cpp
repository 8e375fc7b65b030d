#include "inference/ensemble.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/clock.h"
#include "data/resize.h"

namespace svhn::inference {
namespace {

/// A view of each row, as a member takes it.
class ViewSource : public data::InputSource {
 public:
  /// @param data must outlive the source.
  ViewSource(const data::PreparedData& data, data::PreprocessPlan plan, const View& view)
      : data_(data), plan_(std::move(plan)), resizer_({}, plan_.sides()), view_(view) {}

  [[nodiscard]] std::vector<std::int64_t> shape() const override { return plan_.shape(); }
  void read(std::int64_t row, std::span<float> values) const override {
    std::vector<std::uint8_t> image(resizer_.to().bytes()), shifted(image.size());
    resizer_(data_.image(row), image);
    shift_image(image, resizer_.to(), view_, shifted);
    plan_.apply(shifted, values);
  }

 private:
  const data::PreparedData& data_;
  data::PreprocessPlan plan_;
  data::Resizer resizer_;
  View view_;
};

/// Adds up the progress of several passes.
class PassProgress {
 public:
  explicit PassProgress(const EvaluateOptions& options) : options_(options) {}

  /// @param count answers that are still to come, of all processes.
  void expect(std::size_t count) { total_ += static_cast<std::int64_t>(count); }
  /// Calls `work` with options whose progress is that of all passes. @returns what it returns.
  template <typename Work>
  auto pass(const Work& work) {
    EvaluateOptions own = options_;
    std::int64_t last = 0;
    own.progress = [&](std::int64_t done, std::int64_t) {
      done_ += done - std::exchange(last, done);
      if (options_.progress) options_.progress(done_, total_ / (options_.group ? options_.group->size() : 1));
    };
    return work(own);
  }

 private:
  const EvaluateOptions& options_;
  std::int64_t done_ = 0, total_ = 0;
};

}  // namespace

Ensemble::Ensemble(std::vector<EnsembleMember> members, const EnsembleOptions& options)
    : options_(options), views_(views_of(options.views)) {
  for (auto& [network, preprocessing] : members) {
    Predictor predictor(std::move(network), preprocessing, {.precision = options.precision});
    auto place = std::find(sides_.begin(), sides_.end(), predictor.sides());
    if (place == sides_.end()) place = sides_.insert(sides_.end(), predictor.sides());
    const auto index = static_cast<std::size_t>(place - sides_.begin());
    members_.push_back({std::move(predictor), preprocessing, index});
  }
  // The mean of a single answer is the answer, without the logarithm of its softmax.
  if (members_.size() == 1 && views_.size() == 1) options_.average = Average::logits;
}

Ensemble::Answers Ensemble::answer(std::size_t images, const Run& run, const Expect& expect) {
  Answers answers{AnswerMean(images, options_.average), {}};
  const double share = 1.0 / static_cast<double>(members_.size());
  std::vector<std::size_t> all(images);
  std::iota(all.begin(), all.end(), std::size_t{0});
  const std::span<const View> own = std::span(views_).first(1), others = std::span(views_).subspan(1);
  expect(images * members_.size() * (options_.views_below ? 1 : views_.size()));
  for (Member& member : members_) answers.mean.add(run(member, all, own).front(), share);
  if (others.empty()) return answers;
  answers.viewed = answers.mean.below(options_.views_below);
  if (answers.viewed.empty()) return answers;
  if (options_.views_below) expect(answers.viewed.size() * members_.size() * others.size());
  AnswerMean further(answers.viewed.size(), options_.average);
  for (Member& member : members_) {
    const auto logits = run(member, answers.viewed, others);
    for (std::size_t i = 0; i < others.size(); ++i) further.add(logits[i], share * others[i].weight);
  }
  answers.mean.blend(further, answers.viewed, views_.front().weight);
  return answers;
}

Ensemble::Evaluation Ensemble::evaluate(const data::PreparedData& data, data::Split split,
                                        const EvaluateOptions& options) {
  const auto rows = rows_of(data, split);
  const auto start = core::Clock::now();
  PassProgress progress(options);
  const Run run = [&](Member& member, std::span<const std::size_t> images, std::span<const View> views) {
    std::vector<std::int64_t> chosen;
    for (const std::size_t image : images) chosen.push_back(rows[image]);
    Session session(member.predictor.network(), {.batch_size = member.predictor.batch_size(),
                                                 .precision = options_.precision,
                                                 .group = options.group});
    std::vector<torch::Tensor> logits;
    for (const View& view : views) {
      const ViewSource source(data, data::plan_for(member.preprocessing, data, split), view);
      logits.push_back(progress.pass(
          [&](const EvaluateOptions& own) { return logits_of_rows(session, data, source, chosen, own); }));
    }
    return logits;
  };
  const Answers answers = answer(rows.size(), run, [&](std::size_t count) { progress.expect(count); });
  Evaluation evaluation{measure(answers.mean.logits(), data, split, options),
                        static_cast<std::int64_t>(answers.viewed.size())};
  evaluation.result.images_per_second =
      static_cast<double>(rows.size()) / std::max(core::seconds_since(start), 1e-9);
  return evaluation;
}

std::vector<Ensemble::Prediction> Ensemble::predict(std::span<const std::vector<std::uint8_t>> images) {
  const std::size_t count = images.front().size() / sides_.front().bytes();
  if (count == 0) return {};
  const Run run = [&](Member& member, std::span<const std::size_t> chosen, std::span<const View> views) {
    const std::size_t bytes = member.predictor.sides().bytes();
    std::vector<std::uint8_t> pixels;
    for (const std::size_t image : chosen) {
      const auto one = std::span(images[member.sides]).subspan(image * bytes, bytes);
      pixels.insert(pixels.end(), one.begin(), one.end());
    }
    return member.predictor.logits(pixels, views);
  };
  const Answers answers = answer(count, run, [](std::size_t) {});
  std::vector<Prediction> predictions;
  for (const auto& one : probabilities_of(answers.mean.logits())) predictions.push_back({one, false});
  for (const std::size_t image : answers.viewed) predictions[image].viewed = true;
  return predictions;
}

}  // namespace svhn::inference
