#include "report/page/panel.h"

#include <span>

#include "core/error.h"
#include "core/json.h"
#include "report/page/base64.h"
#include "report/page/template.h"

namespace svhn::report {
namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ExitCode;

constexpr std::size_t kMiB = std::size_t{1} << 20;
constexpr std::size_t kLargestModel =
    256 * kMiB;  // Browsers end texts at 512 MiB, and base64 takes a third more.
constexpr std::size_t kLongestPath = 1'000;

fs::path model_of(const RunRecord* run) {
  if (run != nullptr && fs::is_regular_file(run->model)) return run->model;
  const std::string what = run == nullptr ? "no run" : "no model of '" + core::printable(run->name) + "'";
  throw Error(
      ExitCode::data, "there is " + what + " that the page could open with",
      "--with-model takes the model of the run on which the page opens; 'svhn train' leaves it beside "
      "the run's folder");
}

std::string exported_model(const fs::path& model, const PanelOptions& options) {
  std::string onnx = options.exported(model);
  if (onnx.size() <= kLargestModel) return onnx;
  throw Error(ExitCode::data,
              "'" + core::printable(model.string(), kLongestPath) + "' has " +
                  std::to_string(onnx.size() / kMiB) + " MiB as an ONNX file, more than the " +
                  std::to_string(kLargestModel / kMiB) + " MiB that a page can hold",
              "make the page without --with-model, and the file with 'svhn export'");
}

}  // namespace

void require_panel() {
  if (!panel_template().empty()) return;
  throw Error(
      ExitCode::usage,
      "this build cannot run a model in the page: onnxruntime-web was not there when it was configured",
      "configure again with a network and -DSVHN_REPORT_MODEL=ON, then build; or leave --with-model out");
}

Panel make_panel(const RunRecord* run, const PanelOptions& options) {
  const fs::path model = model_of(run);
  const std::string onnx = exported_model(model, options);
  const std::string_view text = panel_template();
  const std::size_t line = text.find('\n'), mark = text.find(kModelMark);
  if (line == std::string_view::npos || mark == std::string_view::npos)
    throw Error(ExitCode::bug, "the panel has no place for its model");
  Panel panel{{model, onnx.size(), text.size()}, {}, {}};
  panel.policy = text.substr(0, line);
  panel.elements = text.substr(line + 1, mark - line - 1);
  panel.elements += base64(std::as_bytes(std::span(onnx)));
  panel.elements += text.substr(mark + kModelMark.size());
  return panel;
}

}  // namespace svhn::report
