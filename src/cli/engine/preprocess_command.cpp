#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "cli/commands/info.h"
#include "cli/commands/preprocess.h"
#include "core/error.h"
#include "data/images/prepare.h"
#include "data/images/preview.h"

namespace svhn::cli {
namespace {

using core::Error;
using core::ExitCode;

data::SplitOptions split_options(const PreprocessOptions& options) {
  data::SplitOptions draw;
  draw.test_fraction = options.test_fraction;
  draw.val_fraction = options.val_fraction;
  draw.seed = options.split_seed;
  draw.stratify = options.stratify == "label" ? data::Stratify::label : data::Stratify::onehot;
  return draw;
}

data::PreparedContent read_inputs(const PreprocessOptions& options) {
  data::PrepareOptions prepare;
  prepare.inputs = options.inputs;
  prepare.format = data::find_source(options.format);
  prepare.labels = data::find_label_rule(options.labels);
  prepare.split = options.split == "official" ? data::SplitKind::official : data::SplitKind::random;
  prepare.draw = split_options(options);
  prepare.limit = options.limit;
  prepare.strict = options.strict;
  prepare.on_skipped = [](const std::string& what) { spdlog::warn("skipped {}", what); };
  return data::prepare(prepare);
}

data::PreparedContent make_content(const PreprocessOptions& options) {
  if (!options.synthetic) return read_inputs(options);
  if (options.split == "official") {
    throw Error(ExitCode::usage, "--split official needs Stanford's files, not synthetic digits",
                "leave --split out");
  }
  return data::prepare_synthetic(
      options.limit ? std::min(*options.limit, *options.synthetic) : *options.synthetic, options.seed,
      split_options(options));
}

}  // namespace

int run_command(const PreprocessOptions& options, const GlobalOptions& /*global*/) {
  if (options.inputs.empty() && !options.synthetic) {
    throw Error(ExitCode::usage, "preprocess needs --input or --synthetic",
                "e.g. svhn preprocess --synthetic 8000 --output data/svhn.safetensors");
  }
  const data::PreparedContent content = make_content(options);
  data::write_prepared(options.output, content);
  if (options.preview) {
    data::PreviewOptions preview;
    preview.seed = options.seed;
    if (options.synthetic) preview.title = "synthetic digits";
    data::write_preview(*options.preview, content.images, content.labels, preview);
  }
  print_data(data::PreparedData(options.output), options.json);
  return 0;
}

}  // namespace svhn::cli
