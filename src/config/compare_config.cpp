#include "config/compare_config.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/fields_json.h"
#include "model/spec_json.h"

namespace svhn::config {
namespace {

using core::ExitCode;
using core::Fields;
using core::Need;
using core::Visitor;
using transfer::ComparedBackbone;
using transfer::CompareOptions;

constexpr core::SizeRange kBackbones{1, 200};
constexpr core::IntegerRange kSides{32, 1024};

void describe_entry(Fields& f, ComparedBackbone& entry) {
  model::describe_backbone(f, entry.backbone);
  f.optional({"resize", "Side in pixels to which images are resized first; null: not resized."}, entry.resize,
             [](Visitor& v, std::int64_t& side) { v.integer(side, kSides); });
}

void describe_compare(Fields& f, CompareOptions& options) {
  f.list(
      {"backbones", "Backbones; each is trained frozen and, if it has trainable layers, with those unfrozen.",
       Need::required},
      options.backbones, kBackbones, [](Visitor& v, ComparedBackbone& entry) {
        v.object([&](Fields& fields) { describe_entry(fields, entry); });
      });
  for (std::size_t i = 0; i < options.backbones.size(); ++i) {
    const auto& name = options.backbones[i].backbone.backbone;
    const auto first = options.backbones.begin();
    const bool twice = std::any_of(first, first + static_cast<std::ptrdiff_t>(i),
                                   [&](const auto& other) { return other.backbone.backbone == name; });
    f.check(!twice, "backbones/" + std::to_string(i), "'" + name + "' stands there twice");
  }
}

core::Describe describe(CompareOptions& options) {
  return [&options](Visitor& v) { v.object([&options](Fields& f) { describe_compare(f, options); }); };
}

}  // namespace

bool has_comparison(const nlohmann::json& document) {
  return document.is_object() && document.contains("compare");
}

CompareConfig load_comparison(const std::filesystem::path& path, const std::vector<std::string>& overrides) {
  core::Problems problems(path.string());
  const nlohmann::json document = load_document(path, overrides, problems);
  CompareConfig config{read_run(document, problems), {}};
  if (!has_comparison(document)) {
    problems.throw_if_any(ExitCode::config, "'svhn config schema' describes every key and its range");
    throw core::Error(ExitCode::config, "'" + path.string() + "' compares nothing: it has no \"compare\"",
                      "add \"compare\": {\"backbones\": [{\"name\": \"vgg16\"}]}, or use --config");
  }
  core::read_fields(document["compare"], describe(config.compare), problems, "/compare");
  problems.throw_if_any(ExitCode::config, "'svhn config schema' describes every key and its range");
  const auto backbones = model::backbone_layers(config.base.model);
  if (backbones.size() == 1) return config;
  throw core::Error(ExitCode::config,
                    "'" + path.string() + "': /model/layers has " + std::to_string(backbones.size()) +
                        " backbones, a comparison puts others in the place of one",
                    "write one layer {\"type\": \"backbone\", \"name\": \"vgg16\"}");
}

nlohmann::ordered_json compare_section_json(const CompareOptions& options) {
  CompareOptions copy = options;
  return core::write_fields(describe(copy));
}

nlohmann::ordered_json compare_section_schema() {
  CompareOptions defaults;
  return core::fields_schema(describe(defaults));
}

}  // namespace svhn::config
