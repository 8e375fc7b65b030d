#pragma once
/// A chart as gnuplot commands with their data, and its way into a PNG or SVG file.

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace svhn::report {

/// The data of one `'-'` source: a line of columns each; at least one line, NaN is a gap.
using Rows = std::vector<std::vector<double>>;

/// A drawing of gnuplot's, without terminal and output.
struct Chart {
  int width = 1200;  ///< Pixels; the text is sized for a page as wide as the picture.
  int height = 800;
  std::string commands;    ///< Ends with one `plot` of `'-'` sources and a newline.
  std::vector<Rows> data;  ///< One for each source, in the order of the plot.
};

/// What became of a chart; a missing or failing gnuplot is no error, since the data files remain.
enum class ChartStatus { drawn, no_gnuplot, failed };

struct ChartResult {
  ChartStatus status = ChartStatus::failed;
  std::string message;  ///< One line for a warning, empty when drawn.
};

/// The program that draws, looked up in PATH.
inline constexpr const char* kGnuplot = "gnuplot";

/// @param text any bytes: control characters become spaces, text that is not UTF-8 keeps its ASCII part only.
/// @returns a string literal of gnuplot that stands for exactly that text: nothing in it is a command, a
/// substitution or a macro, however it is quoted.
std::string gnuplot_string(std::string_view text);

enum class ChartFormat { png, svg };

/// @returns the form that a file's extension asks for.
/// @throws core::Error(usage) when it is neither .png nor .svg.
ChartFormat chart_format(const std::filesystem::path& path);

/// A chart being drawn into a file by a process of its own. The file appears whole, or stays as it was.
class ChartJob {
 public:
  /// Starts drawing and returns at once. @param path ends in .png or .svg. @throws as chart_format
  ChartJob(std::filesystem::path path, const Chart& chart, const std::string& gnuplot = kGnuplot);
  ChartJob(ChartJob&&) noexcept;
  ChartJob& operator=(ChartJob&&) noexcept;
  /// Stops a drawing that was not finished; the file stays as it was.
  ~ChartJob();

  /// Draws only when processors have nothing better to do, from now on.
  void lower_priority();
  /// @returns whether `finish` would wait.
  [[nodiscard]] bool running();
  /// Waits for the picture, at most a minute, and puts it in place; once.
  /// @throws core::Error(data) when the file cannot be written.
  ChartResult finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Draws a chart into a file and waits for it. @throws as ChartJob
ChartResult write_chart(const std::filesystem::path& path, const Chart& chart,
                        const std::string& gnuplot = kGnuplot);

/// Size and look of a chart made of characters.
struct TextSize {
  int columns = 80;
  int rows = 20;
  bool colours = false;  ///< With ANSI escape sequences.
};

/// Draws a chart with characters. @param text receives the lines when drawn, each ended by a newline.
ChartResult draw_text_chart(const Chart& chart, const TextSize& size, std::string& text,
                            const std::string& gnuplot = kGnuplot);

}  // namespace svhn::report
