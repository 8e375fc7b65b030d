#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <vector>

#include "cli/commands/convert.h"
#include "cli/console.h"
#include "cli/engine/pickled_curves.h"
#include "cli/engine/progress.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/text.h"
#include "core/words.h"
#include "data/preprocess.h"
#include "data/preprocessing_text.h"
#include "formats/file_kind.h"
#include "formats/hdf5/file.h"
#include "formats/safetensors/safetensors.h"
#include "model/keras/classes.h"
#include "model/keras/import.h"
#include "model/model_file.h"
#include "model/onnx/import.h"
#include "model/plan.h"
#include "model/pretrained/reader.h"
#include "model/summary.h"

namespace svhn::cli {
namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ExitCode;
using formats::FileKind;

enum class Input { hdf5, keras, torch, pickle, safetensors, onnx };

/// @returns what can be done with what convert does not read; the advice for images is not for it.
std::string advice_for(FileKind kind) {
  constexpr std::array kImages{FileKind::matlab_5,    FileKind::matlab_7_3,    FileKind::digit_struct,
                               FileKind::numpy_array, FileKind::numpy_archive, FileKind::parquet,
                               FileKind::picture};
  const bool images = std::find(kImages.begin(), kImages.end(), kind) != kImages.end();
  const std::string_view advice = images ? "" : formats::kind_advice(kind);
  if (!advice.empty()) return std::string(advice);
  return "convert reads Keras' .keras and .h5, PyTorch's .pth, safetensors, svhn's own ONNX files, and "
         "pickled learning curves";
}

/// @returns the kind of file, found by its content.
Input input_of(const fs::path& path) {
  switch (const FileKind kind = formats::kind_of_file(path, ExitCode::model)) {
    case FileKind::keras_hdf5:
    case FileKind::hdf5:
      return Input::hdf5;
    case FileKind::keras_archive:
      return Input::keras;
    case FileKind::torch_archive:
    case FileKind::torch_legacy:
      return Input::torch;
    case FileKind::pickle:
      return Input::pickle;
    case FileKind::safetensors:
      return Input::safetensors;
    case FileKind::onnx:
      return Input::onnx;
    case FileKind::unknown:
      throw Error(ExitCode::model,
                  "'" + path.string() + "' is neither HDF5, a PyTorch file, ONNX, a pickle nor safetensors",
                  advice_for(kind));
    default:
      throw Error(ExitCode::model,
                  "'" + path.string() + "' is " + std::string(formats::kind_name(kind)) +
                      ", which convert does not read",
                  advice_for(kind));
  }
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

/// Refuses inputs that no digit can be given as.
void check_input(const fs::path& path, const model::KerasModel& model) {
  const std::string title = "'" + path.string() + "': its input " + model::shape_text(model.keras_input);
  const auto& input = model.input;
  if (input[0] != 1 && input[0] != 3) {
    const std::int64_t first = model.keras_input.front();
    throw Error(ExitCode::model, title + " has " + std::to_string(input[0]) + " channels; digits have 1 or 3",
                first == 1 || first == 3 ? "build it with the channels last, [height,width,channels]"
                                         : "convert a model of greyscale or RGB images");
  }
  if (std::max(input[1], input[2]) <= data::kMostSide) return;
  const std::string most = std::to_string(data::kMostSide);
  throw Error(ExitCode::model, title + " is too large for a digit",
              "convert a model of images of up to " + most + "x" + most + " pixels");
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
std::string assumed_text(const data::Preprocessing& preprocessing) {
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

std::string notes_text(const std::vector<std::string>& notes) {
  std::string text;
  for (const std::string& note : notes) text += "  note           " + note + "\n";
  return text;
}

struct NamedOrder {
  std::string_view name;  ///< As in --classes.
  model::ClassOrder order;
  std::string_view meaning;
};

constexpr std::array<NamedOrder, 3> kOrders{{
    {"index", model::ClassOrder::index, "output 0 is the digit 1, output 9 the digit 0"},
    {"digit", model::ClassOrder::digit, "output i is the digit i"},
    {"svhn", model::ClassOrder::svhn, "Stanford's labels, 10 is the digit 0"},
}};

const NamedOrder& class_order_of(const ConvertOptions& options, const model::KerasModel& model) {
  const model::ClassOrder assumed = model::assumed_class_order(model);
  return *std::find_if(kOrders.begin(), kOrders.end(), [&](const NamedOrder& order) {
    return options.classes == "auto" ? order.order == assumed : order.name == options.classes;
  });
}

/// @returns the lines about the classes.
std::string classes_text(const ConvertOptions& options, const NamedOrder& order) {
  const std::string text = std::string(order.name) + ": " + std::string(order.meaning);
  if (options.classes != "auto") return "  classes        " + text + "\n";
  return "  classes        assumed: " + text +
         "; a Keras file does not say\n"
         "                 ('evaluate' tells when another --classes fits better)\n";
}

std::string model_text(const ConvertOptions& options, const model::KerasModel& model,
                       const data::Preprocessing& preprocessing, const NamedOrder& order) {
  std::string text = options.output.string() + ": Keras model, " + std::to_string(model.spec.layers.size()) +
                     " layers, " + count_text(model.arrays) + " parameters\n";
  const data::ImageSides sides{model.input[1], model.input[2]};
  text += "  input          " + model::shape_text(model.keras_input) + " in Keras, " +
          model::shape_text(model.input) + " here (channels first)" +
          (sides == data::ImageSides{} ? "" : "; images are resized to it") + "\n";
  text += assumed_text(preprocessing) + classes_text(options, order);
  return text + notes_text(model.notes);
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

std::string convert_model(const ConvertOptions& options, model::KerasModel model) {
  check_input(options.input, model);
  const NamedOrder& order = class_order_of(options, model);
  // Of ten outputs Stanford's labels are in the order of the classes here.
  const bool as_here = model.output == model::Shape{data::kClasses} && order.order == model::ClassOrder::svhn;
  model::order_classes(model, order.order, options.input.string());
  const data::Preprocessing preprocessing = assumed_preprocessing(model);
  const model::ModelRecord record{model_name(options.input),
                                  model.input,
                                  model.spec,
                                  data::preprocessing_to_json(preprocessing),
                                  false,
                                  as_here ? "index" : std::string(order.name)};
  write_arrays(options.output, model.arrays, model::record_metadata(record, "model"));
  return model_text(options, model, preprocessing, order);
}

std::string convert_weights(const ConvertOptions& options) {
  const model::WeightSource source = model::open_weights(options.input);
  if (source.arrays.empty())
    throw Error(ExitCode::model, "'" + options.input.string() + "' holds no weights",
                "check that this is the right file");
  const std::string origin(model::origin_name(source.origin));
  write_arrays(options.output, source.arrays, {{"format", "svhn-weights-1"}, {"origin", origin}});
  return options.output.string() + ": weights from " + source.format + ", " +
         core::counted(static_cast<std::int64_t>(source.arrays.size()), "array") + ", " +
         count_text(source.arrays) + " numbers; names as " +
         (source.origin == model::WeightOrigin::keras ? "in Keras" : "in the file") + "\n" +
         notes_text(source.notes);
}

std::string convert_onnx(const ConvertOptions& options) {
  const model::OnnxModel model = model::import_onnx(options.input);
  model::ModelRecord record{model.name.empty() ? model_name(options.input) : model.name, model.input,
                            model.spec, data::preprocessing_to_json(model.preprocessing), model.synthetic};
  record.temperature = model.temperature;
  write_arrays(options.output, model.arrays, model::record_metadata(record, "model"));
  return options.output.string() + ": ONNX model, " +
         core::counted(static_cast<std::int64_t>(model.spec.layers.size()), "layer") + ", " +
         count_text(model.arrays) + " parameters\n  input          " + model::shape_text(model.input) +
         "\n  preprocessing  " + data::preprocessing_text(model.preprocessing) + "\n" +
         (model.temperature == 1.0 ? "" : fmt::format("  temperature    {:.4f}\n", model.temperature));
}

std::string convert_curves(const ConvertOptions& options) {
  need_extension(options, ".json", "learning curves");
  const PickledCurves curves = read_pickled_curves(options.input);
  core::write_text_file(options.output, curves.text, ExitCode::data);
  return options.output.string() + ": " + curves.description + "\n";
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

/// Writes the output. @returns what has been done, as lines.
std::string convert(const ConvertOptions& options) {
  const Input input = input_of(options.input);
  const auto refuse_classes = [&] {
    if (options.classes != "auto")
      throw Error(ExitCode::usage,
                  "--classes is for Keras models, and '" + options.input.string() + "' is none",
                  "leave --classes out");
  };
  if (input == Input::pickle) {
    refuse_classes();
    return convert_curves(options);
  }
  need_extension(options, ".safetensors", "models and weights");
  if (input == Input::safetensors) refuse_own(options.input);
  if (input == Input::keras) return convert_model(options, model::import_keras_archive(options.input));
  if (input == Input::hdf5) {
    const formats::Hdf5File file(options.input, ExitCode::model);
    if (model::holds_keras_model(file)) return convert_model(options, model::import_keras_model(file));
  }
  refuse_classes();
  return input == Input::onnx ? convert_onnx(options) : convert_weights(options);
}

}  // namespace

int run_command(const ConvertOptions& options, const GlobalOptions& global) {
  print_summary(global, with_progress(global, "convert", [&](StageProgress& progress) {
                  progress.tell("'" + options.input.string() + "'");
                  return convert(options);
                }));
  return 0;
}

}  // namespace svhn::cli
