#pragma once
/// The page as a PDF, printed by Chromium without a window.

#include <chrono>
#include <filesystem>

#include "core/file.h"

namespace svhn::report {

/// Prints a page into a PDF.
class PagePrinter {
 public:
  /// Finds the browser: the program that SVHN_CHROMIUM names, else chromium, chromium-browser or
  /// google-chrome in PATH. @param pdf written atomically.
  /// @throws core::Error(usage) when there is no browser; core::Error(data) when the PDF cannot be written
  explicit PagePrinter(const std::filesystem::path& pdf);

  /// Runs the browser with a profile of its own in a temporary folder, which is removed afterwards. A stop
  /// signal ends it. No process outlives this one.
  /// @param page an HTML file. @param limit after which the browser is stopped.
  /// @throws core::Error(device) when the browser fails; core::Error(data) when the PDF cannot be written;
  /// core::Interrupted after a stop signal
  void print(const std::filesystem::path& page, std::chrono::seconds limit = std::chrono::minutes(5));

 private:
  std::filesystem::path browser_;
  core::AtomicFile pdf_;
};

}  // namespace svhn::report
