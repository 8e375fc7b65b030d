#include "train/session.h"

#include <ATen/Parallel.h>
#include <sys/resource.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "config/run_config.h"
#include "core/build_info.h"
#include "core/clock.h"
#include "core/date.h"
#include "core/error.h"
#include "core/input_guard.h"
#include "core/json.h"
#include "core/signals.h"
#include "data/fingerprint.h"
#include "network/network.h"
#include "network/pretrained.h"
#include "network/tensor_io.h"
#include "train/checkpoint.h"
#include "train/rank_agreement.h"
#include "train/run_folder.h"
#include "train/run_log.h"
#include "train/trainer.h"
#include "train/whitening.h"

namespace svhn::train {
namespace {

using core::Error;
using core::ExitCode;
using data::Split;

/// @returns whether training spends its time in convolutions; a frozen backbone runs only once.
bool trains_convolutions(const model::ModelSpec& spec) {
  return std::any_of(spec.layers.begin(), spec.layers.end(), [](const model::LayerSpec& layer) {
    const auto* backbone = std::get_if<model::BackboneSpec>(&layer.op);
    return std::holds_alternative<model::Conv2dOp>(layer.op) ||
           std::holds_alternative<model::SeparableConv2dOp>(layer.op) ||
           (backbone != nullptr && !backbone->trainable.empty());
  });
}

/// Dense networks gain nothing from bfloat16 on any CPU.
/// @param recorded precision of the checkpoint, or "".
kernels::Precision choose_precision(const SessionRequest& request, const std::string& recorded) {
  if (request.train.precision != core::Precision::automatic) return request.train.precision;
  if (!recorded.empty()) {
    return recorded == "bfloat16" ? kernels::Precision::bfloat16 : kernels::Precision::float32;
  }
  return trains_convolutions(request.model) ? kernels::automatic_precision(request.device)
                                            : kernels::Precision::float32;
}

model::Graph plan_request(const SessionRequest& request) {
  return model::plan_network(request.model,
                             {data::channels_of(request.data.preprocess), data::kSide, data::kSide});
}

std::shared_ptr<const data::PreparedData> open_data(const SessionRequest& request) {
  if (request.opened) return request.opened;
  return std::make_shared<const data::PreparedData>(request.data.file);
}

network::BatchNormVariance batch_norm_variance(const SessionRequest& request) {
  return request.train.framework_compat == FrameworkCompat::keras ? network::BatchNormVariance::keras
                                                                  : network::BatchNormVariance::torch;
}

/// @returns "early_stopping" of a run's config, an empty object where there is none.
nlohmann::json early_stopping_of(const std::string& config) {
  const auto document = core::parse_json_strict(config, "the config", ExitCode::bug);
  const auto train = document.value("train", nlohmann::json::object());
  const auto early = train.value("early_stopping", nlohmann::json());
  return early.is_object() ? early : nlohmann::json::object();
}

/// @returns the peak resident memory of this process, in units of 2^20 bytes.
double peak_megabytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

/// Features that cost nothing, to time the layers after them.
class ZeroFeatures : public data::InputSource {
 public:
  explicit ZeroFeatures(std::vector<std::int64_t> shape) : shape_(std::move(shape)) {}
  [[nodiscard]] std::vector<std::int64_t> shape() const override { return shape_; }
  void read(std::int64_t /*row*/, std::span<float> values) const override {
    std::fill(values.begin(), values.end(), 0.0F);
  }

 private:
  std::vector<std::int64_t> shape_;
};

}  // namespace

struct Session::Impl {
  SessionRequest request;
  RankAgreement ranks;
  RunFolder folder;
  const RunFiles& files = folder.files();
  std::shared_ptr<const data::PreparedData> opened;
  const data::PreparedData& data;
  std::string identity;  // Of the data.
  data::Preprocessing preprocessing;
  std::string val_fingerprint;
  network::Network network;
  kernels::Precision precision = kernels::Precision::float32;
  std::unique_ptr<Trainer> trainer;
  RunLog log;
  TensorBoardLog events;
  std::vector<TrainObserver*> observers;
  Features features;
  bool resumed = false;
  CheckpointRecord former;  // Of the checkpoint: state, precision, threads and processes.

