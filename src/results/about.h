#pragma once
/// Of what the results in a folder are: about.json. Results of one model on one split of one prepared file
/// share a folder; whatever differs in one of these gets another.

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "data/prepared.h"
#include "model/model_file.h"

namespace svhn::results {

inline constexpr const char* kAboutFile = "about.json";
inline constexpr const char* kResultsFolder = "results";  ///< Within a run folder.

/// A kind of results.
struct Kind {
  const char* name;
  const char* file;  ///< A file that every result of the kind has.
};

inline constexpr std::array<Kind, 8> kKinds{{{"evaluation", "evaluation.json"},
                                             {"robustness", "robustness.json"},
                                             {"confusion", "confusion.json"},
                                             {"misclassified", "misclassified.json"},
                                             {"activations", "activations.safetensors"},
                                             {"embeddings", "embeddings.safetensors"},
                                             {"tsne", "tsne.safetensors"},
                                             {"saliency", "saliency.safetensors"}}};

struct ModelOf {
  std::string name;   ///< As in the model file.
  std::string file;   ///< Name of the file.
  std::string which;  ///< "best": NAME.best.safetensors, "last": NAME.safetensors, else "other".
  std::optional<std::int64_t> epoch;
  std::string digest;  ///< See `model_digest`.
};

struct DataOf {
  std::string file;  ///< Path as it was given.
  bool synthetic = false;
  std::int64_t images = 0;
  std::string fingerprint;  ///< See `data::data_fingerprint`.
  std::string source;
  std::string label_rule;
};

struct About {
  ModelOf model;
  DataOf data;
  std::string split;
  std::int64_t split_images = 0;
  std::string split_fingerprint;  ///< See `data::split_fingerprint`.
  std::string precision;          ///< "float32" or "bfloat16".
  std::string date;               ///< Of the last result.
  std::string version;            ///< Of svhn, then.
  /// The results that are there, with the options of each: "misclassified": {"digit": 3}.
  std::map<std::string, nlohmann::ordered_json> kinds;
};

/// @returns a hash of all weights, 16 hexadecimal digits.
std::string weights_digest(const model::ModelFile& file);
/// @returns a hash of all that decides a model's outputs: weights, layers, input and preprocessing.
std::string model_digest(const model::ModelFile& file);

/// @returns "best" for NAME.best.safetensors, "last" for NAME.safetensors, "other" for a checkpoint and for
/// any other file, where NAME is the model's own name.
std::string which_model(const std::filesystem::path& path, const model::ModelFile& file);

/// @param path of the model file. @param precision "float32" or "bfloat16".
/// @returns what is known before there is a result: no kinds. The epoch is that of the run's summary.json;
/// the date is now.
About describe(const std::filesystem::path& path, const model::ModelFile& file,
               const data::PreparedData& data, data::Split split, const std::string& precision);

/// @returns whether two are of the same model, data, split and precision.
bool same_subject(const About& a, const About& b);
/// @returns "best-test-1f3a09bc": which model (the stem of any other file), the split, and a hash of model,
/// data, split and precision.
std::string folder_name(const About& about);

nlohmann::ordered_json about_json(const About& about);
/// Reads an about.json. @throws core::Error(data) naming the file and the position in it.
About read_about(const std::filesystem::path& path);

}  // namespace svhn::results
