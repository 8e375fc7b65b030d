#include "report/page/document.h"

#include <openssl/evp.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <span>
#include <unordered_map>

#include "metric/tables.h"

namespace svhn::report {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr std::size_t kSpritesPerCell = 24, kCorrectSpritesPerCell = 12;
constexpr std::size_t kMostTrials = 2'000;
constexpr std::uint8_t kUnknown = 255;

/// @see RFC 4648, section 4
std::string base64(std::span<const std::byte> bytes) {
  std::string text((bytes.size() + 2) / 3 * 4, '\0');
  ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                    reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  return text;
}

/// The values as little-endian bytes, which the page reads as typed arrays.
template <class T>
std::string base64_of(const std::vector<T>& values) {
  return base64(std::as_bytes(std::span(values)));
}

/// The sprites of one run's images, by row.
class RunSprites {
 public:
  RunSprites(const RunRecord& run, SpriteSheets& sprites) : sprites_(sprites), data_(locate(run)) {}
  int operator()(std::int64_t row) const { return sprites_.add(data_, row); }

 private:
  /// A relative path is relative to the working directory of the run, usually the parent of its output
  /// folder.
  static fs::path locate(const RunRecord& run) {
    const fs::path named(run.data);
    std::error_code error;
    if (named.empty() || named.is_absolute() || fs::exists(named, error)) return named;
    const fs::path beside = run.folder.parent_path() / ".." / named;
    return fs::exists(beside, error) ? beside : named;
  }

