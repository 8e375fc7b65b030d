#include "model/keras/import.h"

#include <algorithm>

#include "core/error.h"
#include "core/json.h"
#include "formats/zip/zip_file.h"
#include "model/keras/conversion.h"
#include "model/keras/pixels.h"
#include "model/plan.h"
#include "model/spec_json.h"

namespace svhn::model {
namespace {

using core::ExitCode;

constexpr const char* kConfig = "config.json";
constexpr const char* kMetadata = "metadata.json";
constexpr const char* kWeights = "model.weights.h5";

/// A final softmax is not applied; any other function changes the logits. Ten sigmoids are ten probabilities
/// of their own. Given that exactly one digit is there, those of the digits are the softmax of the same
/// logits.
void settle_end(KerasModel& model) {
  Operation& last = model.spec.layers.back().op;
  const Activation activation = activation_of(last);
  if (activation == Activation::softmax) return;
  if (activation != Activation::sigmoid) {
    model.notes.emplace_back("the model does not end in softmax: its outputs are read as logits");
    return;
  }
  set_activation(last, Activation::softmax);
  model.notes.emplace_back(
      "the model ends in sigmoid: here it is softmax of the same numbers, the probabilities given that "
      "exactly "
      "one digit is there");
}

/// @param config the description of the model. @param version Keras', such as "3.5.0".
KerasModel convert(const std::filesystem::path& file, const std::string& config, KerasArrays& arrays,
                   const std::string& version) {
  const KerasTopology topology = read_keras_topology(file.string(), config);
  KerasModel model = KerasConversion(topology, arrays, version.starts_with("3") ? 3 : 2).run();
  scale_pixels(model);
  settle_end(model);
  try {
    // What reads the file that is written checks ranges, too.
    static_cast<void>(
        model_from_json(nlohmann::json(model_to_json(model.spec)), "the network", ExitCode::model));
    model.output = plan_network(model.spec, model.input, {0, ExitCode::model}).output();
  } catch (const core::Error& error) {
    throw core::Error(ExitCode::model, "'" + file.string() + "': " + error.what(), error.hint());
  }
  return model;
}

std::string entry_text(const formats::ZipFile& zip, const char* name) {
  const formats::ZipEntry* entry = zip.find(name);
  if (entry == nullptr)
    throw core::Error(ExitCode::model, "'" + zip.path().string() + "': the archive has no '" + name + "'",
                      "expected a file that model.save('NAME.keras') wrote");
  if (entry->bytes > core::JsonLimits().max_bytes)
    throw core::Error(ExitCode::model, "'" + zip.path().string() + "': its '" + name + "' is too long",
                      "the file is not what it says it is");
  const std::vector<std::byte> bytes = zip.read(*entry);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// @returns Keras' version; "" where the archive does not tell.
std::string archive_version(const formats::ZipFile& zip) {
  if (zip.find(kMetadata) == nullptr) return "";
  const auto metadata = core::parse_json_strict(
      entry_text(zip, kMetadata), "'" + zip.path().string() + "': " + kMetadata, ExitCode::model);
  return metadata.is_object() ? text_of(metadata, "keras_version") : "";
}

}  // namespace

bool holds_keras_model(const formats::Hdf5File& file) {
  return file.texts("", "model_config").has_value();
}

KerasModel import_keras_model(const formats::Hdf5File& file) {
  const auto config = file.texts("", "model_config");
  if (!config || config->size() != 1) file.fail("the file describes no Keras model (no 'model_config')");
  const auto version = file.texts("", "keras_version");
  const auto arrays = keras_h5_arrays(file);
  return convert(file.path(), config->front(), *arrays, version && !version->empty() ? version->front() : "");
}

KerasModel import_keras_archive(const std::filesystem::path& path) {
  const formats::ZipFile zip(path, ExitCode::model);
  const std::string config = entry_text(zip, kConfig);
  const formats::ZipEntry* weights = zip.find(kWeights);
  if (weights == nullptr)
    throw core::Error(ExitCode::model, "'" + path.string() + "': the archive has no '" + kWeights + "'",
                      "save the model in one file: model.save('NAME.keras')");
  const formats::Hdf5File file(zip.read(*weights), path / kWeights, ExitCode::model);
  const auto arrays = keras_archive_arrays(file);
  return convert(path, config, *arrays, archive_version(zip));
}

}  // namespace svhn::model
