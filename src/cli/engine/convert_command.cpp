#include <algorithm>
#include <cctype>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/commands/convert.h"
#include "cli/console.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/text.h"
#include "data/preprocess.h"
#include "formats/hdf5/file.h"
#include "formats/pickle/column.h"
#include "formats/pickle/globals.h"
#include "formats/pickle/pickle.h"
#include "formats/safetensors/safetensors.h"
#include "formats/torch/torch_archive.h"
#include "formats/zip/zip_file.h"
#include "metric/history.h"
#include "model/keras/import.h"
#include "model/model_file.h"
#include "model/plan.h"
#include "model/pretrained/reader.h"
#include "model/summary.h"

namespace svhn::cli {
namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ExitCode;
using formats::Pickle;
using formats::PickledScalar;
using formats::PickleKind;
using formats::PickleValue;

constexpr std::int64_t kSide = 32;  // Of a digit's image, pixels.

enum class Input { hdf5, keras, torch, pickle, safetensors };

/// @returns the kind of file, found by its first bytes.
Input input_of(const fs::path& path) {
  const core::MappedFile file(path, ExitCode::model);
  const auto bytes = file.bytes();
  if (formats::is_hdf5(bytes)) return Input::hdf5;
  if (formats::is_zip(bytes)) return model::is_keras_archive(path) ? Input::keras : Input::torch;
  if (formats::is_torch_archive(bytes)) return Input::torch;
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()),
                               std::min<std::size_t>(bytes.size(), 9));
  if (start.size() > 2 && start[0] == '\x80' && start[1] >= 2 && start[1] <= 5) return Input::pickle;
  if (start.size() == 9 && start[8] == '{') return Input::safetensors;
  throw Error(
      ExitCode::model, "'" + path.string() + "' is neither HDF5, a PyTorch file, a pickle nor safetensors",
      "convert reads Keras' .keras and .h5, PyTorch's .pth, safetensors, and pickled learning curves");
}

void need_extension(const ConvertOptions& options, const std::string& extension, const char* what) {
  if (options.output.extension() == extension) return;
  throw Error(ExitCode::usage,
              "'" + options.output.string() + "': " + what + " become a " + extension + " file",
              "name the output with the ending " + extension);
}

std::span<const std::byte> bytes_of(const std::vector<float>& values) {
  return std::as_bytes(std::span(values));
}

void write_arrays(const fs::path& path, const std::vector<model::WeightArray>& arrays,
                  const std::map<std::string, std::string>& metadata) {
  std::vector<formats::TensorToWrite> tensors;
  for (const model::WeightArray& array : arrays)
    tensors.push_back({array.name, formats::DType::f32, array.shape, bytes_of(array.values)});
  formats::write_safetensors(path, tensors, metadata, ExitCode::model);
}

/// @returns how many numbers the arrays hold, as text.
std::string count_text(const std::vector<model::WeightArray>& arrays) {
  std::size_t count = 0;
  for (const model::WeightArray& array : arrays) count += array.values.size();
  return core::with_thousands(static_cast<std::int64_t>(count));
}

/// Refuses inputs that no digit has.
void check_input(const fs::path& path, const model::Shape& input) {
  const std::string title = "'" + path.string() + "': its input has ";
  if (input[0] != 1 && input[0] != 3)
    throw Error(ExitCode::model, title + std::to_string(input[0]) + " channels; digits have 1 or 3",
                "convert models of greyscale or RGB images");
  if (input[1] == kSide && input[2] == kSide) return;
  const std::string size = std::to_string(input[1]) + ", " + std::to_string(input[2]);
  throw Error(
      ExitCode::model,
      title + std::to_string(input[1]) + "x" + std::to_string(input[2]) + " pixels; digits have 32x32",
      "put a layer before it: keras.Sequential([Input((32, 32, " + std::to_string(input[0]) +
          ")), Resizing(" + size + "), model])");
}

/// A Keras file does not record how its input was preprocessed. The assignment's notebooks converted images
/// for single-channel networks to grey and scaled each split to its minimum and maximum; they fed colour
/// images unchanged.
data::Preprocessing assumed_preprocessing(const model::KerasModel& model) {
  data::Preprocessing result;
  // The training split is unknown: assume that its bytes cover 0 to 255, as those of real splits do.
  result.train.max = 1.0;
  result.train.grey_max = 1.0;
  if (model.input[0] == 1) result.steps = {data::PreprocessStep::greyscale};
  if (model.input[0] == 1 && !model.scales_pixels)
    result.steps.push_back(data::PreprocessStep::minmax_per_split);
  return result;
}

/// @returns the lines about the preprocessing.
std::string preprocessing_text(const data::Preprocessing& preprocessing) {
  const std::size_t steps = preprocessing.steps.size();
  std::string text = "  preprocessing  ";
  text += steps == 0   ? "assumed: none (pixels / 255)"
          : steps == 1 ? "assumed: greyscale"
                       : "assumed: greyscale, minmax_per_split";
  text += "; a Keras file does not say\n";
  if (steps < 2) return text;
  return text +
         "                 'evaluate' takes each split's own range; 'predict' assumes that the training\n"
         "                 pixels covered 0 to 255\n";
}

