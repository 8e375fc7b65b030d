#pragma once
/// "Try it" on the page: a run's model, exported, and onnxruntime-web, which runs it in the browser.

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>

#include "report/page/runs.h"

namespace svhn::report {

/// How a model gets onto the page.
struct PanelOptions {
  /// @returns a model file as an ONNX file's bytes, with the inputs and outputs of `svhn export`. Unset: the
  /// page gets no panel.
  std::function<std::string(const std::filesystem::path& model)> exported;
  double doubted = 0.5;  ///< Answers of a smaller probability are shown as "no digit?".
};

/// The model that answers in the page.
struct ModelOnPage {
  std::filesystem::path file;
  std::size_t bytes = 0;          ///< Of the ONNX file.
  std::size_t runtime_bytes = 0;  ///< Of what runs it.
};

struct Panel {
  ModelOnPage model;
  std::string policy;    ///< What it adds to the page's content security policy.
  std::string elements;  ///< What it adds to the page.
};

/// @throws core::Error(usage) when this build has no panel, since npm did not get onnxruntime-web.
void require_panel();

/// @param run whose model is taken; may be nullptr.
/// @throws core::Error(data) when the run has no model, or one too large for a page; what `exported` throws.
Panel make_panel(const RunRecord* run, const PanelOptions& options);

}  // namespace svhn::report
