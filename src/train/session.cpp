#include "train/session.h"

#include <ATen/Parallel.h>

#include <nlohmann/json.hpp>

#include "core/build_info.h"
#include "core/error.h"
#include "core/file.h"
#include "core/signals.h"
#include "network/network.h"
#include "network/pretrained.h"
#include "network/tensor_io.h"
#include "train/checkpoint.h"
#include "train/rank_agreement.h"
#include "train/run_log.h"
#include "train/session_parts.h"
#include "train/tensorboard.h"
#include "train/trainer.h"

namespace svhn::train {
namespace {

using core::Error;
using core::ExitCode;
using data::Split;

}  // namespace

struct Session::Impl {
  SessionRequest request;
  RankAgreement team;
  RunFiles files;
  std::shared_ptr<const data::PreparedData> opened;
  const data::PreparedData& data;
  std::string fingerprint;  // Of the data.
  data::Preprocessing preprocessing;
  network::Network network;
  kernels::Precision precision = kernels::Precision::float32;
  std::unique_ptr<Trainer> trainer;
  RunLog log;
  TensorBoardLog events;
  std::vector<TrainObserver*> observers;
  Features features;
  bool resumed = false;
  CheckpointRecord former;  ///< Of the checkpoint: state, precision, threads and processes.
  bool folder_ready = false;

  explicit Impl(SessionRequest r)
      : request(std::move(r)),
        team(request.group),
        files(run_files(request, team.first())),
        opened(open_data(request)),
        data(*opened),
        fingerprint(data_fingerprint(data)),
        preprocessing{request.data.preprocess, data.statistics(Split::train)},
        network(plan_request(request), request.train.seed, batch_norm_variance(request)),
        log(files),
        events(files.events) {
    network.to(request.device);
    team.check_agreement(request.config, fingerprint);
    std::unique_ptr<model::ModelFile> saved;
    const std::string found = team.from_first([&] { return find_checkpoint(saved); });
    resumed = !found.empty();
    if (resumed) former = record_from_json(found);
    precision = resolve_precision();
    if (!resumed && team.first()) network::load_backbone_weights(network);
    make_trainer();
    if (saved) network::read_tensors(saved->file(), all_tensors());
    if (resumed) trainer->state() = former.state;
    team.share(all_tensors());
  }

  /// @returns what the run to go on with was, as JSON; empty: it starts anew.
  std::string find_checkpoint(std::unique_ptr<model::ModelFile>& saved) const {
    if (request.existing != ExistingRun::resume || !std::filesystem::exists(files.last_checkpoint)) return {};
    saved = std::make_unique<model::ModelFile>(files.last_checkpoint);
    const CheckpointRecord record = read_checkpoint_record(*saved);
    check_resumable(record);
    return record_json(record);
  }

  /// Processors may differ between machines.
  [[nodiscard]] kernels::Precision resolve_precision() const {
    const auto own = [&] { return kernels::precision_name(choose_precision(request, former.precision)); };
    const bool narrow = team.from_first(own) == kernels::precision_name(kernels::Precision::bfloat16);
    return narrow ? kernels::Precision::bfloat16 : kernels::Precision::float32;
  }

  void feed_features() {
    if (!request.make_features) return;
    features = request.make_features(
        {&network, &data, preprocessing, precision, request.data.augment.has_value(), team.group()});
    if (features.inputs) trainer->use_features(*features.inputs, features.cut);
  }

  void check_resumable(const CheckpointRecord& record) const {
    const std::string source = files.last_checkpoint.string();
    check_same_run(record.config, request.config, source);
    if (record.data == fingerprint) return;
    throw Error(ExitCode::model,
                "'" + source + "' was trained on other data than '" + data.path().string() + "'",
                "resume with the same prepared file, or start anew with --overwrite");
  }

  void make_trainer() {
    TrainerParts parts{&network,
                       &data,
                       data::plan_for(preprocessing, data, Split::train),
                       data::plan_for(preprocessing, data, Split::val),
                       precision,
                       {},
                       0.0,
                       {},
                       team.group()};
    parts.augment = make_augment(request.data.augment, parts.train_plan, request.train.seed);
    if (request.data.augment) parts.mixup = request.data.augment->mixup;
    if (team.first()) parts.observers.push_back(&log);
    if (team.first() && request.train.tensorboard) parts.observers.push_back(&events);
    parts.observers.push_back(&forward);
    forward.impl = this;
    trainer = std::make_unique<Trainer>(request.train, std::move(parts));
  }

  /// Passes reports on to observers that are named only when the run starts.
  struct Forward : TrainObserver {
    Impl* impl = nullptr;
    void on_step(const StepReport& report) override {
      for (auto* observer : impl->observers) observer->on_step(report);
    }
    void on_epoch(const EpochReport& report) override {
      for (auto* observer : impl->observers) observer->on_epoch(report);
    }
  } forward;

  [[nodiscard]] std::vector<network::NamedTensor> all_tensors() const {
    auto tensors = network.tensors();
    const auto more = trainer->optimizer_tensors();
    tensors.insert(tensors.end(), more.begin(), more.end());
    return tensors;
  }

  [[nodiscard]] model::ModelRecord model_record() const {
    return {request.name, network.input_shape(), request.model, data::preprocessing_to_json(preprocessing),
            data.synthetic()};
  }

  void save_model(const std::filesystem::path& path) const {
    network::write_tensors(path, network.tensors(), model::record_metadata(model_record(), "model"));
  }

  void save_checkpoint() const {
    const TrainingState& state = trainer->state();
    const CheckpointRecord record{
        model_record(),        state,      request.config, kernels::precision_name(precision), fingerprint,
        at::get_num_threads(), team.size()};
    write_checkpoint(files.last_checkpoint, record, all_tensors());
    const std::int64_t keep = request.train.keep_checkpoints;
    if (keep > 0 && state.epoch > 0 && state.step_in_epoch == 0 && state.epoch % keep == 0) {
      write_checkpoint(files.epoch_checkpoint(state.epoch), record, all_tensors());
    }
  }

