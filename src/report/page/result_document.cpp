#include "report/page/result_document.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "report/page/base64.h"
#include "report/page/commands.h"

namespace svhn::report {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr std::size_t kSpritesPerCell = 24, kCorrectSpritesPerCell = 12;
constexpr std::uint8_t kUnknown = 255;

/// The sprites of one result's images, by row.
class ResultSprites {
 public:
  ResultSprites(const RunRecord& run, const results::About& about, SpriteSheets& sprites)
      : sprites_(sprites), data_(sprites.find(places(run, about.data.file), about.data.fingerprint)) {}
  int operator()(std::int64_t row) const { return sprites_.add(data_, row); }

 private:
  /// A relative path is relative to the working directory of the command, usually the parent of the run's
  /// output folder.
  static std::vector<fs::path> places(const RunRecord& run, const fs::path& named) {
    if (named.empty()) return {};
    if (named.is_absolute()) return {named};
    return {named, run.folder.parent_path() / ".." / named};
  }

  SpriteSheets& sprites_;
  fs::path data_;
};

Json evaluation_document(const metric::EvaluationResult& result) {
  Json json = metric::evaluation_json(result);
  json.erase("top_k");
  if (result.coverage.steps.empty()) {
    for (const char* key : {"brier_score", "aurc", "coverage_curve"}) json.erase(key);
  }
  json["top_2"] = result.top_2_accuracy;
  json["top_3"] = result.top_3_accuracy;
  json["ece"] = result.expected_calibration_error;
  return json;
}

/// The most confident predictions in each cell of the confusion matrix: [sprite, probability].
Json cells_json(const std::vector<PredictedRow>& predictions, const ResultSprites& sprite) {
  std::map<std::pair<int, int>, std::vector<const PredictedRow*>> cells;
  for (const PredictedRow& row : predictions) cells[{row.true_class, row.predicted}].push_back(&row);
  Json json = Json::object();
  for (auto& [cell, rows] : cells) {
    const std::size_t most = cell.first == cell.second ? kCorrectSpritesPerCell : kSpritesPerCell;
    const auto kept = static_cast<std::ptrdiff_t>(std::min(rows.size(), most));
    std::partial_sort(rows.begin(), rows.begin() + kept, rows.end(), [](const auto* a, const auto* b) {
      return std::pair(-a->probability, a->row) < std::pair(-b->probability, b->row);
    });
    Json list = Json::array();
    for (std::ptrdiff_t i = 0; i < kept; ++i) {
      const PredictedRow& row = *rows[static_cast<std::size_t>(i)];
      const int id = sprite(row.row);
      if (id >= 0) list.push_back(Json::array({id, row.probability}));
    }
    json[std::to_string(cell.first) + "," + std::to_string(cell.second)] = std::move(list);
  }
  return json;
}

Json reliability_json(const metric::ReliabilityBins& bins) {
  Json json = Json::array();
  for (const auto& bin : bins) {
    if (bin.count == 0) continue;
    json.push_back(Json{{"confidence", bin.confidence}, {"accuracy", bin.accuracy}, {"count", bin.count}});
  }
  return json;
}

Json mistakes_json(const Mistakes& mistakes, const ResultSprites& sprite) {
  const auto list = [&](const std::vector<Mistake>& found) {
    Json json = Json::array();
    for (const Mistake& mistake : found) {
      json.push_back(Json{{"sprite", sprite(mistake.row)},
                          {"true", mistake.true_digit},
                          {"predicted", mistake.predicted_digit},
                          {"probability", mistake.probability},
                          {"loss", mistake.loss}});
    }
    return json;
  };
  return Json{{"digit", mistakes.digit},
              {"first", list(mistakes.first)},
              {"worst", list(mistakes.worst)},
              {"suspected", list(mistakes.suspected)}};
}

Json image_json(const ExplainedImage& image, const ResultSprites& sprite) {
  const auto digit = [](const std::optional<int>& known) { return known ? Json(*known) : Json(nullptr); };
  return {{"sprite", sprite(image.row)},
          {"true", digit(image.true_digit)},
          {"predicted", digit(image.predicted_digit)}};
}

Json activations_json(const Activations& activations, const ResultSprites& sprite) {
  Json layers = Json::array();
  for (const LayerMaps& maps : activations.layers) {
    layers.push_back(Json{{"name", maps.name},
                          {"channels", maps.channels},
                          {"shape", maps.shape},
                          {"min", maps.min},
                          {"max", maps.max},
                          {"data", base64_of(maps.values)}});
  }
  Json json = image_json(activations, sprite);
  json["layers"] = std::move(layers);
  return json;
}

std::vector<std::uint8_t> predicted_classes(const ImageMap& map, const std::vector<PredictedRow>& rows) {
  std::unordered_map<std::int64_t, std::uint8_t> known;
  for (const PredictedRow& row : rows) known.emplace(row.row, row.predicted);
  std::vector<std::uint8_t> classes;
  for (const std::int64_t row : map.rows) {
    const auto entry = known.find(row);
    classes.push_back(entry == known.end() ? kUnknown : entry->second);
  }
  return classes;
}

Json map_json(const ImageMap& map, const std::vector<PredictedRow>& predictions,
              const ResultSprites& sprite) {
  std::vector<std::int32_t> sprites;
  for (const std::int64_t row : map.rows) sprites.push_back(sprite(row));
  const auto number = [](const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); };
  Json json{
      {"points", map.points}, {"shown", map.x.size()}, {"split", map.origin.split}, {"layer", map.layer}};
  json["onto"] = map.onto.empty() ? Json(nullptr) : Json(map.onto);
  json["perplexity"] = number(map.perplexity);
  json["kl_divergence"] = number(map.kl_divergence);
  json["x"] = base64_of(map.x);
  json["y"] = base64_of(map.y);
  json["label"] = base64_of(map.classes);
  if (!map.rows.empty()) {
    json["sprite"] = base64_of(sprites);
    json["predicted"] = base64_of(predicted_classes(map, predictions));
  }
  return json;
}

