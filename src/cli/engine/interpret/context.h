#pragma once
/// The parts of `svhn interpret`, and the state that they share.

#include <array>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands/interpret.h"
#include "cli/engine/distributed_context.h"
#include "cli/engine/ensemble.h"
#include "cli/engine/kept_results.h"
#include "cli/engine/setup.h"
#include "data/prepared.h"
#include "data/preprocess.h"
#include "inference/session.h"
#include "interpret/activations.h"
#include "model/model_file.h"
#include "network/network.h"
#include "report/charts/chart.h"
#include "report/images/image_grid.h"
#include "results/about.h"

namespace svhn::cli {

/// All files that interpret writes, except the pictures of single layers and classes.
inline constexpr std::array kInterpretFiles{results::kAboutFile,
                                            "evaluation.json",
                                            "predictions.csv",
                                            "confusion.json",
                                            "confusion.png",
                                            "confusion.svg",
                                            "worst.png",
                                            "label_errors.png",
                                            "misclassified.json",
                                            "misclassified.png",
                                            "tsne.json",
                                            "tsne.png",
                                            "tsne.svg",
                                            "activations.safetensors",
                                            "tsne.safetensors",
                                            "saliency.safetensors",
                                            "embeddings.safetensors"};

/// Lists the files that are written to the output folder, and copies those that the report page shows to the
/// model's run folder, unless they are written there.
class InterpretFiles {
 public:
  /// @param output the folder to write to; nothing: where the run folder keeps results, or "interpretation"
  /// without a run folder. @param kept where the run folder keeps results.
  InterpretFiles(const std::optional<std::filesystem::path>& output,
                 const std::optional<std::filesystem::path>& kept, results::About about);

  [[nodiscard]] const std::filesystem::path& output() const { return output_; }
  /// @param placed on the map of `--onto`, so that the run folder keeps its own.
  /// @returns the paths of `kInterpretFiles` in both folders.
  [[nodiscard]] std::vector<std::filesystem::path> all(bool placed) const;
  /// @returns the path of an output file.
  [[nodiscard]] std::filesystem::path path(const std::string& name) const { return output_ / name; }
  /// Lists a file that has been written, and copies it to the run folder. @throws core::Error(data)
  void publish(const std::string& name);
  /// Lists a file without a copy in the run folder.
  void keep(const std::string& name) { names_.push_back(name); }
  /// Writes, lists and copies a JSON file. @throws core::Error(data)
  void publish_json(const std::string& name, const nlohmann::ordered_json& document);
  /// Lists finished results of a kind in about.json, see `list_results`. @param copied whether in the run
  /// folder, too.
  void publish_kind(const std::string& kind, const nlohmann::ordered_json& options, bool copied = true);
  /// Lists and copies a chart, or logs why it was not drawn.
  void publish_chart(const std::string& name, const report::ChartResult& drawn);
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] const results::About& about() const { return about_; }
  /// @returns where the run folder has the results, be it a copy or not; nothing without a run folder.
  [[nodiscard]] const std::optional<std::filesystem::path>& kept() const {
    return in_run_ ? in_run_ : copies_.folder();
  }
  [[nodiscard]] const std::optional<std::filesystem::path>& copies() const { return copies_.folder(); }

 private:
  std::optional<std::filesystem::path> in_run_;  // The output, if the run folder keeps it.
  std::filesystem::path output_;
  KeptResults copies_;
  results::About about_;
  std::vector<std::string> names_;
};

/// The image of `--index`.
struct ChosenImage {
  std::int64_t row = 0;
  std::int64_t index = 0;
  int true_class = 0;
  torch::Tensor pixels;  ///< f32 [1,C,H,W], preprocessed, on the network's device.
};

struct Predictions;
struct EmbeddedSplit;

/// The parts that need a model's answers only, so that they can be of several models together.
inline constexpr std::array kPartsOfAnswers{"confusion", "misclassified"};

/// A loaded model with its data, and the results so far.
struct InterpretContext {
  /// Loads the model, opens the data and initializes the process group, if there are several processes.
  /// @throws core::Error
  InterpretContext(const InterpretCommandOptions& options, const GlobalOptions& global,
                   DistributedContext& processes);

  /// @returns whether the split has enough images for a t-SNE map, or `--onto` names one.
  [[nodiscard]] bool has_map() const;
  /// @returns whether `--what` asks for the part; without `--what` every part that the split allows, and of
  /// several models those that need their answers only.
  [[nodiscard]] bool wants(const std::string& part) const;
  [[nodiscard]] bool wants_predictions() const { return wants("confusion") || wants("misclassified"); }
  [[nodiscard]] bool wants_embeddings() const { return wants("embeddings") || wants("tsne"); }
  /// @returns whether this is rank 0, the only one that draws, writes and prints.
  [[nodiscard]] bool first() const { return group == nullptr || group->rank() == 0; }
  /// @returns the preprocessing of a split.
  [[nodiscard]] data::PreprocessPlan plan_of(data::Split of) const;
  /// @throws core::Error(usage) when the split has no such index.
  [[nodiscard]] ChosenImage chosen_image() const;
  /// @returns the layers of `--layer`, each once.
  [[nodiscard]] std::vector<interpret::LayerChoice> chosen_layers() const;
  /// @returns the model's name, or "ensemble of 3 models".
  [[nodiscard]] std::string name() const { return models.name(); }
  /// Adds "models" and "average" to a document of several models.
  void add_models(nlohmann::ordered_json& to) const;
  /// @returns "model on the test split (synthetic digits)".
  [[nodiscard]] std::string title() const;
  /// @returns the unprocessed image of a row of the data.
  [[nodiscard]] report::Tile picture(std::int64_t row) const;
  /// @returns that image with the sides of the network's input.
  [[nodiscard]] report::Tile input_picture(std::int64_t row) const;
  /// Checks, before any work, that the requested layers, image and map exist and that no file is replaced
  /// that is read.
  /// @throws core::Error
  void check_requests() const;
  /// @throws core::Interrupted when a signal has asked the process to stop.
  void check_stop() const;

  const InterpretCommandOptions& options;
  const GlobalOptions& global;
  ModelFiles models;
  const model::ModelFile& file;  ///< The first of the models.
  data::Preprocessing preprocessing;
  Hardware hardware;
  network::Network network;  ///< Without batch-norm folding, so that every layer has its output.
  data::PreparedData data;
  data::Split split;
  InterpretFiles files;
  distributed::ProcessGroup* group;  ///< Processes that share passes over the data; nullptr for one process.
  std::shared_ptr<const Predictions> predictions;  ///< See `predict_split`.
  std::shared_ptr<const EmbeddedSplit> embedded;   ///< See `embed_split`.
  nlohmann::ordered_json document;                 ///< The results that are printed.
};

/// Predicts the split, once. All processes must call it; only rank 0 gets the predictions.
const Predictions& predict_split(InterpretContext& context);
/// Embeds the split and the images of the map of `--onto`, once. All processes must call it; only rank 0 gets
/// the embeddings.
const EmbeddedSplit& embed_split(InterpretContext& context);

/// confusion.*, misclassified.*, evaluation.json, predictions.csv
void interpret_predictions(InterpretContext& context);
/// activations/*.png, activations.safetensors
void interpret_activations(InterpretContext& context);
/// saliency/*.png, saliency.safetensors
void interpret_saliency(InterpretContext& context);
/// embeddings.safetensors, tsne.*
void interpret_embeddings(InterpretContext& context);

}  // namespace svhn::cli
