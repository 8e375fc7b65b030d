#include "cli/engine/pickled_curves.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "formats/pickle/column.h"
#include "formats/pickle/globals.h"
#include "formats/pickle/pickle.h"
#include "metric/history.h"

namespace svhn::cli {
namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ExitCode;
using formats::Pickle;
using formats::PickledScalar;
using formats::PickleKind;
using formats::PickleValue;

constexpr std::size_t kMostCurves = 100;
constexpr const char* kCurvesHint =
    "expected the dict that fit() leaves in history.history, saved with pickle.dump";

using Curve = std::pair<std::string, std::vector<double>>;

std::string modern_name(std::string_view name) {
  if (name == "acc") return "accuracy";
  if (name == "val_acc") return "val_accuracy";
  return name == "lr" ? "learning_rate" : std::string(name);
}

double curve_value(const Pickle& pickle, const PickledScalar& scalar, const std::string& curve,
                   PickleValue list) {
  if (const auto* integer = std::get_if<std::int64_t>(&scalar)) return static_cast<double>(*integer);
  const auto* floating = std::get_if<double>(&scalar);
  if (floating != nullptr && std::isfinite(*floating)) return *floating;
  if (std::holds_alternative<std::string>(scalar))
    pickle.fail("the curve '" + core::printable(curve) + "' holds text", pickle.position(list), kCurvesHint);
  throw Error(ExitCode::numeric,
              "'" + pickle.options().file + "': the curve '" + core::printable(curve) +
                  "' holds a number that is not finite",
              "the training diverged; JSON has no such numbers");
}

std::vector<Curve> read_curves(const Pickle& pickle) {
  const PickleValue root = pickle.root();
  if (root.kind != PickleKind::dict)
    pickle.fail("the pickle is not a dict of curves", pickle.position(root), kCurvesHint);
  const auto pairs = pickle.items(root);
  if (pairs.empty() || pairs.size() / 2 > kMostCurves)
    pickle.fail("the pickle holds " + std::to_string(pairs.size() / 2) + " curves", 0, kCurvesHint);
  std::vector<Curve> curves;
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
    Curve curve{modern_name(pickle.text(pairs[i])), {}};
    formats::ColumnReader reader(pickle);
    for (const PickledScalar& scalar : reader.read(pairs[i + 1], std::nullopt))
      curve.second.push_back(curve_value(pickle, scalar, curve.first, pairs[i + 1]));
    const bool repeated = std::any_of(curves.begin(), curves.end(),
                                      [&](const Curve& other) { return other.first == curve.first; });
    if (repeated)
      pickle.fail("the curve '" + core::printable(curve.first) + "' is there twice", 0, kCurvesHint);
    if (!curves.empty() && curve.second.size() != curves.front().second.size())
      pickle.fail("the curves are not equally long", pickle.position(pairs[i + 1]), kCurvesHint);
    curves.push_back(std::move(curve));
  }
  if (curves.front().second.empty())
    pickle.fail("the curves have no epochs", pickle.position(root), kCurvesHint);
  return curves;
}

/// Keras names an accuracy after its function where the caller named the function.
void name_accuracies(std::vector<Curve>& curves) {
  const auto find = [&](const std::string& key) {
    return std::find_if(curves.begin(), curves.end(), [&](const Curve& curve) { return curve.first == key; });
  };
  for (const std::string prefix : {"", "val_"}) {
    for (const char* function : {"categorical_accuracy", "sparse_categorical_accuracy"}) {
      const auto found = find(prefix + function);
      if (found != curves.end() && find(prefix + "accuracy") == curves.end())
        found->first = prefix + "accuracy";
    }
  }
}

/// Moves the curves of a history out of `curves`. @returns whether Keras' four are there.
bool take_history(std::vector<Curve>& curves, metric::History& history) {
  const auto find = [&](std::string_view key) {
    return std::find_if(curves.begin(), curves.end(), [&](const Curve& curve) { return curve.first == key; });
  };
  const auto& fields = metric::history_fields();
  const bool complete = std::all_of(fields.begin(), fields.end(), [&](const metric::HistoryField& field) {
    return !field.required || find(field.key) != curves.end();
  });
  if (!complete) return false;
  for (const metric::HistoryField& field : fields) {
    const auto found = find(field.key);
    if (found == curves.end()) continue;
    history.*field.values = std::move(found->second);
    curves.erase(found);
  }
  return true;
}

PickledCurves as_history(const metric::History& history, const std::vector<Curve>& others) {
  PickledCurves result;
  result.text = metric::history_json(history).dump() + "\n";
  result.description = "learning curves of " + std::to_string(history.epochs()) + " epochs";
  for (const Curve& other : others)
    result.description += (&other == &others.front() ? "; left out: " : ", ") + core::printable(other.first);
  return result;
}

}  // namespace

PickledCurves read_pickled_curves(const fs::path& path) {
  const core::MappedFile file(path, ExitCode::data);
  formats::PickleOptions options;
  options.file = path.string();
  options.purpose = "a history of learning curves";
  options.globals = formats::frame_globals();
  std::vector<Curve> curves = read_curves(Pickle(file.bytes(), options));
  name_accuracies(curves);
  const std::size_t epochs = curves.front().second.size();
  metric::History history;
  if (take_history(curves, history)) return as_history(history, curves);
  nlohmann::ordered_json json;
  for (const auto& [name, values] : curves) json[name] = values;
  return {json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n",
          std::to_string(curves.size()) + " curves of " + std::to_string(epochs) +
              " epochs (not all of loss, accuracy, val_loss, val_accuracy)"};
}

}  // namespace svhn::cli
