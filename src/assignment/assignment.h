#pragma once
/// The assignment: its questions, the figures that its notebook reports and the layers that it shows.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace svhn::assignment {

/// The images of its training, validation and test splits.
struct Images {
  std::int64_t train, val, test;
};
inline constexpr Images kImages{63'544, 15'887, 19'858};

/// A question that is answered by one run.
struct Reported {
  const char* run;
  const char* question;
  const char* title;
  std::int64_t total, trainable, non_trainable;  ///< Parameters.
  double best;                                   ///< Validation accuracy.
  std::array<std::array<double, 2>, 4> ranges;   ///< loss, accuracy, val_loss, val_accuracy: min, max.
  std::size_t limit = 500;                       ///< Of the finding's length, in bytes.
  const char* before = nullptr;                  ///< The run with which this one is compared; nullptr: none.
  const char* change = nullptr;                  ///< What is new since then.
  bool has_searches = false;
  bool has_backbones = false;
  std::optional<double> test_accuracy{};  ///< Of question 3, which interprets this run.
};

inline constexpr std::array<Reported, 7> kReported{{
    {.run = "model_1_1",
     .question = "1.1",
     .title = "Dense network on colour images",
     .total = 404010,
     .trainable = 404010,
     .non_trainable = 0,
     .best = 0.8110,
     .ranges = {{{.532457, 2.156111}, {.237033, .834178}, {.648759, 1.717673}, {.436709, .811040}}}},
    {.run = "model_1_2",
     .question = "1.2",
     .title = "The same on greyscale images",
     .total = 141866,
     .trainable = 141866,
     .non_trainable = 0,
     .best = 0.8311,
     .ranges = {{{.464691, 1.887040}, {.341008, .855927}, {.588804, 1.425442}, {.533203, .831057}}},
     .before = "model_1_1",
     .change = "greyscale input"},
    {.run = "model_1_3",
     .question = "1.3",
     .title = "Batch normalisation, dropout and searches",
     .total = 142762,
     .trainable = 142314,
     .non_trainable = 448,
     .best = 0.8248,
     .ranges = {{{.565806, 1.688293}, {.428160, .824641}, {.574914, 1.659106}, {.467678, .824825}}},
     .before = "model_1_2",
     .change = "batch normalisation with dropout",
     .has_searches = true},
    {.run = "model_2_1",
     .question = "2.1",
     .title = "Convolutional network",
     .total = 552298,
     .trainable = 551146,
     .non_trainable = 1152,
     .best = 0.9541,
     .ranges = {{{.064673, 1.009091}, {.687618, .979526}, {.189324, .409279}, {.875684, .954113}}},
     .limit = 800,
     .before = "model_1_2",
     .change = "convolution"},
    {.run = "model_2_2",
     .question = "2.2",
     .title = "Convolutional network with augmentation",
     .total = 552298,
     .trainable = 551146,
     .non_trainable = 1152,
     .best = 0.9150,
     .ranges = {{{.537836, 3.132016}, {.110937, .828125}, {.282412, 2.592028}, {.188015, .915025}}},
     .before = "model_2_1",
     .change = "augmentation (60 steps an epoch)",
     .test_accuracy = 0.903},
    {.run = "model_4_1",
     .question = "4.1",
     .title = "Frozen VGG16",
     .total = 14748426,
     .trainable = 33610,
     .non_trainable = 14714816,
     .best = 0.5733,
     .ranges = {{{1.270426, 1.625066}, {.451593, .568960}, {1.264157, 1.426515}, {.518160, .573299}}},
     .before = "model_2_1",
     .change = "a frozen VGG16 in its place"},
    {.run = "model_4_2",
     .question = "4.2",
     .title = "VGG16 with its last two blocks trained",
     .total = 14748426,
     .trainable = 13012810,
     .non_trainable = 1735616,
     .best = 0.9196,
     .ranges = {{{.052183, .939838}, {.680253, .984829}, {.306189, .611496}, {.802984, .919557}}},
     .before = "model_4_1",
     .change = "training the last two blocks",
     .has_backbones = true},
}};

/// The best score of a search, by its name in configs/.
struct ReportedSearch {
  const char* name;
  std::optional<double> best;
};
inline constexpr std::array<ReportedSearch, 3> kReportedSearches{
    {{"tune_units", 0.164}, {"tune_wrapper", std::nullopt}, {"tune_ablation", 0.806}}};

/// A score, by the name of a trial or backbone in configs/.
struct ReportedScore {
  const char* name;
  double score;
};
/// The table of trials of 25 epochs.
inline constexpr std::array<ReportedScore, 16> kReportedAblation{
    {{"base: batch 64, rate 1e-3, Adam, ReLU", .783},
     {"batch 16", .589},
     {"batch 32", .771},
     {"rate 1e-2", .753},
     {"rate 1e-4", .782},
     {"RMSprop", .747},
     {"SGD", .726},
     {"tanh", .781},
     {"SELU", .806},
     {"BN, dropout -, .1, .2", .756},
     {"BN, dropout -, .2, .3", .691},
     {"BN, dropout .1, .2, .3", .595},
     {"BN", .762},
     {"dropout -, .1, .2", .193},
     {"dropout .2, .2, .2", .300},
     {"dropout .4, .4, .4", .191}}};
/// Frozen backbones.
inline constexpr std::array<ReportedScore, 8> kReportedFrozen{{{"resnet50", .302},
                                                               {"resnet152v2", .464},
                                                               {"resnet101v2", .470},
                                                               {"vgg19", .550},
                                                               {"vgg16", .570},
                                                               {"densenet201", .597},
                                                               {"densenet121", .601},
                                                               {"densenet169", .606}}};

/// The layer types of question 2's network, and the layers whose activations question 3 shows.
inline constexpr std::array<std::string_view, 23> kLayerTypes{
    "conv2d",  "batch_norm", "conv2d",     "batch_norm", "max_pool2d", "dropout",
    "conv2d",  "batch_norm", "conv2d",     "batch_norm", "max_pool2d", "dropout",
    "conv2d",  "batch_norm", "conv2d",     "batch_norm", "max_pool2d", "dropout",
    "flatten", "dense",      "batch_norm", "dropout",    "dense"};
inline constexpr std::array<std::size_t, 5> kShownLayers{0, 5, 6, 8, 10};

}  // namespace svhn::assignment
