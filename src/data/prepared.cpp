#include "data/prepared.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/json.h"

namespace svhn::data {
namespace {

using core::Error;
using core::ExitCode;
using formats::DType;

constexpr std::array<Split, 3> kSplits{Split::train, Split::val, Split::test};
constexpr const char* kFormat = "svhn-prepared-1";
constexpr const char* kGroups = "groups";

[[noreturn]] void refuse_file(const std::filesystem::path& path, const std::string& message) {
  throw Error(ExitCode::data, "'" + path.string() + "': " + message, "make the file with `svhn preprocess`");
}

void check_labels(const std::filesystem::path& path, std::span<const std::uint8_t> labels) {
  const auto wrong = std::ranges::find_if(labels, [](std::uint8_t label) { return label >= kClasses; });
  if (wrong == labels.end()) return;
  refuse_file(path, "the label of row " + std::to_string(wrong - labels.begin()) + " is " +
                        std::to_string(*wrong) + ", not a class index of 0 to 9");
}

using Indices = std::array<std::vector<std::int64_t>, 3>;

/// Checks that every row is in at most one split, once.
void check_indices(const std::filesystem::path& path, const Indices& indices, std::size_t size) {
  std::vector<bool> used(size, false);
  for (const Split split : kSplits) {
    for (const std::int64_t row : indices[static_cast<std::size_t>(split)]) {
      if (row < 0 || static_cast<std::size_t>(row) >= size) {
        refuse_file(path, "split '" + split_name(split) + "' has the row " + std::to_string(row) + " of " +
                              std::to_string(size));
      }
      if (used[static_cast<std::size_t>(row)]) {
        refuse_file(path, "row " + std::to_string(row) + " of split '" + split_name(split) +
                              "' is in the splits twice");
      }
      used[static_cast<std::size_t>(row)] = true;
    }
  }
}

void check_groups(const std::filesystem::path& path, std::span<const std::int64_t> groups, std::size_t size) {
  if (groups.empty()) return;
  if (groups.size() != size) {
    refuse_file(path,
                std::to_string(groups.size()) + " groups do not fit " + std::to_string(size) + " labels");
  }
  const auto known = [size](std::int64_t group) {
    return group >= 0 && static_cast<std::size_t>(group) < size;
  };
  const auto wrong = std::find_if_not(groups.begin(), groups.end(), known);
  if (wrong == groups.end()) return;
  refuse_file(path, "the group of row " + std::to_string(wrong - groups.begin()) + " is " +
                        std::to_string(*wrong) + " of " + std::to_string(size));
}

void check_content(const std::filesystem::path& path, const PreparedContent& content) {
  const std::size_t size = content.labels.size();
  if (size == 0) refuse_file(path, "there are no images to write");
  if (content.images.size() / static_cast<std::size_t>(kImageBytes) != size ||
      content.images.size() % static_cast<std::size_t>(kImageBytes) != 0) {
    refuse_file(path, std::to_string(content.images.size()) + " bytes of images do not fit " +
                          std::to_string(size) + " labels");
  }
  check_labels(path, content.labels);
  check_indices(path, content.indices, size);
  check_groups(path, content.groups, size);
}

std::map<std::string, std::string> full_metadata(const PreparedContent& content) {
  nlohmann::ordered_json statistics;
  for (const Split split : kSplits) {
    const auto& rows = content.indices[static_cast<std::size_t>(split)];
    statistics[split_name(split)] = statistics_to_json(compute_statistics(content.images, rows));
  }
  auto metadata = content.metadata;
  metadata["format"] = kFormat;
  metadata["statistics"] = statistics.dump();
  metadata.try_emplace("synthetic", "false");
  return metadata;
}

std::array<SplitStatistics, 3> parse_statistics(const std::string& text, const std::filesystem::path& path) {
  const std::string source = path.string();
  const auto json = core::parse_json_strict(text, source + " (statistics)", ExitCode::data);
  std::array<SplitStatistics, 3> result;
  for (const Split split : kSplits) {
    const std::string name = split_name(split);
    if (!json.is_object() || json.size() != kSplits.size() || !json.contains(name)) {
      refuse_file(path, "the statistics are not those of train, val and test");
    }
    result[static_cast<std::size_t>(split)] = statistics_from_json(json[name], source, ExitCode::data);
  }
  return result;
}

/// @throws Error(data): the general hint for missing files names no option.
const std::filesystem::path& require_file(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::status(path, error).type() == std::filesystem::file_type::not_found) {
    throw Error(ExitCode::data, "cannot read '" + path.string() + "': No such file or directory",
                "name the prepared file with --data, or make it with `svhn preprocess`");
  }
  return path;
}

}  // namespace

std::string split_name(Split split) {
  constexpr std::array<const char*, 3> kNames{"train", "val", "test"};
  return kNames.at(static_cast<std::size_t>(split));
}

void write_prepared(const std::filesystem::path& path, const PreparedContent& content) {
  check_content(path, content);
  const auto size = static_cast<std::int64_t>(content.labels.size());
  std::vector<formats::TensorToWrite> tensors{
      {"images", DType::u8, {size, kSide, kSide, kChannels}, std::as_bytes(std::span(content.images))},
      {"labels", DType::u8, {size}, std::as_bytes(std::span(content.labels))}};
  for (const Split split : kSplits) {
    const auto& rows = content.indices[static_cast<std::size_t>(split)];
    const auto length = static_cast<std::int64_t>(rows.size());
    tensors.push_back({split_name(split), DType::i64, {length}, std::as_bytes(std::span(rows))});
  }
  if (!content.groups.empty()) {
    tensors.push_back({kGroups, DType::i64, {size}, std::as_bytes(std::span(content.groups))});
  }
  formats::write_safetensors(path, tensors, full_metadata(content), ExitCode::data);
}

