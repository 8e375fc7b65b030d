#include "data/images/prepare.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <future>
#include <iterator>
#include <utility>

#include "core/error.h"
#include "data/digest.h"
#include "data/images/image_folder.h"
#include "data/images/synthetic.h"
#include "data/source.h"
#include "data/sources/arff_source.h"
#include "data/sources/mat_source.h"
#include "data/sources/pickled.h"

namespace svhn::data {
namespace {

namespace fs = std::filesystem;

/// The inputs read so far.
struct Joined {
  std::vector<std::uint8_t> images;
  std::vector<std::uint8_t> labels;
  std::vector<Origin> origins;
  std::size_t skipped = 0;
  std::map<std::string, std::string> metadata;
};

/// What reads a source.
struct Reader {
  std::string_view source;  ///< Its name in `sources()`.
  RawDigits (*read)(const fs::path& input, bool strict);
  std::vector<std::string> (*list)(const fs::path& input);  ///< The files of a folder; nullptr: one file.
};

template <RawDigits (*read)(const fs::path&)>
RawDigits read_file(const fs::path& input, bool /*strict*/) {
  return read(input);
}

RawDigits read_folder(const fs::path& input, bool strict) {
  return read_image_folder(input, strict);
}

constexpr std::array<Reader, 4> kReaders{{
    {"pickle", read_file<read_pickled_frame>, nullptr},
    {"mat", read_file<read_mat>, nullptr},
    {"arff", read_file<read_arff>, nullptr},
    {"folder", read_folder, list_image_folder},
}};

const Reader& reader_of(const Source& source) {
  for (const Reader& reader : kReaders) {
    if (reader.source == source.name) return reader;
  }
  throw core::Error(core::ExitCode::bug, "no reader of the source " + std::string(source.name));
}

std::string checksum(const fs::path& input, const Reader& reader) {
  return reader.list == nullptr ? sha256_of_file(input) : sha256_of_files(input, reader.list(input));
}

/// @returns the last part of a path, also of "folder/".
std::string base_name(const fs::path& path) {
  const fs::path absolute = fs::absolute(path).lexically_normal();
  return (absolute.has_filename() ? absolute.filename() : absolute.parent_path().filename()).string();
}

Origin require_origin(const std::string& name) {
  if (const auto origin = origin_of_file(name)) return *origin;
  const std::array<std::pair<std::string_view, Origin>, 3> words{
      {{"test", Origin::test}, {"extra", Origin::extra}, {"train", Origin::train}}};
  for (const auto& [word, origin] : words) {
    if (name.find(word) != std::string::npos) return origin;
  }
  throw core::Error(
      core::ExitCode::data,
      "the official split cannot place '" + name + "': its name says neither train, test nor extra",
      "rename the file, or use --split random");
}

void append(std::string& list, std::string_view item) {
  if (!list.empty()) list += ", ";
  list += item;
}

template <typename T>
void append_rows(std::vector<T>& all, std::vector<T>&& rows) {
  if (all.empty()) {
    all = std::move(rows);
  } else {
    all.insert(all.end(), rows.begin(), rows.end());
  }
}

void join(Joined& joined, const fs::path& input, const PrepareOptions& options) {
  const std::string name = base_name(input);
  const Source& source = options.format != nullptr ? *options.format : detect_source(input);
  const Reader& reader = reader_of(source);
  const LabelRule rule = options.labels.value_or(source.labels);
  // Declared first: its destructor waits, so the input outlives the hashing even when the reader throws.
  auto sha256 = std::async(std::launch::async, [&] { return checksum(input, reader); });
  RawDigits digits = reader.read(input, options.strict);
  if (options.split == SplitKind::official) {
    joined.origins.insert(joined.origins.end(), digits.labels.size(), require_origin(name));
  }
  append_rows(joined.labels, class_indices(digits.labels, rule, input.string()));
  append_rows(joined.images, std::move(digits.images));
  joined.skipped += digits.unreadable.size();
  if (options.on_skipped)
    std::for_each(digits.unreadable.begin(), digits.unreadable.end(), options.on_skipped);
  append(joined.metadata["source"], name);
  append(joined.metadata["format"], source.name);
  append(joined.metadata["label_rule"], label_rule_name(rule));
  append(joined.metadata["sha256"], sha256.get());
}

void keep_first(Joined& joined, const PrepareOptions& options) {
  if (!options.limit || static_cast<std::size_t>(*options.limit) >= joined.labels.size()) return;
  const auto rows = static_cast<std::size_t>(*options.limit);
  joined.images.resize(rows * kImageBytes);
  joined.images.shrink_to_fit();
  joined.labels.resize(rows);
  if (!joined.origins.empty()) joined.origins.resize(rows);
}

std::string number_text(double value) {
  std::array<char, 32> text{};
  const auto result = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), result.ptr};
}

void describe_split(std::map<std::string, std::string>& metadata, SplitKind kind, const SplitOptions& draw) {
  metadata["split"] = kind == SplitKind::official ? "official" : "random";
  metadata["stratify"] = stratify_name(draw.stratify);
  // The official test rows are not drawn, so no fraction describes them.
  if (kind == SplitKind::random) metadata["test_fraction"] = number_text(draw.test_fraction);
  metadata["val_fraction"] = number_text(draw.val_fraction);
  metadata["split_seed"] = std::to_string(draw.seed);
}

void check_options(const PrepareOptions& options) {
  if (options.inputs.empty()) {
    throw core::Error(core::ExitCode::usage, "there is no input to prepare", "name one or more with --input");
  }
  if (options.limit && *options.limit < 1) {
    throw core::Error(core::ExitCode::usage, "the limit " + std::to_string(*options.limit) + " is below 1",
                      "ask for at least one row");
  }
}

PreparedContent finish(Joined&& joined, SplitKind kind, const SplitOptions& draw) {
  PreparedContent content;
  content.indices = kind == SplitKind::official ? split_official(joined.labels, joined.origins, draw)
                                                : split_three(joined.labels, draw);
  content.images = std::move(joined.images);
  content.labels = std::move(joined.labels);
  content.metadata = std::move(joined.metadata);
  describe_split(content.metadata, kind, draw);
  return content;
}

}  // namespace

PreparedContent prepare(const PrepareOptions& options) {
  check_options(options);
  Joined joined;
  for (const fs::path& input : options.inputs) join(joined, input, options);
  if (joined.labels.empty()) {
    throw core::Error(core::ExitCode::data, "'" + options.inputs.front().string() + "' holds no images",
                      "check that this is the right file");
  }
  keep_first(joined, options);
  joined.metadata["synthetic"] = "false";
  if (options.limit) joined.metadata["limit"] = std::to_string(*options.limit);
  if (joined.skipped > 0) joined.metadata["skipped"] = std::to_string(joined.skipped);
  return finish(std::move(joined), options.split, options.draw);
}

PreparedContent prepare_synthetic(std::int64_t n, std::uint64_t seed, const SplitOptions& draw) {
  RawDigits digits = make_synthetic(n, seed);
  Joined joined;
  joined.images = std::move(digits.images);
  joined.labels = class_indices(digits.labels, LabelRule::index, "synthetic digits");
  joined.metadata = {{"source", "synthetic"},
                     {"format", "synthetic"},
                     {"label_rule", label_rule_name(LabelRule::index)},
                     {"synthetic", "true"},
                     {"synthetic_seed", std::to_string(seed)}};
  return finish(std::move(joined), SplitKind::random, draw);
}

}  // namespace svhn::data