Json saliency_json(const Saliency& saliency, const ResultSprites& sprite) {
  Json classes = Json::array();
  for (const ClassHeat& heat : saliency.classes) {
    Json maps = Json::array();
    for (const HeatMap& map : heat.maps) {
      maps.push_back(Json{{"name", map.name},
                          {"shape", map.shape},
                          {"min", map.min},
                          {"max", map.max},
                          {"signed", map.is_signed},
                          {"data", base64_of(map.values)}});
    }
    classes.push_back(Json{{"digit", heat.digit},
                           {"probability", heat.probability ? Json(*heat.probability) : Json(nullptr)},
                           {"maps", std::move(maps)}});
  }
  Json json = image_json(saliency, sprite);
  json["classes"] = std::move(classes);
  return json;
}

void add_found(Json& json, const Interpretation& found, const ResultSprites& sprite) {
  if (found.evaluation) json["evaluation"] = evaluation_document(*found.evaluation);
  if (found.robustness) json["robustness"] = metric::robustness_json(found.robustness->errors);
  if (!found.predictions.empty()) {
    json["cells"] = cells_json(found.predictions, sprite);
    json["reliability"] = reliability_json(found.reliability);
  }
  if (found.mistakes) json["mistakes"] = mistakes_json(*found.mistakes, sprite);
  if (found.activations) json["activations"] = activations_json(*found.activations, sprite);
  if (found.saliency) json["saliency"] = saliency_json(*found.saliency, sprite);
  if (found.map) json["tsne"] = map_json(*found.map, found.predictions, sprite);
}

Json missing_of(const Json& json, const RunRecord& run, const ResultRecord& result) {
  const auto& [model, data] = std::tie(result.about.model, result.about.data);
  const bool own = result.same_as_training.value_or(false);
  const ModelCommands commands(run.folder.parent_path() / model.file, own ? "" : data.file,
                               result.about.split);
  Json missing = Json::object();
  for (const auto& [part, command] : commands.by_part()) {
    if (!json.contains(part)) missing[part] = command;
  }
  return missing;
}

}  // namespace

Json result_json(const RunRecord& run, std::size_t id, SpriteSheets& sprites) {
  const ResultRecord& result = run.results[id];
  Json json = results::about_json(result.about);
  json.erase("kinds");
  json["id"] = id;
  json["slug"] = result.slug;
  json["primary"] = result.primary;
  json["data"]["same_as_training"] = result.same_as_training ? Json(*result.same_as_training) : Json(nullptr);
  add_found(json, result.found, ResultSprites(run, result.about, sprites));
  json["missing"] = missing_of(json, run, result);
  return json;
}

}  // namespace svhn::report
