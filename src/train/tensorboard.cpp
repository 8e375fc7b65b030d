#include "train/tensorboard.h"

#include <array>
#include <chrono>
#include <fstream>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "formats/tfevents.h"

namespace svhn::train {
namespace {

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

void TensorBoardLog::start(const metric::History& history) const {
  std::string bytes = formats::tfevents_header(wall_time());
  for (std::size_t epoch = 1; epoch <= history.epochs(); ++epoch) bytes += epoch_record(history, epoch);
  core::write_text_file(file_, bytes, core::ExitCode::data);
}

void TensorBoardLog::on_epoch(const EpochReport& report) {
  // TensorBoard follows a file that grows, not one that is replaced.
  std::ofstream out(file_, std::ios::binary | std::ios::app);
  out << epoch_record(report.state->history, static_cast<std::size_t>(report.epoch));
  if (out.flush()) return;
  throw core::Error(core::ExitCode::data, "cannot write '" + file_.string() + "'",
                    "check the disk's free space");
}

}  // namespace svhn::train
