// Predictions for a split: confusion matrix, misclassified images, suspected label errors.

#include <spdlog/fmt/fmt.h>

#include "cli/engine/class_rules.h"
#include "cli/engine/interpret/context.h"
#include "cli/engine/progress.h"
#include "core/error.h"
#include "core/words.h"
#include "inference/evaluate.h"
#include "interpret/misclassified.h"
#include "metric/classes.h"
#include "report/charts/evaluation.h"

namespace svhn::cli {

/// The predictions for a split.
struct Predictions {
  metric::EvaluationResult result;
  std::vector<interpret::PredictedImage> images;
  inference::PredictionTable table;
};

namespace {

using interpret::ImageIndices;
using interpret::PredictedImage;
using metric::class_digit;
using nlohmann::ordered_json;

constexpr std::size_t kRow = 10;     // Pictures in a row, as in the notebook.
constexpr std::size_t kListed = 50;  // Images in each list of misclassified.json.

void interpret_confusion(InterpretContext& context, const metric::EvaluationResult& result) {
  ordered_json document{{"model", result.model},
                        {"split", result.split},
                        {"images", result.images},
                        {"accuracy", result.accuracy}};
  const ordered_json evaluation = metric::evaluation_json(result);
  for (const char* key : {"digits", "confusion_matrix", "most_confused"}) document[key] = evaluation.at(key);
  if (context.data.synthetic()) document["synthetic"] = true;
  context.files.publish_json("confusion.json", document);
  const std::string title = context.title() + ": accuracy " + fmt::format("{:.4f}", result.accuracy);
  for (const char* name : {"confusion.png", "confusion.svg"}) {
    context.files.publish_chart(
        name, report::write_confusion_chart(context.files.path(name), result.confusion, title));
  }
  context.files.publish_kind("confusion", ordered_json::object());
}

ordered_json image_json(const PredictedImage& image) {
  const auto slot = metric::class_slot(image.prediction.predicted);
  return {{"row", image.row},
          {"index", image.index},
          {"true", class_digit(image.true_class)},
          {"predicted", class_digit(image.prediction.predicted)},
          {"probability", image.prediction.probabilities[slot]},
          {"loss", image.prediction.loss}};
}

ordered_json images_json(const std::vector<PredictedImage>& images, const ImageIndices& indices) {
  ordered_json list = ordered_json::array();
  for (const std::size_t index : indices) list.push_back(image_json(images[index]));
  return list;
}

ordered_json label_errors_json(const std::vector<PredictedImage>& images,
                               const interpret::LabelErrors& errors) {
  ordered_json list = ordered_json::array();
  for (std::size_t i = 0; i < std::min(errors.indices.size(), kListed); ++i) {
    const PredictedImage& image = images[errors.indices[i]];
    ordered_json entry = image_json(image);
    entry["suggested"] = class_digit(errors.suggested[i]);
    entry["self_confidence"] = image.prediction.probabilities[metric::class_slot(image.true_class)];
    list.push_back(entry);
  }
  return list;
}

std::vector<report::Tile> tiles_of(const InterpretContext& context, const std::vector<PredictedImage>& images,
                                   ImageIndices indices, std::size_t limit, bool with_loss) {
  indices.resize(std::min(indices.size(), limit));
  std::vector<report::Tile> tiles;
  for (const std::size_t index : indices) {
    const PredictedImage& image = images[index];
    tiles.push_back(context.picture(image.row));
    tiles.back().captions = {"Predicted " + std::to_string(class_digit(image.prediction.predicted)),
                             "Actual " + std::to_string(class_digit(image.true_class))};
    if (with_loss) tiles.back().captions.push_back(fmt::format("Loss {:.1f}", image.prediction.loss));
  }
  return tiles;
}

/// @returns which mistakes of a digit are shown.
std::string shown_mistakes(std::size_t of_digit) {
  if (of_digit == 0) return "no image of this digit is misclassified";
  const std::string all = core::counted(static_cast<std::int64_t>(of_digit), "mistake");
  if (of_digit > kRow)
    return "the first " + std::to_string(kRow) + " of " + all + ", in the order of the split";
  return of_digit == 1 ? "its only mistake" : "all " + all + ", in the order of the split";
}

void draw_mistakes(InterpretContext& context, const std::vector<PredictedImage>& images,
                   std::size_t of_digit) {
  const int wanted = data::class_of_digit(context.options.digit);
  const std::string digit = std::to_string(context.options.digit);
  const report::Grid grid{.title = "Misclassified images of the digit " + digit,
                          .note = context.title() + ": " + shown_mistakes(of_digit),
                          .columns = static_cast<int>(kRow)};
  const auto first = interpret::first_misclassified(images, wanted, kRow);
  report::write_image_grid(context.files.path("misclassified.png"),
                           tiles_of(context, images, first, kRow, false), grid);
  context.files.publish("misclassified.png");
  const auto worst = interpret::worst_misclassified(images, 2 * kRow);
  report::write_image_grid(
      context.files.path("worst.png"), tiles_of(context, images, worst, 2 * kRow, true),
      {.title = "The worst mistakes",
       .note = context.title() + (worst.empty() ? ": no image is misclassified"
                                                : ": the largest losses of all digits, largest first")});
  context.files.publish("worst.png");
}

void draw_label_errors(InterpretContext& context, const std::vector<PredictedImage>& images,
                       const interpret::LabelErrors& errors) {
  std::vector<report::Tile> tiles;
  for (std::size_t i = 0; i < std::min(errors.indices.size(), 2 * kRow); ++i) {
    const PredictedImage& image = images[errors.indices[i]];
    const double held = image.prediction.probabilities[metric::class_slot(errors.suggested[i])];
    tiles.push_back(context.picture(image.row));
    tiles.back().captions = {"Label " + std::to_string(class_digit(image.true_class)),
                             "Model says " + std::to_string(class_digit(errors.suggested[i])),
                             fmt::format("{:.1f} %", 100.0 * held)};
  }
  const auto found = static_cast<std::int64_t>(errors.indices.size());
  const std::string which = found == 0
                                ? "in no image does the model confidently see another digit"
                                : "of " + core::counted(found, "image") +
                                      " in which the model confidently sees another digit, those with the "
                                      "least likely labels";
  report::write_image_grid(context.files.path("label_errors.png"), tiles,
                           {.title = "Possible label errors", .note = context.title() + ": " + which});
  context.files.publish("label_errors.png");
}

void interpret_mistakes(InterpretContext& context, const std::vector<PredictedImage>& images) {
  const int wanted = data::class_of_digit(context.options.digit);
  const std::size_t of_digit = interpret::first_misclassified(images, wanted, images.size()).size();
  const std::size_t all = interpret::worst_misclassified(images, images.size()).size();
  const auto errors = interpret::suspected_label_errors(images);
  ordered_json thresholds;
  for (int digit = 0; digit < metric::kClasses; ++digit) {
    thresholds[std::to_string(digit)] = errors.thresholds[metric::class_slot(data::class_of_digit(digit))];
  }
  ordered_json document{
      {"model", context.name()},
      {"split", context.options.split},
      {"digit", context.options.digit},
      {"mistakes", all},
      {"mistakes_of_digit", of_digit},
      {"first", images_json(images, interpret::first_misclassified(images, wanted, kListed))},
      {"worst", images_json(images, interpret::worst_misclassified(images, kListed))},
      {"suspected_label_errors", label_errors_json(images, errors)},
      {"suspected_count", errors.indices.size()},
      {"suspected_method", interpret::kLabelErrorMethod},
      {"suspected_thresholds", thresholds}};
  context.files.publish_json("misclassified.json", document);
  draw_mistakes(context, images, of_digit);
  draw_label_errors(context, images, errors);
  context.files.publish_kind("misclassified", {{"digit", context.options.digit}});
  context.document["misclassified"] = {{"images", all},
                                       {"digit", context.options.digit},
                                       {"of_digit", of_digit},
                                       {"suspected_label_errors", errors.indices.size()}};
}

}  // namespace

const Predictions& predict_split(InterpretContext& context) {
  if (context.predictions) return *context.predictions;
  const auto made = std::make_shared<Predictions>();
  StageProgress progress(context.global, "predictions");
  inference::EvaluateOptions how;
  how.batch_size = inference::batch_size_for(context.network.input_shape());
  how.group = context.group;
  how.progress = [&](std::int64_t done, std::int64_t total) {
    progress.show(done, total);
    context.check_stop();
  };
  if (context.first()) {
    how.on_prediction = [&](std::int64_t row, int label, const metric::Prediction& prediction) {
      const auto index = static_cast<std::int64_t>(made->images.size());
      made->images.push_back({row, index, label, prediction});
      made->table.add(row, label, prediction);
    };
  }
  if (context.options.models.several()) {
    const GlobalOptions as_ever;  // In float32.
    made->result =
        context.models.load({}, as_ever, context.hardware).evaluate(context.data, context.split, how).result;
  } else {
    network::Network network = inference::load_for_inference(context.file, context.hardware.device);
    made->result =
        inference::evaluate(network, context.data, context.split, context.plan_of(context.split), how);
  }
  made->result.model = context.name();
  context.predictions = made;
  return *made;
}

void interpret_predictions(InterpretContext& context) {
  const Predictions& predictions = predict_split(context);
  ordered_json document = metric::evaluation_json(predictions.result);
  document["fingerprint"] = context.files.about().split_fingerprint;
  if (context.data.synthetic()) document["synthetic"] = true;
  context.add_models(document);
  context.files.publish_json("evaluation.json", document);
  predictions.table.write(context.files.path("predictions.csv"));
  context.files.publish("predictions.csv");
  context.files.publish_kind("evaluation", ordered_json::object());
  context.document["accuracy"] = predictions.result.accuracy;
  context.document["loss"] = predictions.result.loss;
  const auto finding = find_class_rule(predictions.result, context.file.record(), context.data);
  if (finding && !context.options.models.several())
    context.document["class_rule"] = {{"accuracy", finding->accuracy}, {"advice", finding->advice}};
  if (context.wants("confusion")) interpret_confusion(context, predictions.result);
  context.check_stop();
  if (context.wants("misclassified")) interpret_mistakes(context, predictions.images);
  context.check_stop();
}

}  // namespace svhn::cli