  void save_final() {
    const auto& early = request.train.early_stopping;
    if (early && early->restore_best && trainer->state().stopped_early) {
      const model::ModelFile best(files.monitored);
      network::read_tensors(best.file(), network.tensors());
      save_model(files.model);
    } else {
      trainer->with_average([&] { save_model(files.model); });
    }
    metric::write_history(files.history, trainer->state().history);
    log.finish(summary());
  }

  [[nodiscard]] nlohmann::ordered_json summary() const {
    const TrainingState& state = trainer->state();
    const auto& counts = network.plan().counts;
    nlohmann::ordered_json document{
        {"name", request.name},
        {"data", {{"file", data.path().string()}, {"synthetic", data.synthetic()}}},
        {"parameters",
         {{"total", counts.total}, {"trainable", counts.trainable}, {"non_trainable", counts.non_trainable}}},
        {"epochs", state.epoch},
        {"stopped_early", state.stopped_early},
        {"best_epoch", state.best_epoch},
        {"best_val_accuracy", state.best_val_accuracy},
        {"precision", kernels::precision_name(precision)},
        {"device", request.device.str()},
        {"threads", at::get_num_threads()},
        {"processes", team.size()},
        {"version", core::version()}};
    if (team.size() > 1) document["reduction"] = reduction_json(trainer->reduction());
    for (const auto& field : metric::history_fields()) {
      const auto& values = state.history.*field.values;
      if (field.required && !values.empty()) document["last"][std::string(field.key)] = values.back();
    }
    return document;
  }
};

Session::Session(SessionRequest request) : impl_(std::make_unique<Impl>(std::move(request))) {}
Session::~Session() = default;

void Session::open() {
  Impl& impl = *impl_;
  if (impl.folder_ready || !impl.team.first()) return;
  if (impl.request.existing == ExistingRun::overwrite) impl.files.remove_existing();
  impl.files.remove_temporaries();
  core::write_text_file(impl.files.config, impl.request.config, ExitCode::data);
  impl.log.start(impl.resumed ? "resumed" : "started", impl.trainer->state().history);
  impl.folder_ready = true;
}

bool Session::run(const std::vector<TrainObserver*>& observers, const PauseRule& pause) {
  open();
  Impl& impl = *impl_;
  impl.observers = observers;
  if (!impl.trainer->ended()) impl.feed_features();
  const bool writes = impl.team.first();
  if (writes && impl.request.train.tensorboard) impl.events.start(impl.trainer->state().history);
  const auto if_first = [writes](const std::function<void()>& save) {
    return writes ? save : std::function<void()>([] {});
  };
  const TrainerHooks hooks{.save_checkpoint = if_first([&] { impl.save_checkpoint(); }),
                           .save_best = if_first([&] { impl.save_model(impl.files.best_model); }),
                           .stop_requested = [] { return core::stop_signal(); },
                           .save_monitored = if_first([&] { impl.save_model(impl.files.monitored); }),
                           .pause = pause};
  const bool ended = impl.trainer->run(hooks);
  if (ended && writes) impl.save_final();
  impl.team.meet();
  return ended;
}

DryRun Session::dry_run() {
  Impl& impl = *impl_;
  DryRun result;
  const TrainOptions& options = impl.request.train;
  const auto rows = [&](Split split) { return static_cast<double>(impl.data.indices(split).size()); };
  const model::CutPoint frozen = impl.request.data.augment ? model::CutPoint{} : impl.request.frozen;
  if (frozen != model::CutPoint{}) {
    const double images = rows(Split::train) + rows(Split::val);
    const double own = images / impl.team.size();
    result.seconds_total = own * seconds_per_image(impl.network, impl.precision, frozen);
    const auto shape = model::shape_at(impl.network.plan(), frozen);
    result.features_megabytes = images * static_cast<double>(model::element_count(shape)) * 4 / 1048576.0;
    impl.features = {std::make_shared<const ZeroFeatures>(shape), frozen};
    impl.trainer->use_features(*impl.features.inputs, frozen);
  }
  result.seconds_per_step = impl.trainer->time_step();
  const auto steps = static_cast<double>(impl.trainer->steps_per_epoch());
  // A forward pass costs about a third of a step.
  const double validation = rows(Split::val) / static_cast<double>(options.batch_size) / 3.0;
  result.seconds_total +=
      result.seconds_per_step * (steps + validation) * static_cast<double>(options.epochs);
  result.peak_megabytes = peak_megabytes();
  double bytes = 0;
  for (const auto& item : impl.all_tensors()) bytes += static_cast<double>(item.tensor.nbytes());
  result.checkpoint_megabytes = bytes / 1048576.0;
  return result;
}

const model::NetworkPlan& Session::plan() const {
  return impl_->network.plan();
}
const data::PreparedData& Session::data() const {
  return impl_->data;
}
const RunFiles& Session::files() const {
  return impl_->files;
}
const TrainingState& Session::state() const {
  return impl_->trainer->state();
}
bool Session::resumed() const {
  return impl_->resumed;
}
int Session::former_threads() const {
  return impl_->resumed ? impl_->former.threads : 0;
}
int Session::former_processes() const {
  return impl_->resumed ? impl_->former.processes : 0;
}
ReductionReport Session::reduction() const {
  return impl_->trainer->reduction();
}
kernels::Precision Session::precision() const {
  return impl_->precision;
}
std::int64_t Session::steps_per_epoch() const {
  return impl_->trainer->steps_per_epoch();
}

}  // namespace svhn::train
