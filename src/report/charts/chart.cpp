#include "report/charts/chart.h"

#include <spdlog/fmt/fmt.h>

#include <cctype>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "report/charts/gnuplot.h"
#include "report/letters/letters.h"

namespace svhn::report {
namespace {

using core::Error;
using core::ExitCode;

constexpr std::string_view kPngHead("\x89PNG\r\n\x1a\n", 8);
constexpr std::string_view kPngTail("IEND\xAE\x42\x60\x82", 8);

bool is_plain(unsigned char c) {
  return std::isalnum(c) != 0 || c >= 0x80 ||
         std::string_view(" .,:;()+-=_/").find(static_cast<char>(c)) != std::string_view::npos;
}

void append_octal(std::string& literal, unsigned char c) {
  // Gnuplot reads four digits after a leading zero and three otherwise.
  literal += c < 0100 ? fmt::format("\\{:04o}", c) : fmt::format("\\{:03o}", c);
}

/// With `noenhanced`, so that `_` and `^` in strings are not markup.
std::string picture_terminal(ChartFormat format, const Chart& chart) {
  const std::string size = " size " + std::to_string(chart.width) + "," + std::to_string(chart.height);
  const std::string look = " noenhanced background rgb 'white' font 'sans,17'\n";
  return "set encoding utf8\nset terminal " +
         (format == ChartFormat::png ? "pngcairo" + size : "svg" + size + " dynamic") + look;
}

bool is_complete(ChartFormat format, std::string_view picture) {
  if (format == ChartFormat::png) return picture.starts_with(kPngHead) && picture.ends_with(kPngTail);
  const std::size_t end = picture.find_last_not_of(" \r\n\t");
  return picture.starts_with("<?xml") && picture.substr(0, end + 1).ends_with("</svg>");
}

}  // namespace

std::string gnuplot_string(std::string_view text) {
  const bool utf8 = core::is_utf8(text);
  std::string literal = "\"";
  for (const char character : text) {
    const auto c = static_cast<unsigned char>(character);
    if (c < 0x20 || c == 0x7F) {
      literal += ' ';
    } else if (c >= 0x80 && !utf8) {
      literal += '?';
    } else if (is_plain(c)) {
      literal += character;
    } else {
      append_octal(literal, c);
    }
  }
  return literal + '"';
}

std::string title_command(const std::string& text, int chart_width, const std::string& last,
                          const std::string& place) {
  constexpr double kShare = 0.92;
  auto lines = wrapped(text, kShare * chart_width, 2);
  if (!last.empty()) lines.push_back(cut_middle(last, kShare * chart_width));
  std::string all;
  for (const std::string& line : lines) all += (all.empty() ? "" : ".\"\\n\".") + gnuplot_string(line);
  return "set title " + (all.empty() ? gnuplot_string("") : all) + place + "\n";
}

ChartFormat chart_format(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  if (extension == ".png") return ChartFormat::png;
  if (extension == ".svg") return ChartFormat::svg;
  throw Error(ExitCode::usage, "'" + path.string() + "' is no name for a chart", "end it in .png or .svg");
}

struct ChartJob::Impl {
  std::filesystem::path path;
  ChartFormat format;
  GnuplotRun run;

  Impl(std::filesystem::path file, const Chart& chart, const std::string& gnuplot)
      : path(std::move(file)),
        format(chart_format(path)),
        run(picture_terminal(format, chart), chart, gnuplot) {}
};

ChartJob::ChartJob(std::filesystem::path path, const Chart& chart, const std::string& gnuplot)
    : impl_(std::make_unique<Impl>(std::move(path), chart, gnuplot)) {}
ChartJob::ChartJob(ChartJob&&) noexcept = default;
ChartJob& ChartJob::operator=(ChartJob&&) noexcept = default;
ChartJob::~ChartJob() = default;

void ChartJob::lower_priority() {
  impl_->run.lower_priority();
}

bool ChartJob::running() {
  return impl_->run.running();
}

ChartResult ChartJob::finish() {
  const ChartResult result = impl_->run.wait();
  if (result.status != ChartStatus::drawn) return result;
  const std::string picture = impl_->run.output();
  if (!is_complete(impl_->format, picture)) {
    return {ChartStatus::failed, "gnuplot left no whole picture for '" + impl_->path.string() + "'"};
  }
  const bool text = impl_->format == ChartFormat::svg;
  core::AtomicFile file(impl_->path, ExitCode::data, text ? core::Content::text : core::Content::binary);
  file.write(picture);
  file.commit();
  return result;
}

ChartResult write_chart(const std::filesystem::path& path, const Chart& chart, const std::string& gnuplot) {
  return ChartJob(path, chart, gnuplot).finish();
}

ChartResult draw_text_chart(const Chart& chart, const TextSize& size, std::string& text,
                            const std::string& gnuplot) {
  const std::string terminal = "set encoding utf8\nset terminal dumb noenhanced size " +
                               std::to_string(size.columns) + "," + std::to_string(size.rows) +
                               (size.colours ? " ansi\n" : " mono\n");
  GnuplotRun run(terminal, chart, gnuplot);
  const ChartResult result = run.wait(std::chrono::seconds(10));
  if (result.status == ChartStatus::drawn) text = run.output();
  return result;
}

}  // namespace svhn::report
