#include "data/images/prepare.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <future>
#include <iterator>
#include <utility>

#include "core/error.h"
#include "core/words.h"
#include "data/digest.h"
#include "data/images/image_folder.h"
#include "data/images/synthetic.h"
#include "data/photos.h"
#include "data/shared_rows.h"
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
  std::vector<Origin> origins{};  // Training data, where an input says nothing.
  std::vector<InputRows> inputs{};
  std::vector<std::int64_t> groups{};
  std::vector<std::string> placed{};          // Inputs with folders that are named for splits.
  std::vector<std::string> unplaced{};        // The others.
  std::map<std::string, std::string> seen{};  // The inputs' names by their checksums.
  std::size_t skipped = 0;
  std::int64_t left_out = 0;
  std::map<std::string, std::string> metadata{};
};

/// What reads a source.
struct Reader {
  std::string_view source;  ///< Its name in `sources()`.
  RawDigits (*read)(const fs::path& input, const PrepareOptions& options);
  bool folder = false;  ///< It takes the checksum itself.
};

template <RawDigits (*read)(const fs::path&)>
RawDigits read_file(const fs::path& input, const PrepareOptions& /*options*/) {
  return read(input);
}

RawDigits read_folder(const fs::path& input, const PrepareOptions& options) {
  return read_image_folder(input, options.strict, options.threads);
}

constexpr std::array<Reader, 4> kReaders{{
    {"pickle", read_file<read_pickled_frame>},
    {"mat", read_file<read_mat>},
    {"arff", read_file<read_arff>},
    {"folder", read_folder, true},
}};

const Reader& reader_of(const Source& source) {
  for (const Reader& reader : kReaders) {
    if (reader.source == source.name) return reader;
  }
  throw core::Error(core::ExitCode::bug, "no reader of the source " + std::string(source.name));
}

/// @returns the last part of a path, also of "folder/".
std::string base_name(const fs::path& path) {
  const fs::path absolute = fs::absolute(path).lexically_normal();
  return (absolute.has_filename() ? absolute.filename() : absolute.parent_path().filename()).string();
}

