#pragma once
/// Plain options of a search, as a config's "tune" section states them.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace svhn::tune {

enum class SearchType {
  random,  ///< Each trial draws every parameter; none comes twice.
  grid,    ///< Every combination, the last parameter (by name) varying fastest.
  list,    ///< The trials that `list` spells out.
};

enum class ParameterKind { choice, integers, uniform, log_uniform };

/// A name for values that a search puts into the config, at one or more places.
struct Parameter {
  std::string name;                ///< Of its own, or its only path.
  std::vector<std::string> paths;  ///< JSON pointers: /train/optimizer/learning_rate.
  ParameterKind kind = ParameterKind::choice;
  std::vector<std::string> choices;            ///< choice: JSON, a line each.
  std::int64_t first = 0, last = 0, step = 1;  ///< integers: first, first + step, … up to last.
  double low = 0.0, high = 0.0;                ///< uniform, log_uniform: [low, high).
};

/// One trial of a list: what differs from the config.
struct Change {
  std::string label;
  std::vector<std::pair<std::string, std::string>> values;  ///< Path, JSON. Empty: the config as it is.
};

/// How the training rows become folds; equal to scikit-learn's, row for row.
enum class FoldOrder {
  plain,       ///< KFold(k): blocks of the training split in its order.
  shuffled,    ///< KFold(k, shuffle=True, random_state=tune.seed + repeat).
  stratified,  ///< StratifiedKFold(k).
};

/// Which epoch of a run counts.
enum class Score {
  automatic,  ///< last with folds (what scikit-learn scores after fit), else best.
  best,
  last,
};

enum class StoppingType { median, halving };

/// When to give up a trial that is worse than the others.
struct StoppingOptions {
  StoppingType type = StoppingType::median;
  std::int64_t min_epochs = 1;  ///< Each trial has at least so many; halving: the first rung.
  std::int64_t min_trials = 3;  ///< median: completed trials before any is stopped.
  std::int64_t reduction =
      3;  ///< halving: one of so many goes on to the next rung, of so many times the epochs.
  std::int64_t brackets = 1;  ///< halving: above 1 as in Hyperband; each next starts one rung higher.
};

struct TuneOptions {
  std::string objective = "val_accuracy";  ///< Accuracies are maximised, losses minimised.
  SearchType search = SearchType::random;
  std::optional<std::int64_t> trials;  ///< Unset: 10 random ones, or the whole grid or list.
  std::optional<std::int64_t> folds;   ///< Unset: train and val as prepared.
  FoldOrder fold_order = FoldOrder::plain;
  std::int64_t repeats = 1;  ///< Runs of each trial (or fold), with train.seed, train.seed + 1, …
  Score score = Score::automatic;
  std::uint64_t seed = 1;  ///< Of the draws.
  std::optional<StoppingOptions> stopping;
  std::vector<Parameter> space;  ///< By name.
  std::vector<Change> list;
};

}  // namespace svhn::tune
