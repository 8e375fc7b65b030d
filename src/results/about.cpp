#include "results/about.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <tuple>

#include "core/build_info.h"
#include "core/date.h"
#include "core/error.h"
#include "core/json_view.h"
#include "data/fingerprint.h"
#include "formats/safetensors/header.h"
#include "model/spec_json.h"

namespace svhn::results {
namespace {

using Json = nlohmann::ordered_json;
using core::JsonView;
namespace fs = std::filesystem;

constexpr std::int64_t kMostImages = std::int64_t{1} << 40, kMostEpochs = 1'000'000;

std::string digest_text(std::string_view text) {
  return fmt::format("{:016x}", formats::digest_of(std::as_bytes(std::span(text))));
}

std::string entry(const std::map<std::string, std::string>& metadata, const char* key) {
  const auto found = metadata.find(key);
  return found == metadata.end() ? std::string() : found->second;
}

std::string text_at(const JsonView& object, const char* key) {
  const auto field = object.find(key);
  return field ? field->text() : std::string();
}

/// @returns a text that must be one of three.
std::string choice(const JsonView& view, const std::array<const char*, 3>& names) {
  std::string text = view.text();
  if (std::find(names.begin(), names.end(), text) == names.end()) view.refuse("is an unknown name");
  return text;
}

ModelOf read_model(const JsonView& view) {
  ModelOf model{view.at("name").text(), view.at("file").text(),
                choice(view.at("which"), {"best", "last", "other"}), std::nullopt,
                view.at("digest").text(64)};
  if (const auto epoch = view.find("epoch")) model.epoch = epoch->integer(0, kMostImages);
  return model;
}

DataOf read_data(const JsonView& view) {
  return {view.at("file").text(),
          view.at("synthetic").boolean(),
          view.at("images").integer(0, kMostImages),
          data::fingerprint_of(view.at("fingerprint").text(64)),
          text_at(view, "source"),
          text_at(view, "label_rule")};
}

/// @returns the preprocessing of a model, with the sides of its input.
data::Preprocessing preprocessing_of(const model::ModelFile& file) {
  auto preprocessing = data::preprocessing_from_json(file.record().preprocessing, file.file().path().string(),
                                                     core::ExitCode::model);
  const auto& input = file.record().input;
  preprocessing.sides = {input[1], input[2]};
  return preprocessing;
}

/// @returns the epoch of a run's model, if its summary.json is that of all epochs of its history.json so far.
std::optional<std::int64_t> epoch_in(const fs::path& run, const std::string& which) {
  const fs::path summary = run / "summary.json", history = run / "history.json";
  std::error_code error;
  if (which == "other" || !fs::exists(summary, error) || !fs::exists(history, error)) return std::nullopt;
  try {
    const core::JsonDocument told(summary), curves(history);
    const auto epochs = curves.view().at("val_accuracy").items(kMostEpochs).size();
    const auto field = told.view().find(which == "best" ? "best_epoch" : "model_epoch");
    const auto most = static_cast<std::int64_t>(epochs);
    if (!field || told.view().at("epochs").integer(0, kMostEpochs) != most) return std::nullopt;
    return field->integer(1, most);
  } catch (const core::Error&) {
    return std::nullopt;
  }
}

}  // namespace

std::string weights_digest(const model::ModelFile& file) {
  std::vector<std::uint64_t> digests;
  for (const auto& node : file.graph().nodes) {
    for (const auto& tensor : node.tensors) {
      const auto& info = file.file().require(tensor.name, formats::DType::f32, tensor.shape);
      digests.push_back(formats::digest_of(file.file().bytes(info)));
    }
  }
  return fmt::format("{:016x}", formats::digest_of(std::as_bytes(std::span(digests))));
}

std::string model_digest(const model::ModelFile& file) {
  const model::ModelRecord& record = file.record();
  return digest_text(
      weights_digest(file) + nlohmann::json(record.input).dump() + model::model_to_json(record.spec).dump() +
      record.preprocessing +
      (record.temperature == 1.0 ? "" : " temperature " + nlohmann::json(record.temperature).dump()));
}

std::string which_model(const fs::path& path, const model::ModelFile& file) {
  const std::string& name = file.record().name;
  if (file.is_checkpoint()) return "other";
  if (path.filename() == name + ".best.safetensors") return "best";
  return path.filename() == name + ".safetensors" ? "last" : "other";
}

About describe(const fs::path& path, const model::ModelFile& file, const data::PreparedData& data,
               data::Split split, const std::string& precision) {
  const auto& metadata = data.metadata();
  const std::string which = which_model(path, file);
  return {{file.record().name, path.filename().string(), which,
           epoch_in(path.parent_path() / file.record().name, which), model_digest(file)},
          {data.path().string(), data.synthetic(), data.size(), data::data_fingerprint(data),
           entry(metadata, "source"), entry(metadata, "label_rule")},
          data::split_name(split),
          static_cast<std::int64_t>(data.indices(split).size()),
          data::split_fingerprint(data, split, preprocessing_of(file)),
          precision,
          core::utc_time(),
          core::version(),
          {}};
}

bool same_subject(const About& a, const About& b) {
  const auto key = [](const About& about) {
    return std::tie(about.model.digest, about.data.fingerprint, about.split, about.precision);
  };
  return key(a) == key(b);
}

std::string folder_name(const About& about) {
  const std::string subject =
      digest_text(about.model.digest + "\n" + data::identity_of(about.data.fingerprint) + "\n" + about.split +
                  "\n" + about.precision);
  const std::string which =
      about.model.which == "other" ? fs::path(about.model.file).stem().string() : about.model.which;
  return which + "-" + about.split + "-" + subject.substr(0, 8);
}

Json about_json(const About& about) {
  Json json{{"model",
             {{"name", about.model.name},
              {"file", about.model.file},
              {"which", about.model.which},
              {"epoch", nullptr},
              {"digest", about.model.digest}}},
            {"data",
             {{"file", about.data.file},
              {"synthetic", about.data.synthetic},
              {"images", about.data.images},
              {"fingerprint", about.data.fingerprint},
              {"source", about.data.source},
              {"label_rule", about.data.label_rule}}},
            {"split", about.split},
            {"split_images", about.split_images},
            {"split_fingerprint", about.split_fingerprint},
            {"precision", about.precision},
            {"date", about.date},
            {"version", about.version},
            {"kinds", Json::object()}};
  if (about.model.epoch) json["model"]["epoch"] = *about.model.epoch;
  for (const auto& [kind, options] : about.kinds) json["kinds"][kind] = options;
  return json;
}

About read_about(const fs::path& path) {
  const core::JsonDocument document(path);
  const JsonView view = document.view();
  About about{read_model(view.at("model")),
              read_data(view.at("data")),
              choice(view.at("split"), {"train", "val", "test"}),
              view.at("split_images").integer(0, kMostImages),
              view.at("split_fingerprint").text(64),
              view.at("precision").text(20),
              view.at("date").text(40),
              view.at("version").text(100),
              {}};
  const auto& kinds = view.at("kinds").value();
  if (!kinds.is_object()) view.at("kinds").refuse("is not an object");
  for (const auto& [kind, options] : kinds.items()) about.kinds.emplace(kind, options);
  return about;
}

}  // namespace svhn::results
