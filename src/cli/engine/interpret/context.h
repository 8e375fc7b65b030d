#pragma once
/// What the parts of `svhn interpret` share, and the parts.

#include <array>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/engine/distributed_context.h"
#include "cli/engine/setup.h"
#include "cli/options.h"
#include "data/prepared.h"
#include "data/preprocess.h"
#include "interpret/activations.h"
#include "model/model_file.h"
#include "network/network.h"
#include "report/charts/chart.h"
#include "report/images/image_grid.h"

namespace svhn::cli {

struct InterpretPart {
  const char* name;  ///< As in --what.
  const char* file;  ///< One that every run of the part leaves.
};

inline constexpr std::array<InterpretPart, 6> kInterpretParts{{{"confusion", "confusion.json"},
                                                               {"misclassified", "misclassified.json"},
                                                               {"activations", "activations.safetensors"},
                                                               {"embeddings", "embeddings.safetensors"},
                                                               {"tsne", "tsne.safetensors"},
                                                               {"saliency", "saliency.safetensors"}}};

/// The folder that is filled, and the model's run folder, which gets a copy of what a report page shows.
class InterpretFiles {
 public:
  InterpretFiles(std::filesystem::path output, const std::optional<std::filesystem::path>& run_folder);

  [[nodiscard]] const std::filesystem::path& output() const { return output_; }
  /// @returns where the file of this name belongs.
  [[nodiscard]] std::filesystem::path path(const std::string& name) const { return output_ / name; }
  /// Lists a file that has been written, and copies it. @throws core::Error(data)
  void publish(const std::string& name);
  /// Lists a file that stays in the output folder alone.
  void keep(const std::string& name) { names_.push_back(name); }
  void publish_json(const std::string& name, const nlohmann::ordered_json& document);
  /// Writes interpret.json, in both folders. A folder's earlier parts stay listed while their files are there
  /// and were made of the same model, data and split.
  /// @param about "what" is this run's parts.
  void publish_about(const nlohmann::ordered_json& about);
  /// Lists a chart, or warns why it was not drawn.
  void publish_chart(const std::string& name, const report::ChartResult& drawn);
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] const std::optional<std::filesystem::path>& copies() const { return copies_; }

 private:
  std::filesystem::path output_;
  std::optional<std::filesystem::path> copies_;
  std::vector<std::string> names_;
};

/// One image of the data.
struct ChosenImage {
  std::int64_t row = 0;
  std::int64_t index = 0;
  int true_class = 0;
  torch::Tensor pixels;  ///< f32 [1,C,H,W], preprocessed, on the network's device.
};

struct Predictions;
struct EmbeddedSplit;

/// An opened model with its data, and the results so far.
struct InterpretContext {
  /// Joins the other processes, if there are any.
  InterpretContext(const InterpretCommandOptions& options, const GlobalOptions& global,
                   DistributedContext& processes);

  [[nodiscard]] bool wants(const std::string& part) const;
  [[nodiscard]] bool wants_predictions() const { return wants("confusion") || wants("misclassified"); }
  [[nodiscard]] bool wants_embeddings() const { return wants("embeddings") || wants("tsne"); }
  /// @returns whether this process is the one that draws, writes and speaks.
  [[nodiscard]] bool first() const { return group == nullptr || group->rank() == 0; }
  [[nodiscard]] data::PreprocessPlan plan_of(data::Split of) const;
  /// @throws core::Error(usage) when the split has no such index.
  [[nodiscard]] ChosenImage chosen_image() const;
  /// @returns the layers of `--layer`, each once.
  [[nodiscard]] std::vector<interpret::LayerChoice> chosen_layers() const;
  /// @returns "model on the test split (synthetic digits)".
  [[nodiscard]] std::string title() const;
  [[nodiscard]] report::Tile picture(std::int64_t row) const;
  /// Refuses a layer, an image or a map that there is not, before anything is made. @throws core::Error
  void check_requests() const;
  /// Throws when a signal has asked to stop.
  void check_stop() const;

  const InterpretCommandOptions& options;
  const GlobalOptions& global;
  model::ModelFile file;
  Hardware hardware;
  network::Network network;  ///< As trained, so that every layer can be looked at.
  data::PreparedData data;
  data::Preprocessing preprocessing;
  data::Split split;
  InterpretFiles files;
  distributed::ProcessGroup*
      group;  ///< The processes that share passes over the data; nullptr: this one alone.
  std::shared_ptr<const Predictions> predictions;  ///< See `judge`.
  std::shared_ptr<const EmbeddedSplit> embedded;   ///< See `embed_split`.
  nlohmann::ordered_json document;
};

/// Runs the split through the network, unless that was done. Every process of the context must call it; rank
/// 0 alone gets the predictions.
const Predictions& predict_split(InterpretContext& context);
/// Embeds the split, and what `--onto` names, in the same way.
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
