#include "train/run_folder.h"

#include <variant>

#include "core/error.h"
#include "core/file.h"
#include "core/input_guard.h"
#include "train/run_log.h"

namespace svhn::train {
namespace {

using core::Error;
using core::ExitCode;

void add_inputs(const SessionRequest& request) {
  core::add_input(request.data.file);
  for (const model::LayerSpec& layer : request.model.layers) {
    const auto* backbone = std::get_if<model::BackboneSpec>(&layer.op);
    if (backbone != nullptr) core::add_input(backbone->weights);
  }
}

}  // namespace

RunFolder::Stamp RunFolder::stamp_of(const std::filesystem::path& path) {
  std::error_code error;
  const auto id = core::file_id(path);
  return id ? Stamp({*id, std::filesystem::last_write_time(path, error)}) : std::nullopt;
}

RunFolder::RunFolder(const SessionRequest& request, bool writes)
    : request_(request), files_(request.output, request.name), found_(stamp_of(files_.last_checkpoint)) {
  if (!writes) return;
  add_inputs(request_);
  if (request_.existing == ExistingRun::refuse) core::check_outputs(files_.all());
  refuse_existing();
}

void RunFolder::refuse_existing() const {
  const auto existing = files_.existing();
  if (request_.existing != ExistingRun::refuse || existing.empty()) return;
  throw Error(ExitCode::usage,
              "'" + existing.front().string() + "' exists: there is a run '" + request_.name + "' already",
              "--resume continues it, --overwrite starts over, --output chooses another folder");
}

void RunFolder::open() {
  core::check_outputs(files_.all());
  const bool overwrite = request_.existing == ExistingRun::overwrite;
  if (overwrite) core::check_removal(files_.checkpoints);
  lock_.emplace(files_.folder);
  refuse_existing();  // Another process may have been here in between.
  if (request_.existing == ExistingRun::resume && stamp_of(files_.last_checkpoint) != found_) {
    throw Error(ExitCode::usage,
                "'" + files_.last_checkpoint.string() +
                    "' has changed since it was read: another process trained this run",
                "start again");
  }
  if (overwrite) files_.remove_existing();
  files_.remove_temporaries();
  core::write_text_file(files_.config, request_.config, ExitCode::data);
}

void RunFolder::write(const std::function<void()>& files_of_run) {
  restore();
  try {
    files_of_run();
  } catch (const Error&) {
    if (lock_->intact()) throw;
    restore();
    files_of_run();
  }
}

void RunFolder::restore() {
  if (!lock_->intact()) {
    lock_->renew();
  } else if (std::filesystem::exists(files_.config)) {
    return;
  }
  core::write_text_file(files_.config, request_.config, ExitCode::data);
  RunLog(files_).note("the run folder was removed and is made again");
}

}  // namespace svhn::train
