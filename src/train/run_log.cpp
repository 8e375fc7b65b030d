#include "train/run_log.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"

namespace svhn::train {
namespace {

using core::ExitCode;

std::string now() {
  const std::time_t time = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

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
  log << now() << "  " << line << "\n";
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
  std::array<char, 256> text{};
  std::snprintf(
      text.data(), text.size(),
      "epoch %*lld/%lld  loss %.4f  accuracy %.4f  val_loss %.4f  val_accuracy %.4f  %.1f s  %.0f images/s",
      static_cast<int>(std::to_string(epochs).size()), static_cast<long long>(epoch),
      static_cast<long long>(epochs), history.loss[i], history.accuracy[i], history.val_loss[i],
      history.val_accuracy[i], history.seconds[i], history.images_per_second[i]);
  return text.data();
}

}  // namespace svhn::train
