#include "tune/section.h"

#include <algorithm>
#include <array>

namespace svhn::tune {
namespace {

using core::Fields;
using core::Name;
using core::Visitor;

constexpr std::array<std::string_view, 4> kObjectives{"loss", "accuracy", "val_loss", "val_accuracy"};
constexpr std::array<Name<SearchType>, 3> kSearches{
    {{SearchType::random, "random"}, {SearchType::grid, "grid"}, {SearchType::list, "list"}}};
constexpr std::array<Name<FoldOrder>, 3> kOrders{
    {{FoldOrder::plain, "plain"}, {FoldOrder::shuffled, "shuffled"}, {FoldOrder::stratified, "stratified"}}};
constexpr std::array<Name<Score>, 3> kScores{
    {{Score::automatic, "auto"}, {Score::best, "best"}, {Score::last, "last"}}};
constexpr std::array<Name<StoppingType>, 2> kStoppings{
    {{StoppingType::median, "median"}, {StoppingType::halving, "halving"}}};
constexpr std::array<std::string_view, 4> kRoots{"/model", "/train", "/data/preprocess", "/data/augment"};
constexpr std::int64_t kMaxTrials = 100'000;
constexpr std::int64_t kMaxInteger = std::int64_t{1} << 53;
constexpr double kMaxNumber = 1e300;

void describe_stopping(Fields& f, StoppingOptions& o) {
  f.choice({"type",
            "median: stop a trial that is worse than the median of the others; halving: successive halving."},
           o.type, kStoppings);
  f.integer({"min_epochs", "Epochs that every trial runs at least; halving: the first rung."}, o.min_epochs,
            {1, 1'000'000});
  f.integer({"min_trials", "median: completed trials before any trial is stopped."}, o.min_trials,
            {1, kMaxTrials});
  f.integer({"reduction",
             "halving: reduction factor; 1 of this many trials goes on, to this many times the epochs."},
            o.reduction, {2, 1000});
  f.integer(
      {"brackets", "halving: brackets of trials (Hyperband); each starts one rung above the one before."},
      o.brackets, {1, 20});
}

void describe_runs(Fields& f, TuneOptions& o) {
  f.optional(
      {"folds",
       "Folds of a cross-validation on the training split; null: training and validation split as prepared."},
      o.folds, [](Visitor& v, std::int64_t& folds) {
        v.integer(folds, {2, 1000});
      });
  f.choice({"fold_order", "How rows become folds: plain (blocks in order), shuffled or stratified by class."},
           o.fold_order, kOrders);
  f.integer({"repeats", "Runs of each trial and fold, with the seeds train.seed, train.seed + 1 …"},
            o.repeats, {1, 1000});
  f.choice({"score", "Epoch whose objective is the score of a run; auto: last with folds, else best."},
           o.score, kScores);
}

void describe_change(Fields& f, Change& change, bool reading) {
  f.text({"label", "Name of the trial in tables.", core::Need::required}, change.label, {.max_bytes = 200});
  if (reading) f.member({"values", ""}, [](Visitor&) {});
}

}  // namespace

std::string path_fault(const std::string& path) {
  const auto under = [&](std::string_view root) {
    return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
  };
  if (std::none_of(kRoots.begin(), kRoots.end(), under)) {
    return "no path below /model, /train, /data/preprocess or /data/augment";
  }
  for (std::size_t i = path.find('~'); i != std::string::npos; i = path.find('~', i + 1)) {
    const bool escape = i + 1 < path.size() && (path[i + 1] == '0' || path[i + 1] == '1');
    if (!escape) return "no JSON pointer: '~' must be written ~0, and '/' within a key ~1";
  }
  return "";
}

void describe_parameter(Fields& f, SpelledParameter& o) {
  Parameter& p = o.parameter;
  f.list({"paths", "JSON pointers of the values that the parameter sets; default: its name."}, p.paths,
         {1, 100}, [](Visitor& v, std::string& path) { v.text(path, {.max_bytes = 1024}); });
  f.list({"choice", "Values to choose from."}, p.choices, {1, 1000}, [](Visitor&, std::string&) {});
  f.list({"int", "[first, last] or [first, last, step]: integers, both ends included."}, o.integers, {2, 3},
         [](Visitor& v, std::int64_t& value) {
           v.integer(value, {-kMaxInteger, kMaxInteger});
         });
  const auto number = [](Visitor& v, double& value) {
    v.number(value, core::between(-kMaxNumber, kMaxNumber));
  };
  f.list({"uniform", "[low, high]: uniformly distributed numbers."}, o.uniform, {2, 2}, number);
  f.list({"log_uniform", "[low, high]: log-uniformly distributed numbers."}, o.log_uniform, {2, 2}, number);
  const int kinds = static_cast<int>(!p.choices.empty()) + static_cast<int>(!o.integers.empty()) +
                    static_cast<int>(!o.uniform.empty()) + static_cast<int>(!o.log_uniform.empty());
  f.check(kinds == 1, "", "needs exactly one of choice, int, uniform and log_uniform");
  f.check(o.integers.empty() || o.integers[0] <= o.integers[1], "int", "the first value is above the last");
  f.check(o.integers.size() < 3 || o.integers[2] > 0, "int", "the step is not above 0");
  f.check(o.uniform.empty() || o.uniform[0] < o.uniform[1], "uniform", "the low end is not below the high");
  f.check(o.log_uniform.empty() || (o.log_uniform[0] > 0 && o.log_uniform[0] < o.log_uniform[1]),
          "log_uniform", "the ends must be above 0, the low one below the high one");
}

void describe_tune(Fields& f, TuneOptions& o, bool reading) {
  f.choice({"objective", "Learning curve to optimize; accuracies are maximized, losses minimized."},
           o.objective, kObjectives);
  f.choice({"search", "How trials are chosen: random draws, every point of a grid, or a list."}, o.search,
           kSearches);
  f.optional({"trials", "Number of trials; null: 10 random ones, the whole grid or the whole list."},
             o.trials, [](Visitor& v, std::int64_t& trials) {
               v.integer(trials, {1, kMaxTrials});
             });
  describe_runs(f, o);
  f.natural({"seed", "Seed of the random draws and of shuffled folds."}, o.seed);
  f.optional({"stopping", "Early stopping of bad trials; null: off."}, o.stopping,
             [](Visitor& v, StoppingOptions& stopping) {
               v.object([&](Fields& inner) { describe_stopping(inner, stopping); });
             });
  f.list({"list", "Trials of the search list."}, o.list, {0, static_cast<std::size_t>(kMaxTrials)},
         [reading](Visitor& v, Change& change) {
           v.object([&](Fields& inner) { describe_change(inner, change, reading); });
         });
  const bool listed = o.search == SearchType::list;
  f.check(!listed || !o.list.empty(), "list", "search is list, but there is no trial");
  f.check(listed || o.list.empty(), "list", "needs search to be list");
}

}  // namespace svhn::tune