  explicit Impl(SessionRequest r)
      : request(std::move(r)),
        ranks(request.group),
        folder(request, ranks.first()),
        opened(open_data(request)),
        data(*opened),
        identity(data::data_identity(data)),
        preprocessing{request.data.preprocess, data.statistics(Split::train)},
        val_fingerprint(data::split_fingerprint(data, Split::val, preprocessing)),
        network(plan_request(request), request.train.seed, batch_norm_variance(request)),
        log(files),
        events(files.events) {
    network.to(request.device);
    ranks.check_agreement(request.config, identity);
    std::unique_ptr<model::ModelFile> saved;
    const std::string record = ranks.broadcast([&] { return find_checkpoint(saved); });
    resumed = !record.empty();
    if (resumed) former = record_from_json(record);
    precision = resolve_precision();
    if (!resumed && ranks.first()) initialize();
    make_trainer();
    if (saved) network::read_tensors(saved->file(), all_tensors());
    if (resumed) trainer->state() = former.state;
    ranks.broadcast(all_tensors());
  }

  /// Initial weights that come from files or data.
  void initialize() {
    network::load_backbone_weights(network);
    whiten_first_convolutions(network, data, data::plan_for(preprocessing, data, Split::train));
  }

  /// @returns the record of the checkpoint to resume from, as JSON; "": a new run.
  std::string find_checkpoint(std::unique_ptr<model::ModelFile>& saved) const {
    if (request.existing != ExistingRun::resume || !std::filesystem::exists(files.last_checkpoint)) return {};
    saved = std::make_unique<model::ModelFile>(files.last_checkpoint);
    CheckpointRecord record = read_checkpoint_record(*saved);
    check_resumable(record);
    continue_early_stopping(record);
    core::allow_replacing(files.last_checkpoint);
    return record_json(record);
  }

  // Rank 0 decides, as CPUs may differ between machines.
  [[nodiscard]] kernels::Precision resolve_precision() const {
    const auto own = [&] { return kernels::precision_name(choose_precision(request, former.precision)); };
    const bool narrow = ranks.broadcast(own) == kernels::precision_name(kernels::Precision::bfloat16);
    return narrow ? kernels::Precision::bfloat16 : kernels::Precision::float32;
  }

  void feed_features() {
    if (!request.make_features) return;
    features = request.make_features(
        {&network, &data, preprocessing, precision, request.data.augment.has_value(), ranks.group()});
    if (features.inputs) trainer->use_features(*features.inputs, features.cut);
  }

  void check_resumable(const CheckpointRecord& record) const {
    const std::string source = files.last_checkpoint.string();
    check_same_run(record.config, request.config, source);
    if (record.data == identity) return;
    throw Error(ExitCode::model,
                "'" + source + "' was trained on other data than '" + data.path().string() + "'",
                "resume with the same prepared file, or start over with --overwrite");
  }

  /// Other early stopping than before takes the epochs so far into account.
  void continue_early_stopping(CheckpointRecord& record) const {
    const auto before = early_stopping_of(record.config), now = early_stopping_of(request.config);
    if (before == now) return;
    TrainingState& state = record.state;
    const std::int64_t kept = before.value("restore_best", false) ? state.early_stopping.best_epoch : 0;
    state.early_stopping = {};
    state.stopped_early = false;
    const auto& early = request.train.early_stopping;
    if (!early) return;
    state.stopped_early = replay_early_stopping(*early, state.history, state.early_stopping);
    const std::int64_t best = state.early_stopping.best_epoch;
    if (!early->restore_best || best == kept) return;
    throw Error(ExitCode::usage,
                "early stopping would restore the weights of epoch " + std::to_string(best) +
                    ", the best so far by " + early->monitor + ", and the run has not kept them",
                "resume without restore_best, or start over with --overwrite");
  }

  void make_trainer() {
    TrainerParts parts{&network,
                       &data,
                       data::plan_for(preprocessing, data, Split::train),
                       data::plan_for(preprocessing, data, Split::val),
                       precision,
                       {},
                       {},
                       {},
                       ranks.group()};
    parts.augment = make_augment(request.data.augment, parts.train_plan, request.train.seed);
    if (const auto& augment = request.data.augment) parts.mixing = {augment->mixup, augment->cutmix};
    parts.observers.push_back(&forward);
    forward.impl = this;
    trainer = std::make_unique<Trainer>(request.train, std::move(parts));
  }

