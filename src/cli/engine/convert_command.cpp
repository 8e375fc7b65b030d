#include <algorithm>
#include <cctype>
#include <string_view>

#include "cli/commands.h"
#include "cli/console.h"
#include "cli/engine/convert_curves.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "data/preprocess.h"
#include "formats/hdf5/file.h"
#include "formats/safetensors/safetensors.h"
#include "formats/torch/torch_archive.h"
#include "model/keras/import.h"
#include "model/model_file.h"
#include "model/plan.h"
#include "model/pretrained/reader.h"

namespace svhn::cli {
namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ExitCode;

enum class Input { hdf5, torch, pickle, safetensors };

/// What a file is, by its first bytes.
Input input_of(const fs::path& path) {
  const core::MappedFile file(path, ExitCode::model);
  const auto bytes = file.bytes();
  if (formats::is_hdf5(bytes)) return Input::hdf5;
  if (formats::is_torch_archive(bytes)) return Input::torch;
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()),
                               std::min<std::size_t>(bytes.size(), 9));
  if (start.size() > 2 && start[0] == '\x80' && start[1] >= 2 && start[1] <= 5) return Input::pickle;
  if (start.size() == 9 && start[8] == '{') return Input::safetensors;
  throw Error(ExitCode::model,
              "'" + path.string() + "' is neither HDF5, a PyTorch file, a pickle nor safetensors",
              "convert reads Keras' .h5, PyTorch's .pth, safetensors, and pickled learning curves");
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

std::string grouped(std::size_t number) {
  std::string text = std::to_string(number);
  for (std::size_t place = text.size(); place > 3;) text.insert(place -= 3, ",");
  return text;
}

std::size_t count_numbers(const std::vector<model::WeightArray>& arrays) {
  std::size_t count = 0;
  for (const model::WeightArray& array : arrays) count += array.values.size();
  return count;
}

/// Keras' files do not say how their input was made; the assignment's notebooks fed flat or single-channel
/// images after greyscale and min-max scaling of each split, and colour ones as they were.
data::Preprocessing assumed_preprocessing(const fs::path& path, const model::Shape& input) {
  data::Preprocessing result;
  // The training split is not known; its bytes are taken to cover the whole range, as real splits do.
  result.train.max = 1.0;
  result.train.grey_max = 1.0;
  if (input[0] == 1) result.steps = {data::PreprocessStep::greyscale, data::PreprocessStep::minmax_per_split};
  if (input[0] == 1 || input[0] == 3) return result;
  throw Error(
      ExitCode::model,
      "'" + path.string() + "': its input has " + std::to_string(input[0]) + " channels; digits have 1 or 3",
      "convert models of greyscale or RGB images");
}

std::string model_text(const ConvertOptions& options, const model::KerasModel& model,
                       const data::Preprocessing& preprocessing) {
  const bool grey = !preprocessing.steps.empty();
  std::string text = options.output.string() + ": Keras model, " + std::to_string(model.spec.layers.size()) +
                     " layers, " + grouped(count_numbers(model.arrays)) + " parameters\n";
  text += "  input          " + model::shape_text(model.keras_input) + " in Keras, " +
          model::shape_text(model.input) + " here (channels first)\n";
  text += std::string("  preprocessing  ") +
          (grey ? "assumed: greyscale, minmax_per_split" : "assumed: none (pixels / 255)") +
          "; a Keras file does not say\n";
  if (grey)
    text +=
        "                 'evaluate' takes each split's own range; 'predict' assumes that the training\n"
        "                 pixels covered 0 to 255\n";
  for (const std::string& note : model.notes) text += "  note           " + note + "\n";
  return text;
}

/// The model's name: the input file's without its ending.
std::string model_name(const fs::path& path) {
  std::string name = path.stem().string();
  const auto allowed = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
  };
  std::replace_if(
      name.begin(), name.end(), [&](char c) { return !allowed(c); }, '_');
  return name;
}

void convert_model(const ConvertOptions& options, const formats::Hdf5File& file) {
  const model::KerasModel model = model::import_keras_model(file);
  const data::Preprocessing preprocessing = assumed_preprocessing(options.input, model.input);
  const model::ModelRecord record{model_name(options.input), model.input, model.spec,
                                  data::preprocessing_to_json(preprocessing), false};
  write_arrays(options.output, model.arrays, model::record_metadata(record, "model"));
  print_text(model_text(options, model, preprocessing));
}

void convert_weights(const ConvertOptions& options) {
  const model::WeightSource source = model::open_weights(options.input);
  const std::string origin(model::origin_name(source.origin));
  write_arrays(options.output, source.arrays, {{"format", "svhn-weights-1"}, {"origin", origin}});
  print_text(options.output.string() + ": weights from " + source.format + ", " +
             std::to_string(source.arrays.size()) + " arrays, " + grouped(count_numbers(source.arrays)) +
             " numbers; names as " +
             (source.origin == model::WeightOrigin::keras ? "in Keras" : "in the file") + "\n");
}

void convert_curves(const ConvertOptions& options) {
  need_extension(options, ".json", "learning curves");
  const PickledCurves curves = read_pickled_curves(options.input);
  core::write_text_file(options.output, curves.text, ExitCode::data);
  print_text(options.output.string() + ": " + curves.description + "\n");
}

/// A file of this program would lose what it says besides its weights.
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

int run_convert(const ConvertOptions& options, const GlobalOptions&) {
  const Input input = input_of(options.input);
  if (input == Input::pickle) {
    convert_curves(options);
    return 0;
  }
  need_extension(options, ".safetensors", "models and weights");
  if (input == Input::safetensors) refuse_own(options.input);
  if (input == Input::hdf5) {
    const formats::Hdf5File file(options.input, ExitCode::model);
    if (model::holds_keras_model(file)) {
      convert_model(options, file);
      return 0;
    }
  }
  convert_weights(options);
  return 0;
}

}  // namespace svhn::cli
