// What the model gets right and wrong on a whole split.

#include <array>
#include <cstdio>

#include "cli/engine/interpret/study.h"
#include "cli/stage_progress.h"
#include "core/error.h"
#include "inference/evaluate.h"
#include "inference/prediction_table.h"
#include "interpret/mistakes.h"
#include "metric/classes.h"
#include "network/fold.h"
#include "network/tensor_io.h"
#include "report/charts/confusion.h"

namespace svhn::cli {

/// Everything that was predicted.
struct Judgement {
  metric::EvaluationResult result;
  std::vector<interpret::JudgedImage> images;
  inference::PredictionTable table;
};

namespace {

using interpret::JudgedImage;
using interpret::Places;
using metric::class_digit;
using nlohmann::ordered_json;

constexpr std::size_t kRow = 10;     // Pictures in a row, as the notebook shows them.
constexpr std::size_t kListed = 50;  // Images in each list of misclassified.json.

std::string fixed(double value, int digits) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

void study_confusion(Study& study, const metric::EvaluationResult& result) {
  ordered_json document{{"model", result.model},
                        {"split", result.split},
                        {"images", result.images},
                        {"accuracy", result.accuracy}};
  const ordered_json whole = metric::evaluation_json(result);
  for (const char* key : {"digits", "confusion_matrix", "most_confused"}) document[key] = whole.at(key);
  if (study.data.synthetic()) document["synthetic"] = true;
  study.files.publish_json("confusion.json", document);
  const std::string title = study.title() + ": accuracy " + fixed(result.accuracy, 4);
  for (const char* name : {"confusion.png", "confusion.svg"}) {
    study.files.publish_chart(name,
                              report::write_confusion_chart(study.files.path(name), result.confusion, title));
  }
}

ordered_json image_json(const JudgedImage& image) {
  const auto slot = metric::class_slot(image.prediction.predicted);
  return {{"row", image.row},
          {"index", image.index},
          {"true", class_digit(image.true_class)},
          {"predicted", class_digit(image.prediction.predicted)},
          {"probability", image.prediction.probabilities[slot]},
          {"loss", image.prediction.loss}};
}

ordered_json images_json(const std::vector<JudgedImage>& images, const Places& places) {
  ordered_json list = ordered_json::array();
  for (const std::size_t place : places) list.push_back(image_json(images[place]));
  return list;
}

ordered_json suspicion_json(const std::vector<JudgedImage>& images,
                            const interpret::LabelSuspicion& suspicion) {
  ordered_json list = ordered_json::array();
  for (std::size_t i = 0; i < std::min(suspicion.places.size(), kListed); ++i) {
    const JudgedImage& image = images[suspicion.places[i]];
    ordered_json entry = image_json(image);
    entry["suggested"] = class_digit(suspicion.suggested[i]);
    entry["self_confidence"] = image.prediction.probabilities[metric::class_slot(image.true_class)];
    list.push_back(entry);
  }
  return list;
}

std::vector<report::Tile> tiles_of(const Study& study, const std::vector<JudgedImage>& images, Places places,
                                   std::size_t limit, bool with_loss) {
  places.resize(std::min(places.size(), limit));
  std::vector<report::Tile> tiles;
  for (const std::size_t place : places) {
    const JudgedImage& image = images[place];
    tiles.push_back(study.picture(image.row));
    tiles.back().captions = {"Predicted " + std::to_string(class_digit(image.prediction.predicted)),
                             "Actual " + std::to_string(class_digit(image.true_class))};
    if (with_loss) tiles.back().captions.push_back("loss " + fixed(image.prediction.loss, 1));
  }
  return tiles;
}

std::string count_text(std::size_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

void draw_mistakes(Study& study, const std::vector<JudgedImage>& images, std::size_t of_digit) {
  const int wanted = data::class_of_digit(study.options.digit);
  const std::string digit = std::to_string(study.options.digit);
  report::Grid grid{.title = "Misclassified images of the digit " + digit,
                    .note = study.title() + ": the first " + std::to_string(std::min(of_digit, kRow)) +
                            " of " + count_text(of_digit, "mistake", "mistakes") +
                            ", in the order of the split",
                    .columns = static_cast<int>(kRow)};
  if (of_digit == 0) grid.note = study.title() + ": no image of this digit is misclassified";
  const auto first = interpret::first_mistakes(images, wanted, kRow);
  report::write_image_grid(study.files.path("misclassified.png"), tiles_of(study, images, first, kRow, false),
                           grid);
  study.files.publish("misclassified.png");
  const auto worst = interpret::worst_mistakes(images, 2 * kRow);
  report::write_image_grid(
      study.files.path("worst.png"), tiles_of(study, images, worst, 2 * kRow, true),
      {.title = "The worst mistakes",
       .note = study.title() + ": the largest losses over all digits, the largest first"});
  study.files.publish("worst.png");
}

void draw_suspicions(Study& study, const std::vector<JudgedImage>& images,
                     const interpret::LabelSuspicion& suspicion) {
  std::vector<report::Tile> tiles;
  for (std::size_t i = 0; i < std::min(suspicion.places.size(), 2 * kRow); ++i) {
    const JudgedImage& image = images[suspicion.places[i]];
    const double held = image.prediction.probabilities[metric::class_slot(suspicion.suggested[i])];
    tiles.push_back(study.picture(image.row));
    tiles.back().captions = {"Label " + std::to_string(class_digit(image.true_class)),
                             "Rather " + std::to_string(class_digit(suspicion.suggested[i])),
                             fixed(100.0 * held, 1) + " %"};
  }
  const std::string counted = count_text(suspicion.places.size(), "image that the model confidently holds",
                                         "images that the model confidently holds");
  report::write_image_grid(
      study.files.path("label_errors.png"), tiles,
      {.title = "Labels that may be wrong",
       .note = study.title() + ": of " + counted + " for another digit, the least likely labels"});
  study.files.publish("label_errors.png");
}

void study_mistakes(Study& study, const std::vector<JudgedImage>& images) {
  const int wanted = data::class_of_digit(study.options.digit);
  const std::size_t of_digit = interpret::first_mistakes(images, wanted, images.size()).size();
  const std::size_t all = interpret::worst_mistakes(images, images.size()).size();
  const auto suspicion = interpret::suspected_label_errors(images);
  ordered_json thresholds;
  for (int digit = 0; digit < metric::kClasses; ++digit) {
    thresholds[std::to_string(digit)] = suspicion.thresholds[metric::class_slot(data::class_of_digit(digit))];
  }
  ordered_json document{{"model", study.file.record().name},
                        {"split", study.options.split},
                        {"digit", study.options.digit},
                        {"mistakes", all},
                        {"mistakes_of_digit", of_digit},
                        {"first", images_json(images, interpret::first_mistakes(images, wanted, kListed))},
                        {"worst", images_json(images, interpret::worst_mistakes(images, kListed))},
                        {"suspected_label_errors", suspicion_json(images, suspicion)},
                        {"suspected_count", suspicion.places.size()},
                        {"suspected_method", interpret::kSuspicionMethod},
                        {"suspected_thresholds", thresholds}};
  study.files.publish_json("misclassified.json", document);
  draw_mistakes(study, images, of_digit);
  draw_suspicions(study, images, suspicion);
  study.document["misclassified"] = {{"images", all},
                                     {"digit", study.options.digit},
                                     {"of_digit", of_digit},
                                     {"suspected_label_errors", suspicion.places.size()}};
}

}  // namespace

const Judgement& judge(Study& study) {
  if (study.judgement) return *study.judgement;
  const auto made = std::make_shared<Judgement>();
  StageProgress progress(study.global, "predictions");
  inference::EvaluateOptions how;
  how.group = study.group;
  how.progress = [&](std::int64_t done, std::int64_t total) {
    progress.show(done, total);
    study.check_stop();
  };
  if (study.first()) {
    how.on_prediction = [&](std::int64_t row, int label, const metric::Prediction& prediction) {
      const auto index = static_cast<std::int64_t>(made->images.size());
      made->images.push_back({row, index, label, prediction});
      made->table.add(row, label, prediction);
    };
  }
  network::Network network = network::load_network(study.file);
  network.to(study.hardware.device);
  auto folded = network::fold_batch_norm(std::move(network));
  made->result =
      inference::evaluate(folded.network, study.data, study.split, study.plan_of(study.split), how);
  made->result.model = study.file.record().name;
  study.judgement = made;
  return *made;
}

void study_predictions(Study& study) {
  const Judgement& judgement = judge(study);
  ordered_json document = metric::evaluation_json(judgement.result);
  if (study.data.synthetic()) document["synthetic"] = true;
  study.files.publish_json("evaluation.json", document);
  judgement.table.write(study.files.path("predictions.csv"));
  study.files.publish("predictions.csv");
  study.document["accuracy"] = judgement.result.accuracy;
  study.document["loss"] = judgement.result.loss;
  if (study.wants("confusion")) study_confusion(study, judgement.result);
  study.check_stop();
  if (study.wants("misclassified")) study_mistakes(study, judgement.images);
  study.check_stop();
}

}  // namespace svhn::cli