struct PreparedData::Impl {
  explicit Impl(const std::filesystem::path& path)
      : file(std::make_shared<const formats::SafetensorsFile>(require_file(path), ExitCode::data)) {
    check_kind();
    images = file->require("images", DType::u8, {-1, kSide, kSide, kChannels});
    size = images.shape[0];
    const auto label_bytes = file->bytes(file->require("labels", DType::u8, {size}));
    labels = {reinterpret_cast<const std::uint8_t*>(label_bytes.data()), label_bytes.size()};
    check_labels(path, labels);
    for (const Split split : kSplits) {
      indices[static_cast<std::size_t>(split)] = read_numbers(split_name(split), -1);
    }
    check_indices(path, indices, static_cast<std::size_t>(size));
    if (file->find(kGroups) != nullptr) groups = read_numbers(kGroups, size);
    check_groups(path, groups, static_cast<std::size_t>(size));
    statistics = parse_statistics(metadata("statistics"), path);
    synthetic = read_synthetic();
  }

  void check_kind() const {
    const auto format = file->metadata().find("format");
    if (format == file->metadata().end() || format->second != kFormat) {
      refuse_file(file->path(), "not a prepared data file (its metadata lacks format svhn-prepared-1)");
    }
    if (!file->has_checksums()) refuse_file(file->path(), "a prepared data file without checksums");
  }

  [[nodiscard]] const std::string& metadata(const std::string& key) const {
    const auto found = file->metadata().find(key);
    if (found == file->metadata().end()) refuse_file(file->path(), "the metadata lacks '" + key + "'");
    return found->second;
  }

  [[nodiscard]] bool read_synthetic() const {
    const std::string& text = metadata("synthetic");
    if (text != "true" && text != "false") refuse_file(file->path(), "'synthetic' is neither true nor false");
    return text == "true";
  }

  /// @param length -1: any.
  [[nodiscard]] std::vector<std::int64_t> read_numbers(const std::string& name, std::int64_t length) const {
    // Copied, since the numbers of a foreign file may be unaligned.
    const auto bytes = file->bytes(file->require(name, DType::i64, {length}));
    std::vector<std::int64_t> numbers(bytes.size() / sizeof(std::int64_t));
    if (!bytes.empty()) std::memcpy(numbers.data(), bytes.data(), bytes.size());
    return numbers;
  }

  std::shared_ptr<const formats::SafetensorsFile> file;  // Shared with the results of `divided`.
  formats::TensorInfo images;
  std::int64_t size = 0;
  std::span<const std::uint8_t> labels;
  Indices indices;
  std::vector<std::int64_t> groups;
  std::array<SplitStatistics, 3> statistics;
  bool synthetic = false;
};

PreparedData::PreparedData(const std::filesystem::path& path) : impl_(std::make_unique<Impl>(path)) {}
PreparedData::~PreparedData() = default;
PreparedData::PreparedData(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PreparedData::PreparedData(PreparedData&&) noexcept = default;

PreparedData PreparedData::divided(std::vector<std::int64_t> train_rows,
                                   std::vector<std::int64_t> val_rows) const {
  std::vector<bool> free(static_cast<std::size_t>(impl_->size), false);
  for (const std::int64_t row : indices(Split::train)) free[static_cast<std::size_t>(row)] = true;
  for (const auto* rows : {&train_rows, &val_rows}) {
    for (const std::int64_t row : *rows) {
      const bool known = row >= 0 && row < impl_->size && free[static_cast<std::size_t>(row)];
      if (!known) throw Error(ExitCode::bug, "row " + std::to_string(row) + " cannot be divided off");
      free[static_cast<std::size_t>(row)] = false;
    }
  }
  auto impl = std::make_unique<Impl>(*impl_);
  impl->indices[static_cast<std::size_t>(Split::train)] = std::move(train_rows);
  impl->indices[static_cast<std::size_t>(Split::val)] = std::move(val_rows);
  impl->statistics[static_cast<std::size_t>(Split::val)] = statistics(Split::train);
  return PreparedData(std::move(impl));
}

std::int64_t PreparedData::size() const {
  return impl_->size;
}

std::span<const std::uint8_t> PreparedData::image(std::int64_t row) const {
  if (row < 0 || row >= impl_->size) {
    throw Error(ExitCode::bug, "row " + std::to_string(row) + " is outside of the data's " +
                                   std::to_string(impl_->size) + " rows");
  }
  constexpr auto kBytes = static_cast<std::size_t>(kImageBytes);
  const auto bytes = impl_->file->bytes(impl_->images, static_cast<std::size_t>(row) * kBytes, kBytes);
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

std::span<const std::uint8_t> PreparedData::labels() const {
  return impl_->labels;
}

std::span<const std::int64_t> PreparedData::indices(Split split) const {
  return impl_->indices.at(static_cast<std::size_t>(split));
}

std::span<const std::int64_t> PreparedData::groups() const {
  return impl_->groups;
}

const SplitStatistics& PreparedData::statistics(Split split) const {
  return impl_->statistics.at(static_cast<std::size_t>(split));
}

const std::map<std::string, std::string>& PreparedData::metadata() const {
  return impl_->file->metadata();
}

bool PreparedData::synthetic() const {
  return impl_->synthetic;
}

const std::filesystem::path& PreparedData::path() const {
  return impl_->file->path();
}

const formats::SafetensorsFile& PreparedData::file() const {
  return *impl_->file;
}

}  // namespace svhn::data
