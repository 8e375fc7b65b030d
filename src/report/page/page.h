#pragma once
/// The report: one HTML page of runs, searches and comparisons that opens from disk without a network.

#include <cstddef>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace svhn::report {

struct PageResult {
  std::size_t runs = 0;
  std::size_t searches = 0;
  std::size_t comparisons = 0;
  std::size_t pictures = 0;
  std::size_t bytes = 0;               ///< Of the page.
  std::vector<std::string> questions;  ///< Of the assignment, those answered: "1.1" …
  std::vector<std::string> problems;   ///< What could not be read; the page tells it too.
};

/// @returns whether this build carries the page; npm makes it at build time.
bool has_page();

/// @param roots folders with runs, see `find_runs`. @param output the page, written atomically.
/// @throws core::Error(usage) when this build carries no page; core::Error(data) when a root is missing,
/// nothing is found below them or the page cannot be written.
PageResult write_page(const std::vector<std::filesystem::path>& roots, const std::filesystem::path& output);

/// @returns the document as JSON inside a script element: no byte of it can end the element or be markup.
std::string embedded_json(const nlohmann::ordered_json& document);

}  // namespace svhn::report