Origin require_origin(const std::string& name) {
  if (const auto origin = origin_of_file(name)) return *origin;
  throw core::Error(core::ExitCode::data,
                    "the official split cannot place '" + name +
                        "': its name has not exactly one of the words train, test and extra",
                    "rename it, such as train_" + name + ", or use --split random");
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

/// Reads an input, and takes its checksum beside that.
RawDigits read_input(const fs::path& input, const Reader& reader, const PrepareOptions& options) {
  if (reader.folder) return reader.read(input, options);
  // Declared first: its destructor waits, so the input outlives the hashing even when the reader throws.
  auto sha256 = std::async(std::launch::async, [&input] { return sha256_of_file(input); });
  RawDigits digits = reader.read(input, options);
  digits.sha256 = sha256.get();
  return digits;
}

void note(const PrepareOptions& options, const std::string& line) {
  if (options.on_note) options.on_note(line);
}

/// Passes on what a reader has left out or decided.
void tell(const RawDigits& digits, const std::string& name, const PrepareOptions& options) {
  const std::string prefix = options.inputs.size() > 1 ? name + "/" : "";
  for (const std::string& line : digits.notes) {
    note(options, (options.inputs.size() > 1 ? "'" + name + "': " : "") + line);
  }
  if (!options.on_skipped) return;
  for (const std::string& what : digits.unreadable) options.on_skipped(prefix + what);
}

void place_rows(Joined& joined, RawDigits& digits, const std::string& name, const PrepareOptions& options) {
  (digits.origins.empty() ? joined.unplaced : joined.placed).push_back(name);
  if (digits.origins.empty()) {
    const Origin origin = options.split == SplitKind::official ? require_origin(name) : Origin::train;
    digits.origins.assign(digits.labels.size(), origin);
  }
  append_rows(joined.origins, std::move(digits.origins));
}

/// @returns where a label rule is from, for the metadata.
std::string_view rule_origin(const PrepareOptions& options, const RawDigits& digits, const Source& source) {
  if (options.labels) return "--labels";
  if (digits.rule)
    return reader_of(source).folder ? "the folders' names" : "assumed (as torchvision numbers digits)";
  return source.states_labels ? "the format" : "assumed (the file does not say)";
}

std::string doubt_text(const fs::path& input, LabelRule rule, LabelRule likelier) {
  return "warning: '" + input.string() + "': the labels were read by the rule '" + label_rule_name(rule) +
         "', but the digits are as frequent as in SVHN by the rule '" + label_rule_name(likelier) +
         "'; if that is right, prepare them with --labels " + label_rule_name(likelier);
}

void join(Joined& joined, const fs::path& input, const PrepareOptions& options) {
  const std::string name = base_name(input);
  const Source& source = options.format != nullptr ? *options.format : detect_source(input);
  RawDigits digits = read_input(input, reader_of(source), options);
  tell(digits, name, options);
  joined.inputs.push_back({name, static_cast<std::int64_t>(digits.labels.size())});
  place_rows(joined, digits, name, options);
  const auto [first, is_new] = joined.seen.emplace(digits.sha256, name);
  if (!is_new) {
    note(options, "warning: '" + name + "' has the content of '" + first->second +
                      "': " + std::to_string(digits.labels.size()) + " images are there twice");
  }
  const LabelRule rule = options.labels.value_or(digits.rule.value_or(source.labels));
  append_rows(joined.labels, class_indices(digits.labels, rule, input.string()));
  if (const auto likelier = likelier_rule(digits.labels, rule))
    note(options, doubt_text(input, rule, *likelier));
  append_rows(joined.images, std::move(digits.images));
  joined.skipped += digits.unreadable.size();
  joined.left_out += digits.left_out;
  append(joined.metadata["source"], name);
  append(joined.metadata["format"], source.name);
  append(joined.metadata["label_rule"], label_rule_name(rule));
  append(joined.metadata["label_rule_from"], rule_origin(options, digits, source));
  append(joined.metadata["sha256"], digits.sha256);
}

void keep_first(Joined& joined, const PrepareOptions& options) {
  if (!options.limit || static_cast<std::size_t>(*options.limit) >= joined.labels.size()) return;
  const auto rows = static_cast<std::size_t>(*options.limit);
  joined.images.resize(rows * kImageBytes);
  joined.images.shrink_to_fit();
  joined.labels.resize(rows);
  joined.origins.resize(rows);
  if (!joined.groups.empty()) joined.groups.resize(rows);
}

std::string number_text(double value) {
  std::array<char, 32> text{};
  const auto result = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), result.ptr};
}

/// How the rows are divided.
struct Division {
  std::string name;  ///< Of the metadata: random, official or folders.
  bool test = true;  ///< The test rows are drawn.
  bool val = true;   ///< The validation rows are drawn.
};

void describe_split(std::map<std::string, std::string>& metadata, const Division& division,
                    const SplitOptions& draw) {
  metadata["split"] = division.name;
  if (!metadata.contains("group")) metadata["stratify"] = stratify_name(draw.stratify);
  // No fraction describes rows that are given.
  if (division.test) metadata["test_fraction"] = number_text(draw.test_fraction);
  if (division.val) metadata["val_fraction"] = number_text(draw.val_fraction);
  metadata["split_seed"] = std::to_string(draw.seed);
}

/// Decides how the rows are divided, and says what is not obvious.
Division choose_division(const Joined& joined, const PrepareOptions& options) {
  const auto has = [&joined](Origin origin) {
    return std::find(joined.origins.begin(), joined.origins.end(), origin) != joined.origins.end();
  };
  const bool test = has(Origin::test);
  const bool val = has(Origin::val);
  if (options.split == SplitKind::official) return {"official", false, !val};
  if (joined.placed.empty()) return {"random"};
  const bool train = has(Origin::train) || has(Origin::extra);
  if (!train || (!test && !val)) {
    if (!train) note(options, "no folder is named for training data: all pictures are divided at random");
    return {"random"};
  }
  if (options.split == SplitKind::random) {
    note(options, "folders are named for splits, but --split random divides all images anew");
    return {"random"};
  }
  for (const std::string& name : joined.unplaced)
    note(options, "no folder of '" + name + "' is named for a split: it is training data");
  const auto drawn = [&options](const char* split, double share) {
    note(options, std::string("no folder is named ") + split + ": " + number_text(share) +
                      " of the training images become that split");
  };
  if (!test) drawn("test", options.draw.test_fraction);
  if (!val) drawn("val", options.draw.val_fraction);
  return {"folders", !test, !val};
}