std::string model_text(const ConvertOptions& options, const model::KerasModel& model,
                       const data::Preprocessing& preprocessing) {
  std::string text = options.output.string() + ": Keras model, " + std::to_string(model.spec.layers.size()) +
                     " layers, " + count_text(model.arrays) + " parameters\n";
  text += "  input          " + model::shape_text(model.keras_input) + " in Keras, " +
          model::shape_text(model.input) + " here (channels first)\n";
  text += preprocessing_text(preprocessing);
  for (const std::string& note : model.notes) text += "  note           " + note + "\n";
  return text;
}

/// @returns the model's name: the input file's name without its extension.
std::string model_name(const fs::path& path) {
  std::string name = path.stem().string();
  const auto allowed = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
  };
  std::replace_if(
      name.begin(), name.end(), [&](char c) { return !allowed(c); }, '_');
  return name;
}

void convert_model(const ConvertOptions& options, const model::KerasModel& model) {
  check_input(options.input, model.input);
  const data::Preprocessing preprocessing = assumed_preprocessing(model);
  const model::ModelRecord record{model_name(options.input), model.input, model.spec,
                                  data::preprocessing_to_json(preprocessing), false};
  write_arrays(options.output, model.arrays, model::record_metadata(record, "model"));
  print_text(model_text(options, model, preprocessing));
}

void convert_weights(const ConvertOptions& options) {
  const model::WeightSource source = model::open_weights(options.input);
  if (source.arrays.empty())
    throw Error(ExitCode::model, "'" + options.input.string() + "' holds no weights",
                "check that this is the right file");
  const std::string origin(model::origin_name(source.origin));
  write_arrays(options.output, source.arrays, {{"format", "svhn-weights-1"}, {"origin", origin}});
  print_text(options.output.string() + ": weights from " + source.format + ", " +
             std::to_string(source.arrays.size()) + " arrays, " + count_text(source.arrays) +
             " numbers; names as " +
             (source.origin == model::WeightOrigin::keras ? "in Keras" : "in the file") + "\n");
}

constexpr std::size_t kMostCurves = 100;
constexpr const char* kCurvesHint =
    "expected the dict that fit() leaves in history.history, saved with pickle.dump";

/// Learning curves that were pickled in Python: `pickle.dump(model.fit(…).history, file)`.
struct PickledCurves {
  std::string text;         ///< JSON with Keras' keys, ended by a newline.
  std::string description;  ///< "4 curves of 50 epochs", and what was left out.
};

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
  return curves;
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

/// Reads a dict of lists of numbers (Python's or numpy's). `acc` and `val_acc` become `accuracy` and
/// `val_accuracy`, `lr` becomes `learning_rate`. With all of Keras' four curves the result is a history as
/// `train` writes it; otherwise every curve under its own name.
/// @throws core::Error(data) for anything else, and for curves of different lengths; core::Error(numeric) for
/// numbers that are not finite.
PickledCurves read_pickled_curves(const fs::path& path) {
  const core::MappedFile file(path, ExitCode::data);
  formats::PickleOptions options;
  options.file = path.string();
  options.purpose = "a history of learning curves";
  options.globals = formats::frame_globals();
  std::vector<Curve> curves = read_curves(Pickle(file.bytes(), options));
  const std::size_t epochs = curves.front().second.size();
  metric::History history;
  if (take_history(curves, history)) return as_history(history, curves);
  nlohmann::ordered_json json;
  for (const auto& [name, values] : curves) json[name] = values;
  return {json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n",
          std::to_string(curves.size()) + " curves of " + std::to_string(epochs) +
              " epochs (not all of loss, accuracy, val_loss, val_accuracy)"};
}

void convert_curves(const ConvertOptions& options) {
  need_extension(options, ".json", "learning curves");
  const PickledCurves curves = read_pickled_curves(options.input);
  core::write_text_file(options.output, curves.text, ExitCode::data);
  print_text(options.output.string() + ": " + curves.description + "\n");
}

/// Refuses svhn's own files: a conversion would keep their weights and drop everything else.
void refuse_own(const fs::path& path) {
  const formats::SafetensorsFile file(path, ExitCode::model);
  const auto format = file.metadata().find("format");
  const bool own = format != file.metadata().end() &&
                   (format->second.starts_with("svhn-model") || format->second.starts_with("svhn-prepared"));
  if (own)
    throw Error(ExitCode::model, "'" + path.string() + "' is a file of this program already",
                "use it as it is");
}

}  // namespace

int run_command(const ConvertOptions& options, const GlobalOptions&) {
  const Input input = input_of(options.input);
  if (input == Input::pickle) {
    convert_curves(options);
    return 0;
  }
  need_extension(options, ".safetensors", "models and weights");
  if (input == Input::safetensors) refuse_own(options.input);
  if (input == Input::keras) {
    convert_model(options, model::import_keras_archive(options.input));
    return 0;
  }
  if (input == Input::hdf5) {
    const formats::Hdf5File file(options.input, ExitCode::model);
    if (model::holds_keras_model(file)) {
      convert_model(options, model::import_keras_model(file));
      return 0;
    }
  }
  convert_weights(options);
  return 0;
}

}  // namespace svhn::cli
