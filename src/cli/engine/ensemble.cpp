#include "cli/engine/ensemble.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/commands/training_data.h"
#include "core/error.h"
#include "core/json.h"
#include "data/fingerprint.h"
#include "formats/safetensors/header.h"
#include "inference/session.h"

namespace svhn::cli {
namespace {

using core::Error;
using core::ExitCode;

std::string quoted(const std::filesystem::path& path) {
  return "'" + path.string() + "'";
}

/// @returns a hash for each model. @throws core::Error(usage) when two are equal.
std::vector<std::string> different_digests(const std::vector<model::ModelFile>& files) {
  std::map<std::string, std::filesystem::path> seen;
  std::vector<std::string> digests;
  for (const auto& file : files) {
    digests.push_back(results::model_digest(file));
    const auto [place, is_new] = seen.emplace(digests.back(), file.file().path());
    if (is_new) continue;
    const auto& path = file.file().path();
    throw Error(ExitCode::usage,
                place->second == path ? quoted(path) + " is given twice"
                                      : quoted(path) + " is the same model as " + quoted(place->second),
                "an ensemble gains from models that differ, as of other seeds: name each once");
  }
  return digests;
}

/// @returns a fingerprint of the prepared file that the model has learnt from; "" where it is not known.
std::string training_fingerprint(const model::ModelFile& file) {
  if (!file.record().data_fingerprint.empty()) return file.record().data_fingerprint;
  const auto training = training_data_of(file, {});
  return training ? training->fingerprint : "";
}

}  // namespace

ModelFiles::ModelFiles(const ModelChoice& choice) : choice_(choice) {
  for (const auto& path : choice.models) files_.emplace_back(path);
  if (choice.several()) digests_ = different_digests(files_);
}

std::string ModelFiles::name() const {
  return files_.size() == 1 ? first().record().name
                            : "ensemble of " + std::to_string(files_.size()) + " models";
}

void ModelFiles::check_same_data() const {
  const model::ModelFile* known = nullptr;
  std::string fingerprint;
  for (const auto& file : files_) {
    const std::string learnt_from = training_fingerprint(file);
    if (learnt_from.empty()) continue;
    if (known != nullptr && learnt_from != fingerprint) {
      throw Error(ExitCode::data,
                  quoted(file.file().path()) + " has not learnt from the same split of the same data as " +
                      quoted(known->file().path()) + ", so that one may know images the other is tested with",
                  "name models that were trained on one prepared file");
    }
    known = &file;
    fingerprint = learnt_from;
  }
}

results::About ModelFiles::describe(const data::PreparedData& data, data::Split split,
                                    const std::string& precision) const {
  auto about = results::describe(choice_.first(), first(), data, split, precision);
  if (files_.size() == 1) return about;
  about.model = {name(), name(), "other", std::nullopt, digest()};
  for (const std::string& one : fingerprints(data, split)) {
    if (one != about.split_fingerprint) about.split_fingerprint.clear();
  }
  return about;
}

std::string ModelFiles::digest() const {
  std::string all = choice_.average;
  for (const std::string& one : digests_) all += " " + one;
  return fmt::format("{:016x}", formats::digest_of(std::as_bytes(std::span(all))));
}

nlohmann::ordered_json ModelFiles::json() const {
  auto list = nlohmann::ordered_json::array();
  for (const auto& file : files_) {
    list.push_back({{"model", file.record().name}, {"file", file.file().path().string()}});
  }
  return list;
}

std::vector<std::string> ModelFiles::fingerprints(const data::PreparedData& data, data::Split split) const {
  std::vector<std::string> prints;
  for (const auto& file : files_) {
    prints.push_back(data::split_fingerprint(data, split, inference::preprocessing_of(file)));
  }
  return prints;
}

inference::Ensemble ModelFiles::load(const ViewChoice& views, const GlobalOptions& global,
                                     const Hardware& hardware) const {
  std::vector<inference::EnsembleMember> members;
  for (const auto& file : files_) {
    members.push_back(
        {inference::load_for_inference(file, hardware.device), inference::preprocessing_of(file)});
  }
  inference::EnsembleOptions options;
  if (choice_.average == "logits") options.average = inference::Average::logits;
  options.views = views.count;
  options.views_below = views.below;
  if (global.precision == "bfloat16") options.precision = kernels::Precision::bfloat16;
  return {std::move(members), options};
}

data::ImageSides ModelFiles::sides() const {
  const data::ImageSides sides = inference::preprocessing_of(first()).sides;
  const auto same = [&](const auto& file) { return inference::preprocessing_of(file).sides == sides; };
  return std::all_of(files_.begin(), files_.end(), same) ? sides : data::ImageSides{};
}

std::string models_text(const ModelChoice& choice) {
  if (!choice.several()) return "";
  std::string text = "  models     " + choice.average + " averaged of\n";
  for (const auto& path : choice.models) text += "             " + core::printable(path.string()) + "\n";
  return text;
}

}  // namespace svhn::cli
