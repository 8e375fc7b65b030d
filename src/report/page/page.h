#pragma once
/// The report: one HTML page of runs, searches and comparisons, which needs no network.

#include <cstddef>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "report/page/panel.h"
#include "report/page/questions.h"

namespace svhn::report {

struct PageResult {
  std::size_t runs = 0;
  std::size_t searches = 0;
  std::size_t comparisons = 0;
  std::size_t pictures = 0;
  std::size_t bytes = 0;  ///< Size of the page.
  std::vector<std::string>
      questions;  ///< Ids of the assignment's questions for which there is a run: "1.1" …
  std::vector<std::string>
      problems;  ///< One line for each file that could not be read; the page shows them, too.
  std::vector<Question> answers;     ///< All of the assignment's questions, see `answer_questions`.
  std::optional<ModelOnPage> model;  ///< Of the panel.
};

/// @returns whether this build contains the page, which npm creates at build time.
bool has_page();

/// Writes the page, and beside a page that is a file the picture that stands for it where links are shown:
/// report.preview.png for report.html.
/// @param roots folders with runs, see `find_runs`. @param output path of the page, written atomically.
/// @param panel puts the model of the run on which the page opens into it.
/// @throws core::Error(usage) when this build contains no page, or no panel; core::Error(data) when a root is
/// missing, nothing is found below them, there is no model for the panel or the page cannot be written.
PageResult write_page(const std::vector<std::filesystem::path>& roots, const std::filesystem::path& output,
                      const PanelOptions& panel = {});

/// @returns the document as JSON for a script element, with <, > and & escaped.
std::string embedded_json(const nlohmann::ordered_json& document);

}  // namespace svhn::report
