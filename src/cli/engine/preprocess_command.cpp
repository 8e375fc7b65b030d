#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands/info.h"
#include "cli/commands/preprocess.h"
#include "core/error.h"
#include "core/input_guard.h"
#include "core/json.h"
#include "core/words.h"
#include "data/fingerprint.h"
#include "data/images/prepare.h"
#include "report/images/preview.h"

namespace svhn::cli {
namespace {

using core::Error;
using core::ExitCode;

constexpr std::size_t kLongestLine = 4096;

data::SplitOptions split_options(const PreprocessOptions& options) {
  data::SplitOptions draw;
  draw.test_fraction = options.test_fraction;
  draw.val_fraction = options.val_fraction;
  draw.seed = options.split_seed;
  draw.stratify = options.stratify == "label" ? data::Stratify::label : data::Stratify::onehot;
  return draw;
}

data::SplitKind split_kind(const std::string& name) {
  if (name == "official") return data::SplitKind::official;
  return name == "random" ? data::SplitKind::random : data::SplitKind::automatic;
}

data::PreparedContent read_inputs(const PreprocessOptions& options, const GlobalOptions& global) {
  data::PrepareOptions prepare;
  prepare.inputs.assign(options.inputs.begin(), options.inputs.end());
  prepare.format = data::find_source(options.format);
  prepare.labels = data::find_label_rule(options.labels);
  prepare.split = split_kind(options.split);
  prepare.draw = split_options(options);
  if (options.group) prepare.groups = *options.group;
  prepare.limit = options.limit;
  prepare.strict = options.strict;
  prepare.threads = static_cast<unsigned>(global.threads);
  prepare.on_skipped = [](const std::string& what) {
    spdlog::warn("skipped {}", core::printable(what, kLongestLine));
  };
  prepare.on_note = [](const std::string& line) { spdlog::warn("{}", core::printable(line, kLongestLine)); };
  return data::prepare(prepare);
}

data::PreparedContent make_content(const PreprocessOptions& options, const GlobalOptions& global) {
  if (!options.synthetic) return read_inputs(options, global);
  if (options.split == "official") {
    throw Error(ExitCode::usage, "--split official needs Stanford's files, not synthetic digits",
                "leave --split out");
  }
  return data::prepare_synthetic(
      options.limit ? std::min(*options.limit, *options.synthetic) : *options.synthetic, options.seed,
      split_options(options));
}

/// The prepared file that stood in the place of the output.
struct FormerData {
  std::string fingerprint;
  std::string text;
};

/// @returns nothing if there was none that could be read.
std::optional<FormerData> former_data(const std::filesystem::path& output) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(output, error)) return std::nullopt;
  std::optional<FormerData> found;
  try {
    const data::PreparedData data(output);
    const auto source = data.metadata().find("source");
    found = FormerData{data::data_fingerprint(data), core::counted(data.size(), "image")};
    if (source != data.metadata().end()) found->text += " of '" + core::printable(source->second) + "'";
  } catch (const Error&) {
    found.reset();  // What it was is of no interest to who has named it as an output.
  }
  core::allow_replacing(output);
  return found;
}

}  // namespace

int run_command(const PreprocessOptions& options, const GlobalOptions& global) {
  if (options.inputs.empty() && !options.synthetic) {
    throw Error(ExitCode::usage, "preprocess needs --input or --synthetic",
                "e.g. svhn preprocess --synthetic 8000 --output data/svhn.safetensors");
  }
  const data::PreparedContent content = make_content(options, global);
  core::check_outputs({});  // Before the output itself is looked at: it may be one of the pictures.
  const auto former = former_data(options.output);
  data::write_prepared(options.output, content);
  if (options.preview) {
    report::PreviewOptions preview;
    preview.seed = options.seed;
    if (options.synthetic) preview.title = "synthetic digits";
    report::write_preview(*options.preview, content.images, content.labels, preview);
  }
  const data::PreparedData data(options.output);
  if (former && former->fingerprint != data::data_fingerprint(data)) {
    spdlog::warn("warning: '{}' held other data, which are replaced: {}", options.output.string(),
                 former->text);
  }
  if (options.json || !global.quiet) print_data(data, options.json);
  return 0;
}

}  // namespace svhn::cli