  /// Forwards reports to the run's own files, and to the observers of `run`, which are not known when the
  /// trainer is built.
  struct Forward : TrainObserver {
    Impl* impl = nullptr;
    void on_step(const StepReport& report) override {
      for (auto* observer : impl->observers) observer->on_step(report);
    }
    void on_epoch(const EpochReport& report) override {
      if (impl->ranks.first()) impl->folder.write([&] { impl->write_epoch(report); });
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
    model::ModelRecord record{request.name, network.input_shape(), request.model,
                              data::preprocessing_to_json(preprocessing), data.synthetic()};
    record.data_fingerprint = data::data_fingerprint(data);
    record.val_fingerprint = val_fingerprint;
    return record;
  }

  void save_model(const std::filesystem::path& path) const {
    network::write_tensors(path, network.tensors(), model::record_metadata(model_record(), "model"));
  }

  void write_epoch(const EpochReport& report) {
    log.on_epoch(report);
    if (request.train.tensorboard) events.on_epoch(report);
  }

  void save_checkpoint() {
    const TrainingState& state = trainer->state();
    const CheckpointRecord record{
        model_record(),        state,       request.config, kernels::precision_name(precision), identity,
        at::get_num_threads(), ranks.size()};
    write_checkpoint(files.last_checkpoint, record, all_tensors());
    const std::int64_t keep = request.train.keep_checkpoints;
    if (keep > 0 && state.epoch > 0 && state.step_in_epoch == 0 && state.epoch % keep == 0) {
      write_checkpoint(files.epoch_checkpoint(state.epoch), record, all_tensors());
    }
  }

  /// @returns whether early stopping goes back to the weights of an earlier epoch.
  [[nodiscard]] bool restores() const {
    const auto& early = request.train.early_stopping;
    return early && early->restore_best && trainer->state().stopped_early;
  }

  /// @returns the epoch of the weights in NAME.safetensors.
  [[nodiscard]] std::int64_t model_epoch() const {
    const TrainingState& state = trainer->state();
    return restores() ? state.early_stopping.best_epoch : state.epoch;
  }

  void save_final() {
    if (restores()) {
      const model::ModelFile best(files.monitored);
      network::read_tensors(best.file(), network.tensors());
      save_model(files.model);
    } else {
      trainer->with_average([&] { save_model(files.model); });
    }
    metric::write_history(files.history, trainer->state().history);
    log.finish(summary());
    if (trainer->state().best_epoch == 0 || std::filesystem::exists(files.best_model)) return;
    throw Error(ExitCode::data,
                "'" + files.best_model.string() + "' is missing: it was removed during the run",
                "the run's other files are complete");
  }

  /// @returns when the last epoch ended. A finished run that is resumed keeps its date; null if it had none.
  [[nodiscard]] nlohmann::ordered_json date() const {
    const std::int64_t epoch = trainer->state().epoch;
    if (!resumed || former.state.epoch != epoch || !std::filesystem::exists(files.summary))
      return core::utc_time();
    try {
      const auto earlier = core::read_json_file(files.summary, ExitCode::data);
      core::allow_replacing(files.summary);
      if (earlier.is_object() && earlier.value("epochs", nlohmann::json()) == epoch)
        return earlier.value("date", nlohmann::json());
    } catch (const Error&) {
      core::allow_replacing(files.summary);
    }
    return core::utc_time();
  }

  /// @returns of what the run was made.
  [[nodiscard]] nlohmann::ordered_json data_summary() const {
    nlohmann::ordered_json images;
    for (const Split split : {Split::train, Split::val, Split::test})
      images[data::split_name(split)] = data.indices(split).size();
    return {{"file", data.path().string()},
            {"synthetic", data.synthetic()},
            {"fingerprint", data::data_fingerprint(data)},
            {"images", images},
            {"split_fingerprint", data::split_fingerprint(data, Split::train, preprocessing)},
            {"val_fingerprint", val_fingerprint}};
  }

