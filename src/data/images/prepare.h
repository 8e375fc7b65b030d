#pragma once
/// Converts sources of any format to the content of a prepared file.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "data/prepared.h"
#include "data/source.h"
#include "data/split.h"

namespace svhn::data {

enum class SplitKind {
  automatic,  ///< The splits that folders of pictures are named for, if there are several; else random.
  random,     ///< Stratified, see `split_three`.
  official,   ///< Stanford's training and test rows, recognized by file name, see `split_official`.
};

struct PrepareOptions {
  std::vector<std::filesystem::path> inputs;  ///< Read and joined in this order.
  const Source* format = nullptr;             ///< Row of every input; nullptr: detected by content.
  std::optional<LabelRule> labels;            ///< Label rule of every input; unset: that of its row.
  SplitKind split = SplitKind::automatic;
  SplitOptions draw;
  std::optional<std::filesystem::path> groups{};  ///< Table of the rows' photos, see `read_photos`.
  std::optional<std::int64_t> limit;              ///< Use only the first rows of all inputs; at least 1.
  bool strict = false;                            ///< An unreadable picture is an error.
  unsigned threads = 0;                           ///< That decode pictures; 0: one per processor.
  std::function<void(const std::string&)>
      on_skipped;  ///< Called with file and reason for each skipped picture.
  std::function<void(const std::string&)>
      on_note;  ///< Called with one line for all else that was left out or decided by the data, and for
                ///< what is doubtful in them: repeated files, rows or photos in several splits, digits that
                ///< a split lacks, a single digit.
};

/// Reads and joins the inputs, converts labels to class indices and draws the splits.
/// Metadata: `source` (file names without folders), `sha256` (one per input, in order; for a picture folder
/// that of its `sha256sum` listing), `format`, `label_rule`, `label_rule_from` (what the rule is from), each
/// joined by ", "; `split` `stratify` `test_fraction` `val_fraction` `split_seed`; `limit`, `skipped`,
/// `left_out` and `group` (the name of the table of photos, in place of `stratify`) where they apply;
/// `synthetic` "false". `split` is random, official or folders; the fraction of
/// a split that was given is left out.
/// @throws core::Error(usage) without inputs or with a limit below 1; core::Error(data) for unreadable or
/// damaged inputs, no rows, labels that contradict the rule, too few rows for the splits, and (official) a
/// file name that contains neither train, test nor extra.
PreparedContent prepare(const PrepareOptions& options);

/// Draws digits (see `make_synthetic`) and splits them at random; metadata `synthetic` is "true".
/// @param n number of images; enough for ten classes in three splits.
PreparedContent prepare_synthetic(std::int64_t n, std::uint64_t seed, const SplitOptions& draw = {});

}  // namespace svhn::data
