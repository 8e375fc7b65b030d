#pragma once
/// From sources in any form to everything that a prepared file holds.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "data/prepared.h"
#include "data/sources/source.h"
#include "data/split.h"

namespace svhn::data {

enum class SplitKind {
  random,    ///< Stratified, see `split_three`.
  official,  ///< Stanford's own training and test rows, told by file name, see `split_official`.
};

struct PrepareOptions {
  std::vector<std::filesystem::path> inputs;  ///< Read and joined in this order.
  std::optional<SourceFormat> format;         ///< Of every input; unset: by content.
  std::optional<LabelRule> labels;  ///< Of every input; unset: the format's own, `default_label_rule`.
  SplitKind split = SplitKind::random;
  SplitOptions draw;
  std::optional<std::int64_t> limit;                   ///< Only the first so many rows of all; at least 1.
  bool strict = false;                                 ///< A picture that cannot be read is an error.
  std::function<void(const std::string&)> on_skipped;  ///< Called with file and reason for each one skipped.
};

/// Reads the inputs, joins them, turns labels into class indices and draws the splits.
/// Metadata: `source` (file names without folders), `sha256` (one for each, in order; of a picture folder
/// that of its `sha256sum` listing), `format`, `label_rule`, each joined by ", "; `split` `stratify`
/// `test_fraction` `val_fraction` `split_seed`; `limit` and `skipped` where they apply; `synthetic` "false".
/// @throws core::Error(usage) without inputs or with a limit below 1; core::Error(data) for unreadable or
/// damaged inputs, no rows, labels that contradict the rule, too few rows for the splits, and (official) a
/// file name that tells neither train, test nor extra.
PreparedContent prepare(const PrepareOptions& options);

/// Draws digits (see `make_synthetic`) and splits them at random; metadata `synthetic` is "true".
/// @param n at least enough for ten classes in three splits, or the split refuses.
PreparedContent prepare_synthetic(std::int64_t n, std::uint64_t seed, const SplitOptions& draw = {});

}  // namespace svhn::data