  [[nodiscard]] nlohmann::ordered_json summary() const {
    const TrainingState& state = trainer->state();
    const auto& counts = network.graph().counts;
    nlohmann::ordered_json document{
        {"name", request.name},
        {"data", data_summary()},
        {"parameters",
         {{"total", counts.total}, {"trainable", counts.trainable}, {"non_trainable", counts.non_trainable}}},
        {"epochs", state.epoch},
        {"stopped_early", state.stopped_early},
        {"model_epoch", model_epoch()},
        {"best_epoch", state.best_epoch},
        {"best_val_accuracy", state.best_val_accuracy},
        {"precision", kernels::precision_name(precision)},
        {"device", request.device.str()},
        {"threads", at::get_num_threads()},
        {"processes", ranks.size()},
        {"version", core::version()},
        {"date", date()}};
    if (ranks.size() > 1) document["reduction"] = reduction_json(trainer->reduction());
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
  if (impl.folder.is_open() || !impl.ranks.first()) return;
  impl.folder.open();
  impl.log.start(impl.resumed ? "resumed" : "started", impl.trainer->state().history);
}

bool Session::exclusive() const {
  return impl_->folder.exclusive();
}

bool Session::run(const std::vector<TrainObserver*>& observers, const PauseRule& pause) {
  open();
  Impl& impl = *impl_;
  impl.observers = observers;
  if (!impl.trainer->ended()) impl.feed_features();
  const bool writes = impl.ranks.first();
  if (writes && impl.request.train.tensorboard) impl.events.start(impl.trainer->state().history);
  const auto if_rank_0 = [&impl, writes](std::function<void()> save) {
    return [&impl, writes, save = std::move(save)] {
      if (writes) impl.folder.write(save);
    };
  };
  const TrainerHooks hooks{.save_checkpoint = if_rank_0([&] { impl.save_checkpoint(); }),
                           .save_best = if_rank_0([&] { impl.save_model(impl.files.best_model); }),
                           .stop_requested = [] { return core::stop_signal(); },
                           .save_monitored = if_rank_0([&] { impl.save_model(impl.files.monitored); }),
                           .pause = pause};
  const bool ended = impl.trainer->run(hooks);
  if (ended && writes) impl.folder.write([&impl] { impl.save_final(); });
  impl.ranks.barrier();
  return ended;
}

metric::RangeTest Session::range_test() {
  return impl_->trainer->range_test([] { return core::stop_signal(); });
}

DryRun Session::dry_run() {
  Impl& impl = *impl_;
  DryRun result;
  const TrainOptions& options = impl.request.train;
  const auto rows = [&](Split split) { return static_cast<double>(impl.data.indices(split).size()); };
  const model::NodeId frozen = impl.request.data.augment ? 0 : impl.request.frozen;
  if (frozen != 0) {
    const double images = rows(Split::train) + rows(Split::val);
    const double own = images / impl.ranks.size();
    result.seconds_total = own * seconds_per_image(impl.network, impl.precision, frozen);
    const auto shape = impl.network.graph().nodes[frozen].output;
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

const model::Graph& Session::graph() const {
  return impl_->network.graph();
}
const data::PreparedData& Session::data() const {
  return impl_->data;
}
const std::string& Session::val_fingerprint() const {
  return impl_->val_fingerprint;
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

SessionRequest session_request(const config::RunConfig& config) {
  SessionRequest request;
  request.name = config.name;
  request.data = config.data;
  request.model = config.model;
  request.train = config.train;
  request.config = core::json_text(config::resolved_json(config));
  return request;
}

double seconds_per_image(network::Network& network, kernels::Precision precision, model::NodeId cut) {
  constexpr std::int64_t kImages = 32;
  const torch::NoGradGuard no_grad;
  const auto& shape = network.input_shape();
  const torch::Tensor images = torch::zeros({kImages, shape[0], shape[1], shape[2]}).to(network.device());
  network::ForwardContext context;
  context.precision = precision;
  context.until = cut;
  double seconds = 0.0;
  for (int pass = 0; pass < 2; ++pass) {  // The first one warms up.
    const auto start = core::Clock::now();
    network.forward(images, context);
    seconds = core::seconds_since(start);
  }
  return seconds / kImages;
}

}  // namespace svhn::train
