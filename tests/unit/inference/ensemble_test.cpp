#include "inference/ensemble.h"

#include <cmath>

#include "unit/data/prepared_test_content.h"
#include "unit/distributed/thread_group.h"
#include "unit/network/small_network.h"

namespace svhn::inference {
namespace {

using data::Split;

/// Images of labels 9 - row; the splits hold rows 7 0 3 5 2 9, 1 8 and 4 6.
class EnsembleOfTwo : public data::PreparedFolder {
 protected:
  void SetUp() override {
    PreparedFolder::SetUp();
    data::write_prepared(file(), data::golden_content());
  }

  static network::Network network(std::uint64_t seed, const model::Shape& input = {3, 32, 32}) {
    return {network::any_graph({model::FlattenOp{}, model::DenseOp{.units = 10}}, input), seed};
  }

  /// A network of colour, and one of grey images of another size.
  static std::vector<EnsembleMember> members() {
    std::vector<EnsembleMember> list;
    list.push_back({network(1), {}});
    data::Preprocessing grey{{data::PreprocessStep::greyscale}, {}};
    grey.sides = {16, 40};
    list.push_back({network(2, {1, 16, 40}), grey});
    return list;
  }

  using Answers = std::vector<metric::Probabilities>;

  /// @returns what `evaluate` tells of each image of the training split.
  static Answers alone(EnsembleMember member, const data::PreparedData& data) {
    Answers answers;
    EvaluateOptions how;
    how.on_prediction = [&](std::int64_t, int, const metric::Prediction& one) {
      answers.push_back(one.probabilities);
    };
    evaluate(member.network, data, Split::train, data::plan_for(member.preprocessing, data, Split::train),
             how);
    return answers;
  }

  static Answers together(Ensemble& ensemble, const data::PreparedData& data,
                          distributed::ProcessGroup* group = nullptr) {
    Answers answers;
    EvaluateOptions how;
    how.group = group;
    how.on_prediction = [&](std::int64_t, int, const metric::Prediction& one) {
      answers.push_back(one.probabilities);
    };
    ensemble.evaluate(data, Split::train, how);
    return answers;
  }
};

TEST_F(EnsembleOfTwo, AveragesWhatEachMemberTells) {
  const data::PreparedData data(file());
  const auto a = alone(std::move(members()[0]), data), b = alone(std::move(members()[1]), data);
  Ensemble ensemble(members(), {});
  const auto mean = together(ensemble, data);
  ASSERT_EQ(mean.size(), 6U);
  for (std::size_t i = 0; i < mean.size(); ++i) {
    for (std::size_t k = 0; k < 10; ++k) EXPECT_NEAR(mean[i][k], (a[i][k] + b[i][k]) / 2.0, 1e-6);
  }
}

TEST_F(EnsembleOfTwo, GivesTheBitsOfASingleModel) {
  const data::PreparedData data(file());
  std::vector<EnsembleMember> one;
  one.push_back(std::move(members()[0]));
  Ensemble ensemble(std::move(one), {});
  EXPECT_EQ(together(ensemble, data), alone(std::move(members()[0]), data));
}

TEST_F(EnsembleOfTwo, GivesEveryProcessOfAGroupWhatOneGets) {
  const data::PreparedData data(file());
  const EnsembleOptions options{.views = 3, .views_below = 0.3};
  Ensemble single(members(), options);
  const auto expected = together(single, data);
  distributed::run_ranks(3, [&](distributed::ProcessGroup& group) {
    Ensemble ensemble(members(), options);
    EXPECT_EQ(together(ensemble, data, &group), expected);
  });
}

TEST_F(EnsembleOfTwo, PredictsWhatItEvaluates) {
  const data::PreparedData data(file());
  Ensemble ensemble(members(), {.average = Average::logits, .views = 9});
  EXPECT_EQ(ensemble.sides(), (std::vector<data::ImageSides>{{32, 32}, {16, 40}}));
  std::vector<std::vector<std::uint8_t>> images(2);
  const data::Resizer resizer({}, {16, 40});
  for (const std::int64_t row : data.indices(Split::train)) {
    const auto pixels = data.image(row);
    images[0].insert(images[0].end(), pixels.begin(), pixels.end());
    std::vector<std::uint8_t> resized(resizer.to().bytes());
    resizer(pixels, resized);
    images[1].insert(images[1].end(), resized.begin(), resized.end());
  }
  const auto evaluated = together(ensemble, data);
  const auto predicted = ensemble.predict(images);
  ASSERT_EQ(predicted.size(), 6U);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(predicted[i].probabilities, evaluated[i]);
    EXPECT_TRUE(predicted[i].viewed);
  }
}

TEST_F(EnsembleOfTwo, ShowsFurtherViewsOfUncertainImagesOnly) {
  const data::PreparedData data(file());
  std::vector<EnsembleMember> one;
  one.push_back(std::move(members()[0]));
  const auto plain = alone(std::move(members()[0]), data);
  std::vector<double> best;
  for (const auto& image : plain) best.push_back(*std::max_element(image.begin(), image.end()));
  std::vector<double> sorted = best;
  std::sort(sorted.begin(), sorted.end());
  const double threshold = (sorted[1] + sorted[2]) / 2.0;  // Two images are below.
  Ensemble ensemble(std::move(one), {.views = 3, .views_below = threshold});
  EXPECT_EQ(ensemble.evaluate(data, Split::train, {}).viewed, 2);
  const auto seen = together(ensemble, data);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    double difference = 0.0;
    for (std::size_t k = 0; k < 10; ++k)
      difference = std::max(difference, std::abs(seen[i][k] - plain[i][k]));
    if (best[i] < threshold) {
      EXPECT_GT(difference, 1e-5) << i;
    } else {
      EXPECT_LT(difference, 1e-6) << i;
    }
  }
}

TEST_F(EnsembleOfTwo, TellsItsProgress) {
  const data::PreparedData data(file());
  Ensemble ensemble(members(), {.views = 3});
  EvaluateOptions how;
  std::int64_t last = 0, whole = 0;
  how.progress = [&](std::int64_t done, std::int64_t total) {
    EXPECT_GT(done, last);
    last = done;
    whole = total;
  };
  ensemble.evaluate(data, Split::train, how);
  EXPECT_EQ(last, 6 * 2 * 3);
  EXPECT_EQ(whole, last);
}

TEST_F(EnsembleOfTwo, HasNothingToSayOfNothing) {
  Ensemble ensemble(members(), {});
  EXPECT_TRUE(ensemble.predict(std::vector<std::vector<std::uint8_t>>(2)).empty());
}

}  // namespace
}  // namespace svhn::inference