  SpriteSheets& sprites_;
  fs::path data_;
};

Json history_document(const metric::History& history) {
  Json json = Json::object();
  for (const auto& field : metric::history_fields()) json[std::string(field.key)] = history.*field.values;
  return json;
}

Json ranges_json(const metric::History& history) {
  Json rows = Json::array();
  for (const auto& range : metric::curve_table(history)) {
    rows.push_back(Json{{"name", range.name},
                        {"min", range.min},
                        {"min_epoch", range.min_epoch},
                        {"max", range.max},
                        {"max_epoch", range.max_epoch}});
  }
  return rows;
}

Json evaluation_document(const metric::EvaluationResult& result) {
  Json json = metric::evaluation_json(result);
  json.erase("top_k");
  json["top_2"] = result.top_2_accuracy;
  json["top_3"] = result.top_3_accuracy;
  json["ece"] = result.expected_calibration_error;
  return json;
}

/// The most confident predictions in each cell of the confusion matrix: [sprite, probability].
Json cells_json(const std::vector<PredictedRow>& predictions, const RunSprites& sprite) {
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

Json mistakes_json(const Mistakes& mistakes, const RunSprites& sprite) {
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

Json activations_json(const Activations& activations, const RunSprites& sprite) {
  Json layers = Json::array();
  for (const LayerMaps& maps : activations.layers) {
    layers.push_back(Json{{"name", maps.name},
                          {"channels", maps.channels},
                          {"shape", maps.shape},
                          {"min", maps.min},
                          {"max", maps.max},
                          {"data", base64_of(maps.values)}});
  }
  Json json{{"sprite", sprite(activations.row)}, {"true", nullptr}, {"predicted", nullptr}};
  if (activations.true_digit) json["true"] = *activations.true_digit;
  if (activations.predicted_digit) json["predicted"] = *activations.predicted_digit;
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

Json map_json(const ImageMap& map, const std::vector<PredictedRow>& predictions, const RunSprites& sprite) {
  std::vector<std::int32_t> sprites;
  for (const std::int64_t row : map.rows) sprites.push_back(sprite(row));
  const auto number = [](const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); };
  Json json{{"points", map.points}, {"shown", map.x.size()}, {"split", map.split}, {"layer", map.layer}};
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

/// Quotes a text for a shell command line.
std::string shell_word(const std::string& text) {
  const auto plain = [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("._-/+=:@%").find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (!text.empty() && std::all_of(text.begin(), text.end(), plain)) return text;
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

/// The commands that create missing parts.
Json missing_json(const RunRecord& run) {
  const std::string interpret = "svhn interpret --model " + shell_word(run.model.string()) + " --output " +
                                shell_word((run.folder / "interpret").string());
  return Json{
      {"train", "svhn train --config CONFIG.json --output " + shell_word(run.folder.parent_path().string())},
      {"interpret", interpret},
      {"misclassified", interpret + " --what misclassified"},
      {"activations", interpret + " --what activations"},
      {"tsne", interpret + " --what embeddings,tsne"}};
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

void add_curves(Json& json, const RunRecord& run) {
  for (const char* key :
       {"history", "ranges", "best_epoch", "best_val_accuracy", "seconds", "images_per_second"}) {
    json[key] = nullptr;
  }
  if (!run.history) return;
  const metric::History& history = *run.history;
  const auto best = best_epoch(run);
  json["history"] = history_document(history);
  json["ranges"] = ranges_json(history);
  json["best_epoch"] = best->epoch;
  json["best_val_accuracy"] = best->val_accuracy;
  if (!history.seconds.empty()) {
    json["seconds"] = std::accumulate(history.seconds.begin(), history.seconds.end(), 0.0);
  }
  if (!history.images_per_second.empty()) json["images_per_second"] = mean(history.images_per_second);
}

void add_interpretation(Json& json, const RunRecord& run, const RunSprites& sprite) {
  const Interpretation& found = run.interpretation;
  json["evaluation"] = found.evaluation ? evaluation_document(*found.evaluation) : Json(nullptr);
  json["mistakes"] = found.mistakes ? mistakes_json(*found.mistakes, sprite) : Json(nullptr);
  json["activations"] = found.activations ? activations_json(*found.activations, sprite) : Json(nullptr);
  json["cells"] = cells_json(found.predictions, sprite);
  json["reliability"] = found.predictions.empty() ? Json(nullptr) : reliability_json(found.reliability);
  json["tsne"] = found.map ? map_json(*found.map, found.predictions, sprite) : Json(nullptr);
}

}  // namespace

Json run_json(const RunRecord& run, std::size_t id, SpriteSheets& sprites) {
  const RunSprites sprite(run, sprites);
  Json json{{"id", id},
            {"name", run.name},
            {"synthetic", run.synthetic},
            {"input", run.input},
            {"parameters", nullptr},
            {"facts", Json::array()},
            {"problems", run.problems},
            {"missing", missing_json(run)}};
  for (const auto& [name, text] : run.facts) json["facts"].push_back(Json::array({name, text}));
  if (run.parameters) {
    json["parameters"] = Json{{"total", run.parameters->total},
                              {"trainable", run.parameters->trainable},
                              {"non_trainable", run.parameters->non_trainable}};
  }
  add_curves(json, run);
  add_interpretation(json, run, sprite);
  return json;
}

Json search_json(const metric::TuningResult& search) {
  const auto* best = metric::best_trial(search);
  Json trials = Json::array();
  for (const auto& trial : search.trials) {
    if (trials.size() == kMostTrials) break;
    Json values = Json::object();
    for (const auto& value : trial.values) values[value.name] = value.shown();
    trials.push_back(Json{{"id", trial.id},
                          {"label", trial.label},
                          {"status", metric::trial_status_name(trial.status)},
                          {"values", std::move(values)},
                          {"score", trial.score ? Json(*trial.score) : Json(nullptr)},
                          {"epochs", trial.epochs},
                          {"seconds", trial.seconds},
                          {"error", trial.error}});
  }
  return Json{{"name", search.name + (search.synthetic ? " (synthetic digits)" : "")},
              {"search", search.search},
              {"objective", search.objective},
              {"maximize", search.maximize},
              {"best", best != nullptr ? Json(best->id) : Json(nullptr)},
              {"best_score", best != nullptr && best->score ? Json(*best->score) : Json(nullptr)},
              {"total", search.trials.size()},
              {"trials", std::move(trials)}};
}

Json sheets_json(const SpriteSheets& sprites) {
  Json sheets = Json::array();
  for (const std::string& sheet : sprites.sheets()) sheets.push_back(base64(std::as_bytes(std::span(sheet))));
  return sheets;
}

Json questions_json(const std::vector<Question>& questions) {
  Json list = Json::array();
  for (const Question& question : questions) {
    Json figures = Json::array();
    for (const Figure& figure : question.figures) {
      figures.push_back(Json{{"name", figure.name}, {"theirs", figure.theirs}, {"ours", figure.ours}});
    }
    list.push_back(Json{{"id", question.id},
                        {"title", question.title},
                        {"figures", std::move(figures)},
                        {"finding", question.finding}});
  }
  return list;
}

}  // namespace svhn::report
