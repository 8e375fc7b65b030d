#include <nlohmann/json.hpp>
#include <vector>

#include "cli/commands/export.h"
#include "cli/console.h"
#include "cli/engine/exported_model.h"
#include "cli/engine/progress.h"
#include "cli/engine/setup.h"
#include "core/text.h"
#include "model/onnx/export.h"

namespace svhn::cli {
namespace {

using nlohmann::ordered_json;

static_assert(ExportOptions::kFirstOpset == model::kFirstOpset &&
              ExportOptions::kLastOpset == model::kLastOpset);

ordered_json value_json(const char* name, const char* dtype, const std::vector<std::int64_t>& sizes) {
  ordered_json shape = ordered_json::array({"N"});
  for (const std::int64_t size : sizes) shape.push_back(size);
  return {{"name", name}, {"dtype", dtype}, {"shape", shape}};
}

ordered_json document_of(const ExportOptions& options, const Exported& what) {
  const model::Shape& input = what.input;
  const ordered_json given =
      options.without_preprocessing
          ? value_json(model::kOnnxInput, "float32", input)
          : value_json(model::kOnnxImages, "uint8", {input[1], input[2], data::kChannels});
  ordered_json outputs = ordered_json::array();
  outputs.push_back(value_json(model::kOnnxProbabilities, "float32", {data::kClasses}));
  outputs.push_back(value_json(model::kOnnxDigit, "int64", {}));
  return {{"output", options.output.string()},
          {"opset", options.opset},
          {"inputs", ordered_json::array({given})},
          {"outputs", outputs},
          {"bytes", what.bytes}};
}

/// @returns a line for each input and output: "  input   images         uint8 [N,32,32,3]".
std::string values_text(const char* title, const ordered_json& values) {
  constexpr std::size_t kNameWidth = 15;
  std::string text;
  for (const ordered_json& value : values) {
    std::string name = value.at("name"), shape;
    name.resize(kNameWidth, ' ');
    for (const ordered_json& size : value.at("shape"))
      shape += (shape.empty() ? "" : ",") + (size.is_string() ? "N" : size.dump());
    text += std::string("  ") + title + name + value.at("dtype").get<std::string>() + " [" + shape + "]\n";
  }
  return text;
}

}  // namespace

int run_command(const ExportOptions& options, const GlobalOptions& global) {
  set_up_hardware(global);
  const Exported what = with_progress(global, "export", [&](StageProgress& progress) {
    progress.tell("'" + options.model.string() + "'");
    return write_exported(options);
  });
  const ordered_json document = document_of(options, what);
  if (options.json) {
    print_json(document);
    return 0;
  }
  print_summary(global, options.output.string() + ": ONNX model, opset " + std::to_string(options.opset) +
                            ", " + core::with_thousands(static_cast<std::int64_t>(what.bytes)) + " bytes\n" +
                            values_text("input   ", document["inputs"]) +
                            values_text("output  ", document["outputs"]));
  return 0;
}

}  // namespace svhn::cli
