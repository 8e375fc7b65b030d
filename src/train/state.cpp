#include "train/state.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/fields.h"
#include "core/fields_json.h"
#include "core/json.h"

namespace svhn::train {
namespace {

using core::Fields;
using core::Need;
using core::Visitor;

constexpr core::IntegerRange kCount{0, std::int64_t{1} << 53};
constexpr core::NumberRange kAny{std::numeric_limits<double>::lowest(), std::numeric_limits<double>::max()};

void describe_sums(Fields& f, EpochSums& sums) {
  f.number({"loss", "Sum of loss * batch size.", Need::required}, sums.loss, kAny);
  f.integer({"correct", "Right predictions.", Need::required}, sums.correct, kCount);
  f.integer({"images", "Images seen.", Need::required}, sums.images, kCount);
  f.number({"seconds", "Time spent.", Need::required}, sums.seconds, core::between(0, kAny.max));
}

void describe_history(Fields& f, metric::History& history) {
  for (const auto& field : metric::history_fields()) {
    f.list({field.key.data(), "One number an epoch.", Need::required}, history.*field.values, {0, 10'000'000},
           [](Visitor& v, double& value) { v.number(value, kAny); });
  }
}

void describe_plateau(Fields& f, PlateauState& plateau) {
  f.number({"factor", "What the rate is multiplied by.", Need::required}, plateau.factor,
           core::between(0, 1));
  f.number({"best", "Lowest val_loss.", Need::required}, plateau.best, kAny);
  f.integer({"wait", "Epochs since then.", Need::required}, plateau.wait, kCount);
  f.boolean({"started", "Whether an epoch was seen.", Need::required}, plateau.started);
}

void describe_early_stopping(Fields& f, EarlyStoppingState& early) {
  f.number({"best", "Best monitored value.", Need::required}, early.best, kAny);
  f.integer({"best_epoch", "Its epoch, from 1.", Need::required}, early.best_epoch, kCount);
  f.integer({"wait", "Epochs since then.", Need::required}, early.wait, kCount);
}

void describe_state(Fields& f, TrainingState& state) {
  f.integer({"epoch", "Finished epochs.", Need::required}, state.epoch, kCount);
  f.integer({"step_in_epoch", "Finished steps of the epoch under way.", Need::required}, state.step_in_epoch,
            kCount);
  f.integer({"step", "Finished steps.", Need::required}, state.step, kCount);
  f.object({"sums", "Of the epoch under way.", Need::required}, state.sums, describe_sums);
  f.object({"history", "The learning curves.", Need::required}, state.history, describe_history);
  f.number({"best_val_accuracy", "-1: none yet.", Need::required}, state.best_val_accuracy,
           core::between(-1, 1));
  f.integer({"best_epoch", "From 1; 0: none yet.", Need::required}, state.best_epoch, kCount);
  f.object({"plateau", "reduce_on_plateau.", Need::required}, state.plateau, describe_plateau);
  f.object({"early_stopping", "early_stopping.", Need::required}, state.early_stopping,
           describe_early_stopping);
  f.boolean({"stopped_early", "Whether early stopping ended the run.", Need::required}, state.stopped_early);
  const auto epochs = static_cast<std::size_t>(state.epoch);
  for (const auto& field : metric::history_fields()) {
    f.check((state.history.*field.values).size() == epochs, std::string("history/") + field.key.data(),
            "must have one number for each finished epoch");
  }
}

void describe(Visitor& visitor, TrainingState& state) {
  visitor.object([&](Fields& f) { describe_state(f, state); });
}

}  // namespace

nlohmann::ordered_json state_json(const TrainingState& state) {
  TrainingState copy = state;
  return core::write_fields([&](Visitor& visitor) { describe(visitor, copy); });
}

TrainingState state_from_json(const std::string& text, const std::string& source) {
  const auto document = core::parse_json_strict(text, source, core::ExitCode::model);
  TrainingState state;
  core::Problems problems(source);
  core::read_fields(
      document, [&](Visitor& visitor) { describe(visitor, state); }, problems);
  problems.throw_if_any(core::ExitCode::model, "the checkpoint is damaged; start over with --overwrite");
  return state;
}

}  // namespace svhn::train
