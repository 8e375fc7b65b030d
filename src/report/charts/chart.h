#pragma once
/// Charts as gnuplot commands with their data, and their rendering to PNG, SVG or text.

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace svhn::report {

/// The data of one inline source `'-'`: one vector of columns for each line, at least one line; NaN is a gap.
using Rows = std::vector<std::vector<double>>;

/// Gnuplot commands and data, without terminal and output.
struct Chart {
  int width = 1200;  ///< Pixels; the font size suits a page of this width.
  int height = 800;
  std::string commands;    ///< Ends with one `plot` of `'-'` sources and a newline.
  std::vector<Rows> data;  ///< One for each source, in the order of the plot.
};

/// Result of drawing a chart. A missing or failing gnuplot is no error, since the data files remain.
enum class ChartStatus { drawn, no_gnuplot, failed };

struct ChartResult {
  ChartStatus status = ChartStatus::failed;
  std::string message;  ///< One line for a warning, empty when drawn.
};

/// The name of gnuplot's program, looked up in PATH.
inline constexpr const char* kGnuplot = "gnuplot";

/// Quotes a text for gnuplot.
/// @param text any bytes. Control characters become spaces; where the text is not UTF-8, bytes outside ASCII
/// become '?'.
/// @returns a gnuplot string literal of that text, in which no command, substitution or macro is expanded.
std::string gnuplot_string(std::string_view text);

/// @returns the command for a title of at most two lines, as wide as the chart allows.
/// @param text any bytes, broken at spaces. @param last a line of its own below it; may be empty.
/// @param place gnuplot's words for its place, such as " offset 0,-1"; may be empty.
std::string title_command(const std::string& text, int chart_width, const std::string& last = "",
                          const std::string& place = "");

enum class ChartFormat { png, svg };

/// @returns the file format for a path's extension.
/// @throws core::Error(usage) when it is neither .png nor .svg.
ChartFormat chart_format(const std::filesystem::path& path);

/// Draws a chart into a file in a child process. The file is replaced atomically when the chart is complete.
class ChartJob {
 public:
  /// Starts the child process and returns at once.
  /// @param path ends in .png or .svg. @throws as chart_format
  ChartJob(std::filesystem::path path, const Chart& chart, const std::string& gnuplot = kGnuplot);
  ChartJob(ChartJob&&) noexcept;
  ChartJob& operator=(ChartJob&&) noexcept;
  /// Kills a child process that still runs; the file is then unchanged.
  ~ChartJob();

  /// Sets the child process to the lowest priority (niceness 19).
  void lower_priority();
  /// @returns whether the child process still runs.
  [[nodiscard]] bool running();
  /// Waits for the child process, at most 60 s, and writes the file. To be called once.
  /// @throws core::Error(data) when the file cannot be written.
  ChartResult finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Draws a chart into a file and waits for it. @throws as ChartJob
ChartResult write_chart(const std::filesystem::path& path, const Chart& chart,
                        const std::string& gnuplot = kGnuplot);

/// Size and style of a text chart.
struct TextSize {
  int columns = 80;
  int rows = 20;
  bool colours = false;  ///< Use ANSI escape sequences.
};

/// Draws a chart as text. @param text receives the lines, each ended by a newline, when the chart was drawn.
ChartResult draw_text_chart(const Chart& chart, const TextSize& size, std::string& text,
                            const std::string& gnuplot = kGnuplot);

}  // namespace svhn::report