/// @returns the digits of other splits that a split lacks, as "3, 5".
std::string lacking_digits(const PreparedContent& content, Split split) {
  std::array<bool, kClasses> lacking{};
  for (const std::uint8_t label : content.labels) lacking.at(label) = true;
  for (const std::int64_t row : content.indices.at(static_cast<std::size_t>(split))) {
    lacking.at(content.labels[static_cast<std::size_t>(row)]) = false;
  }
  std::string digits;
  for (int label = 0; label < kClasses; ++label) {
    if (lacking.at(static_cast<std::size_t>(label))) append(digits, std::to_string(digit_of_class(label)));
  }
  return digits;
}

/// Says what a division by photo could not give, and what a given one has not kept together.
void note_groups(const PreparedContent& content, const PrepareOptions& options) {
  for (const Split split : {Split::train, Split::val, Split::test}) {
    const std::string digits = lacking_digits(content, split);
    if (digits.empty()) continue;
    note(options, "warning: the " + split_name(split) +
                      " split has no image of these digits, which too few photos show: " + digits);
  }
  const std::int64_t divided = count_divided(content.groups, content.indices);
  if (divided == 0) return;
  note(options, "warning: " + core::counted(divided, "photo") +
                    " have digits in several of the splits that the inputs come with");
}

/// Says what is doubtful about the data.
void note_doubts(const PreparedContent& content, const PrepareOptions& options) {
  const SharedRows shared = count_shared_rows(content.images, content.indices);
  const auto say = [&](std::int64_t count, Split split, const char* other) {
    if (count == 0) return;
    note(options, "warning: " + std::to_string(count) + " of the " +
                      std::to_string(content.indices.at(static_cast<std::size_t>(split)).size()) +
                      " images of the " + split_name(split) + " split are in the " + other +
                      " split too, pixel by pixel");
  };
  say(shared.test_in_train, Split::test, "training");
  say(shared.val_in_train, Split::val, "training");
  say(shared.test_in_val, Split::test, "validation");
  const int digit = digit_of_class(content.labels.front());
  const bool single = std::all_of(content.labels.begin(), content.labels.end(),
                                  [&](std::uint8_t label) { return label == content.labels.front(); });
  if (single) {
    note(options, "warning: every image shows the digit " + std::to_string(digit) +
                      ": no model can learn to tell digits apart");
  }
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

PreparedContent finish(Joined&& joined, const Division& division, const SplitOptions& draw) {
  PreparedContent content;
  if (division.name == "official") {
    content.indices = split_official(joined.labels, joined.origins, draw, joined.groups);
  } else if (division.name == "folders") {
    content.indices = split_given(joined.labels, joined.origins, draw, joined.groups);
  } else {
    content.indices = split_three(joined.labels, draw, joined.groups);
  }
  content.images = std::move(joined.images);
  content.labels = std::move(joined.labels);
  content.groups = std::move(joined.groups);
  content.metadata = std::move(joined.metadata);
  describe_split(content.metadata, division, draw);
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
  if (options.groups) {
    joined.groups = read_photos(*options.groups, joined.inputs);
    joined.metadata["group"] = base_name(*options.groups);
  }
  keep_first(joined, options);
  joined.metadata["synthetic"] = "false";
  if (options.limit) joined.metadata["limit"] = std::to_string(*options.limit);
  if (joined.skipped > 0) joined.metadata["skipped"] = std::to_string(joined.skipped);
  if (joined.left_out > 0) joined.metadata["left_out"] = std::to_string(joined.left_out);
  const Division division = choose_division(joined, options);
  PreparedContent content = finish(std::move(joined), division, options.draw);
  if (!options.on_note) return content;
  note_doubts(content, options);
  if (!content.groups.empty()) note_groups(content, options);
  return content;
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
  return finish(std::move(joined), {"random"}, draw);
}

}  // namespace svhn::data
