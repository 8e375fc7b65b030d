#pragma once
/// Options of a search, from the "tune" section of a config.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace svhn::tune {

enum class SearchType {
  random,  ///< Each trial draws every parameter; no trial occurs twice.
  grid,    ///< Every combination; the last parameter by name changes fastest.
  list,    ///< The trials of `list`.
  tpe,     ///< After random trials those that a tree-structured Parzen estimator proposes.
};

enum class ParameterKind { choice, integers, uniform, log_uniform };

/// A named value that a search sets in the config, at one or more paths.
struct Parameter {
  std::string name;                ///< Given, or its only path.
  std::vector<std::string> paths;  ///< JSON pointers: /train/optimizer/learning_rate.
  ParameterKind kind = ParameterKind::choice;
  std::vector<std::string> choices;            ///< choice: JSON, each on one line.
  std::int64_t first = 0, last = 0, step = 1;  ///< integers: first, first + step, … last.
  double low = 0.0, high = 0.0;                ///< uniform, log_uniform: [low, high).
};

/// A trial of a list: its differences from the config.
struct Change {
  std::string label;
  std::vector<std::pair<std::string, std::string>> values;  ///< Path and JSON. Empty: the unchanged config.
};

/// How the training rows are divided into folds; equal to scikit-learn's folds, row for row.
enum class FoldOrder {
  plain,       ///< KFold(k): contiguous blocks of the training split.
  shuffled,    ///< KFold(k, shuffle=True, random_state=tune.seed + repeat).
  stratified,  ///< StratifiedKFold(k).
};

/// Which epoch's objective is the score of a run.
enum class Score {
  automatic,  ///< last with folds (as scikit-learn scores after fit), else best.
  best,
  last,
};

enum class StoppingType { median, halving };

/// When to stop a trial that is worse than the others.
struct StoppingOptions {
  StoppingType type = StoppingType::median;
  std::int64_t min_epochs = 1;  ///< Every trial runs at least this many; halving: the first rung.
  std::int64_t min_trials = 3;  ///< median: completed trials before any is stopped.
  std::int64_t reduction = 3;  ///< halving: η; 1 of η trials goes on to the next rung, at η times the epochs.
  std::int64_t brackets = 1;  ///< halving: each starts one rung above the one before (Hyperband).
};

/// Options of the search `tpe`.
struct TpeOptions {
  std::int64_t startup = 10;     ///< Random trials at the start.
  std::int64_t round = 4;        ///< Trials that are proposed at once, knowing the same results.
  double gamma = 0.15;           ///< Share of the trials that count as good.
  std::int64_t candidates = 24;  ///< Draws for each value, of which the best is proposed.
};

struct TuneOptions {
  std::string objective = "val_accuracy";  ///< Accuracies are maximized, losses minimized.
  SearchType search = SearchType::random;
  std::optional<std::int64_t> trials;  ///< Unset: 10 random ones, 30 of tpe, or all of the grid or list.
  std::optional<std::int64_t> folds;   ///< Unset: the prepared training and validation split.
  FoldOrder fold_order = FoldOrder::plain;
  std::int64_t repeats = 1;  ///< Runs of each trial (or fold), with train.seed, train.seed + 1, …
  Score score = Score::automatic;
  std::uint64_t seed = 1;         ///< Of the draws and of shuffled folds.
  std::optional<TpeOptions> tpe;  ///< Unset: the defaults.
  std::optional<StoppingOptions> stopping;
  std::vector<Parameter> space;  ///< By name.
  std::vector<Change> list;
};

}  // namespace svhn::tune
