#include "report/charts/learning_curves.h"

#include <spdlog/fmt/fmt.h>

#include <cmath>

#include "core/error.h"

namespace svhn::report {
namespace {

using metric::History;

// Blue and red of Paul Tol's "vibrant" scheme, distinct for every common kind of colour blindness.
constexpr const char* kBlue = "'#0077bb'";
constexpr const char* kRed = "'#cc3311'";
constexpr std::size_t kFewEpochs = 15;

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

/// Integer tics; for a single epoch the range is wider, so that its point is not on both borders at once.
std::string epoch_axis(std::size_t epochs) {
  const std::string last = epochs == 1 ? "1.5" : std::to_string(epochs);
  return "set xrange [" + std::string(epochs == 1 ? "0.5" : "1") + ":" + last + "]\n" +
         (epochs <= kFewEpochs ? "set xtics 1\n" : "");
}

/// A line; for a single epoch a point, filled for validation and hollow for training.
std::string source(const std::string& title, const char* colour, bool validation, std::size_t epochs) {
  const std::string point = epochs > 1   ? ""
                            : validation ? " pointtype 7 pointsize 1.5"
                                         : " pointtype 6 pointsize 2";
  return "'-' using 1:2 with " + std::string(epochs > 1 ? "lines" : "linespoints") +
         " linewidth 3 dashtype " + (validation ? "1" : "'.'") + point + " linecolor rgb " + colour +
         " title '" + title + "'";
}

std::string frame(const History& history, const RunLabel& label) {
  return "set title " + gnuplot_string(curves_title(history, label)) +
         "\n"
         "set border 11 linecolor rgb '#555555'\n"
         "set tics nomirror out\n"
         "set grid linetype 1 linewidth 1 linecolor rgb '#dddddd'\n"
         "set key below maxrows 2 samplen 3\n"
         "set xlabel 'Epoch' offset 0,0.7\n" +
         epoch_axis(history.epochs());
}

}  // namespace

std::string curves_title(const History& history, const RunLabel& label) {
  require_epochs(history);
  std::size_t best = 0;
  const auto& values = history.val_accuracy;
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (values[i] > values[best] || !std::isfinite(values[best])) best = i;
  }
  return label.name + (label.synthetic ? " (synthetic digits)" : "") +
         fmt::format(": epoch {}, best validation accuracy {:.4f} (epoch {})", history.epochs(), values[best],
                     best + 1);
}

Chart learning_curves_chart(const History& history, const RunLabel& label) {
  const std::string right = " axes x1y2";
  const auto line = [&](const char* title, const char* colour, bool validation) {
    return source(title, colour, validation, history.epochs());
  };
  Chart chart;
  chart.commands = frame(history, label) + "set ylabel 'Loss' textcolor rgb " + kBlue +
                   "\nset yrange [0:*]\nset ytics textcolor rgb " + kBlue +
                   "\nset y2label 'Accuracy' textcolor rgb " + kRed +
                   "\nset format y2 '%g'\nset y2tics textcolor rgb " + kRed + "\nplot " +
                   line("validation loss", kBlue, true) + ", " + line("training loss", kBlue, false) + ", " +
                   line("validation accuracy", kRed, true) + right + ", " +
                   line("training accuracy", kRed, false) + right + "\n";
  chart.data = {curve(history.val_loss), curve(history.loss), curve(history.val_accuracy),
                curve(history.accuracy)};
  return chart;
}

Chart accuracy_chart(const History& history, const RunLabel& label) {
  Chart chart;
  chart.commands =
      "set title " + gnuplot_string(curves_title(history, label)) +
      "\nset border 3\nset tics nomirror\nset key bottom right\nset format y '%g'\n" +
      epoch_axis(history.epochs()) + "plot " +
      "'-' using 1:2 with linespoints linecolor rgb 'red' pointtype 1 title 'training accuracy', "
      "'-' using 1:2 with linespoints linecolor rgb 'blue' pointtype 2 title 'validation accuracy'\n";
  chart.data = {curve(history.accuracy), curve(history.val_accuracy)};
  return chart;
}

}  // namespace svhn::report
