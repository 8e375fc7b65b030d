#include "report/charts/learning_curves.h"

#include <spdlog/fmt/fmt.h>

#include <cmath>

#include "core/error.h"
#include "core/words.h"

namespace svhn::report {
namespace {

using metric::History;

// Blue and red of Paul Tol's "vibrant" scheme, distinct for every common kind of colour blindness.
constexpr const char* kBlue = "'#0077bb'";
constexpr const char* kRed = "'#cc3311'";
constexpr std::size_t kFewEpochs = 15, kLonePoints = 2;

void require_epochs(const History& history) {
  if (history.epochs() > 0) return;
  throw core::Error(core::ExitCode::data, "a history without an epoch has no learning curves",
                    "train at least one epoch");
}

Rows curve(const std::vector<double>& values) {
  Rows rows;
  rows.reserve(values.size());
  for (const double value : values) {
    const auto epoch = static_cast<double>(rows.size() + 1);
    rows.push_back({epoch, std::isfinite(value) ? value : std::nan("")});
  }
  return rows;
}

/// @returns the first epoch with the best validation accuracy, from 0.
std::size_t best_epoch(const History& history) {
  std::size_t best = 0;
  const auto& values = history.val_accuracy;
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (values[i] > values[best] || !std::isfinite(values[best])) best = i;
  }
  return best;
}

/// Integer tics; for a single epoch the range is wider, so that its point is not on both borders at once.
std::string epoch_axis(std::size_t epochs) {
  const std::string last = epochs == 1 ? "1.5" : std::to_string(epochs);
  return "set xrange [" + std::string(epochs == 1 ? "0.5" : "1") + ":" + last + "]\n" +
         (epochs <= kFewEpochs ? "set xtics 1\n" : "");
}

/// A line; of one or two epochs points, too, filled for validation and hollow for training.
std::string source(const std::string& title, const char* colour, bool validation, std::size_t epochs) {
  const bool lines = epochs > kLonePoints;
  const std::string point = lines        ? ""
                            : validation ? " pointtype 7 pointsize 1.2"
                                         : " pointtype 6 pointsize 2";
  return "'-' using 1:2 with " + std::string(lines ? "lines" : "linespoints") + " linewidth 3 dashtype " +
         (validation ? "1" : "'.'") + point + " linecolor rgb " + colour + " title '" + title + "'";
}

std::string frame(const History& history) {
  // Gnuplot's own format begins with a space, which moves the numbers beside their tics.
  return "set border 11 linecolor rgb '#555555'\n"
         "set tics nomirror out\nset format '%g'\n"
         "set grid linetype 1 linewidth 1 linecolor rgb '#dddddd'\n"
         "set key center bottom at screen 0.5,0.012 horizontal maxrows 2 samplen 3 width -2 reverse Left\n"
         "set bmargin at screen 0.205\nset xlabel 'Epoch'\n" +
         epoch_axis(history.epochs());
}

/// A thin line through the best epoch; its dot is the last source.
std::string best_line(std::size_t epoch) {
  return fmt::format(
      "set arrow from first {0}, graph 0 to first {0}, graph 1 nohead dashtype 2 linecolor rgb '#777777'\n",
      epoch);
}

}  // namespace

std::string curves_title(const History& history, const RunLabel& label) {
  require_epochs(history);
  const std::size_t best = best_epoch(history);
  const double value = history.val_accuracy[best];
  const std::string run = label.name + (label.synthetic ? " (synthetic digits)" : "");
  const std::string epochs = core::counted(static_cast<std::int64_t>(history.epochs()), "epoch");
  if (history.epochs() == 1) return run + fmt::format(": {}, validation accuracy {:.4f}", epochs, value);
  return run + fmt::format(": {}, best validation accuracy {:.4f} (epoch {})", epochs, value, best + 1);
}

Chart learning_curves_chart(const History& history, const RunLabel& label) {
  const std::string right = " axes x1y2";
  const auto line = [&](const char* title, const char* colour, bool validation) {
    return source(title, colour, validation, history.epochs());
  };
  Chart chart;
  const std::string title = title_command(curves_title(history, label), chart.width);
  const std::size_t best = best_epoch(history) + 1;
  const bool marked = history.epochs() > 1;
  chart.commands =
      title + frame(history) + (marked ? best_line(best) : "") + "set ylabel 'Loss' textcolor rgb " + kBlue +
      "\nset yrange [0:*]\nset ytics textcolor rgb " + kBlue + "\nset y2label 'Accuracy' textcolor rgb " +
      kRed + "\nset y2tics textcolor rgb " + kRed + "\nplot " + line("validation loss", kBlue, true) + ", " +
      line("training loss", kBlue, false) + ", " + line("validation accuracy", kRed, true) + right + ", " +
      line("training accuracy", kRed, false) + right;
  chart.data = {curve(history.val_loss), curve(history.loss), curve(history.val_accuracy),
                curve(history.accuracy)};
  if (marked) {
    chart.commands += std::string(", '-' using 1:2 with points pointtype 7 pointsize 2 linecolor rgb ") +
                      kRed + " title 'best epoch: " + std::to_string(best) + "'" + right;
    chart.data.push_back(Rows{chart.data[2][best - 1]});
  }
  chart.commands += "\n";
  return chart;
}

Chart accuracy_chart(const History& history, const RunLabel& label) {
  Chart chart;
  chart.commands =
      "set title " + gnuplot_string(curves_title(history, label)) +
      "\nset border 3\nset tics nomirror\nset key bottom right\nset format '%g'\n" +
      epoch_axis(history.epochs()) + "plot " +
      "'-' using 1:2 with linespoints linecolor rgb 'red' pointtype 1 title 'training accuracy', "
      "'-' using 1:2 with linespoints linecolor rgb 'blue' pointtype 2 title 'validation accuracy'\n";
  chart.data = {curve(history.accuracy), curve(history.val_accuracy)};
  return chart;
}

}  // namespace svhn::report
