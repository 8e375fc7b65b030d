#include "train/run_log.h"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/date.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "formats/tfevents.h"

namespace svhn::train {
namespace {

using core::ExitCode;

std::string metrics_lines(const metric::History& history) {
  std::string lines;
  for (std::size_t epoch = 0; epoch < history.epochs(); ++epoch) {
    nlohmann::ordered_json line{{"epoch", epoch + 1}};
    for (const auto& field : metric::history_fields()) {
      const auto& values = history.*field.values;
      if (epoch < values.size()) line[std::string(field.key)] = values[epoch];
    }
    lines += line.dump() + "\n";
  }
  return lines;
}

double wall_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// @param epoch from 1.
std::string epoch_record(const metric::History& history, std::size_t epoch) {
  using metric::History;
  constexpr std::array<std::pair<const char*, std::vector<double> History::*>, 6> kTags{
      {{"loss/train", &History::loss},
       {"loss/val", &History::val_loss},
       {"accuracy/train", &History::accuracy},
       {"accuracy/val", &History::val_accuracy},
       {"learning_rate", &History::learning_rate},
       {"images_per_second", &History::images_per_second}}};
  std::vector<formats::Scalar> scalars;
  for (const auto& [tag, values] : kTags) {
    scalars.push_back({tag, static_cast<float>((history.*values).at(epoch - 1))});
  }
  return formats::tfevents_record(wall_time(), static_cast<std::int64_t>(epoch), scalars);
}

}  // namespace

RunLog::RunLog(RunFiles files) : files_(std::move(files)) {}

void RunLog::start(const std::string& event, const metric::History& history) {
  write_curves(history);
  note(event + " after epoch " + std::to_string(history.epochs()));
}

void RunLog::on_epoch(const EpochReport& report) {
  write_curves(report.state->history);
  note(epoch_line(report.state->history, report.epoch, report.epochs) + (report.best ? "  best" : ""));
}

void RunLog::finish(const nlohmann::ordered_json& summary) {
  core::write_text_file(files_.summary, core::json_text(summary), ExitCode::data);
  note("finished");
}

void RunLog::note(const std::string& line) const {
  std::ofstream log(files_.log, std::ios::app);
  log << core::utc_time() << "  " << line << "\n";
  if (!log.flush()) {
    throw core::Error(ExitCode::data, "cannot write '" + files_.log.string() + "'",
                      "check the disk's free space");
  }
}

void RunLog::write_curves(const metric::History& history) const {
  metric::write_history(files_.run_history, history);
  core::write_text_file(files_.metrics, metrics_lines(history), ExitCode::data);
}

std::string epoch_line(const metric::History& history, std::int64_t epoch, std::int64_t epochs) {
  const auto i = static_cast<std::size_t>(epoch - 1);
  return fmt::format(
      "epoch {:>{}}/{}  loss {:.4f}  accuracy {:.4f}  val_loss {:.4f}  val_accuracy {:.4f}  {:.1f} s  {:.0f} "
      "images/s",
      epoch, std::to_string(epochs).size(), epochs, history.loss[i], history.accuracy[i], history.val_loss[i],
      history.val_accuracy[i], history.seconds[i], history.images_per_second[i]);
}

void TensorBoardLog::start(const metric::History& history) const {
  std::string bytes = formats::tfevents_header(wall_time());
  for (std::size_t epoch = 1; epoch <= history.epochs(); ++epoch) bytes += epoch_record(history, epoch);
  core::write_text_file(file_, bytes, core::ExitCode::data);
}

void TensorBoardLog::on_epoch(const EpochReport& report) {
  if (!std::filesystem::exists(file_)) return start(report.state->history);  // Its folder was removed.
  // TensorBoard reads on in a file that grows, but not in one that is replaced.
  std::ofstream out(file_, std::ios::binary | std::ios::app);
  out << epoch_record(report.state->history, static_cast<std::size_t>(report.epoch));
  if (out.flush()) return;
  throw core::Error(core::ExitCode::data, "cannot write '" + file_.string() + "'",
                    "check the disk's free space");
}

}  // namespace svhn::train
