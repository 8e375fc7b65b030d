#include "data/images/image_folder.h"

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/thread_pool.h"
#include "data/digest.h"
#include "data/images/file_tree.h"
#include "data/images/picture.h"
#include "data/prepared.h"
#include "data/sources/folder_name.h"

namespace svhn::data {
namespace {

namespace fs = std::filesystem;

constexpr int kStanfordZero = 10;

[[noreturn]] void refuse_folder(const fs::path& folder, const std::string& what, std::string hint) {
  throw core::Error(core::ExitCode::data, "'" + folder.string() + "' " + what, std::move(hint));
}

/// A picture file and what its folders say.
struct Entry {
  std::string path;  ///< Relative to the folder that is read.
  int label = 0;     ///< 0 to 10.
  std::optional<Origin> origin{};
};

/// What a name says; two folders above a picture may contradict each other.
template <typename T>
struct Said {
  std::optional<T> value{};
  bool contradiction = false;

  void hear(const std::optional<T>& other) {
    if (!other) return;
    contradiction = contradiction || (value && *value != *other);
    value = other;
  }
};

/// Sorts the files below a folder by what their folders are named for.
class FolderPlan {
 public:
  explicit FolderPlan(const fs::path& folder) : tree_(list_tree(folder)) {
    const fs::path absolute = fs::absolute(folder).lexically_normal();
    const fs::path own = (absolute.has_filename() ? absolute : absolute.parent_path()).filename();
    own_origin_ = origin_of_folder(own.string());
    for (const std::string& file : tree_.files) place(file);
    settle_tens();
    std::stable_sort(entries_.begin(), entries_.end(),
                     [](const Entry& a, const Entry& b) { return a.label % 10 < b.label % 10; });
    describe();
  }

  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  /// @returns whether some folder is named for a digit.
  [[nodiscard]] bool has_digits() const {
    return std::any_of(tree_.folders.begin(), tree_.folders.end(), [](const std::string& folder) {
      return digit_of_folder(fs::path(folder).filename().string()).has_value();
    });
  }

  /// @throws core::Error(data), since nothing is named for a digit.
  [[noreturn]] void refuse(const fs::path& folder) const {
    if (!tree_.unlisted.empty()) {
      const auto& [path, reason] = tree_.unlisted.front();
      refuse_folder(path.empty() ? folder : folder / path, reason, "check the path and its permissions");
    }
    refuse_folder(folder, "has none of the folders 0 to 9",
                  "put the pictures of each digit into a folder of its name: 5, digit_5 or five");
  }

  /// Moves what the plan says beside its entries.
  void report(RawDigits& digits) {
    digits.notes = std::move(notes_);
    digits.left_out = left_out_;
    if (tens_) digits.rule = LabelRule::svhn;
    for (const auto& [path, reason] : tree_.unlisted) {
      digits.unreadable.push_back((path.empty() ? "." : path) + ": " + reason);
    }
  }

 private:
  void place(const std::string& file) {
    Said<int> digit;
    Said<Origin> origin;
    std::string_view rest = file;
    for (std::size_t end = rest.find('/'); end != std::string_view::npos; end = rest.find('/')) {
      digit.hear(digit_of_folder(rest.substr(0, end)));
      origin.hear(origin_of_folder(rest.substr(0, end)));
      rest.remove_prefix(end + 1);
    }
    if (!digit.value) {
      leave_out(file, "in no folder that is named for a digit");
    } else if (digit.contradiction) {
      leave_out(file, "in folders that are named for two digits");
    } else if (origin.contradiction) {
      leave_out(file, "in folders that are named for two splits");
    } else {
      entries_.push_back({file, *digit.value, origin.value ? origin.value : own_origin_});
    }
  }

  void leave_out(const std::string& file, const std::string& reason) {
    reasons_[{fs::path(file).parent_path().string(), reason}].push_back(fs::path(file).filename().string());
  }

  /// Decides what 10 means.
  void settle_tens() {
    const auto has = [this](int label) {
      return std::any_of(entries_.begin(), entries_.end(),
                         [label](const Entry& entry) { return entry.label == label; });
    };
    if (!has(kStanfordZero)) return;
    tens_ = !has(0);
    if (tens_) return;
    for (const Entry& entry : entries_) {
      if (entry.label == kStanfordZero) leave_out(entry.path, "beside a folder 0, 10 is no digit");
    }
    std::erase_if(entries_, [](const Entry& entry) { return entry.label == kStanfordZero; });
  }

  void describe() {
    if (tens_)
      notes_.emplace_back("10 is read as the digit 0, as in Stanford's labels, since nothing is named 0");
    for (const auto& [where, names] : reasons_) {
      left_out_ += static_cast<std::int64_t>(names.size());
      notes_.push_back("left out " + count_text(names, "file") +
                       (where.first.empty() ? "" : " in '" + where.first + "'") + ": " + where.second);
    }
    if (!tree_.hidden.empty()) notes_.push_back("left out " + count_text(tree_.hidden, "hidden file"));
    if (!tree_.repeated.empty()) {
      notes_.push_back("left out " + count_text(tree_.repeated, "folder") +
                       ", read already under another path");
    }
  }

  FileTree tree_;
  std::optional<Origin> own_origin_;
  std::vector<Entry> entries_;
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> reasons_;  // By folder and reason.
  std::vector<std::string> notes_;
  std::int64_t left_out_ = 0;
  bool tens_ = false;
};

/// What was read of one file.
struct Outcome {
  PictureResult picture;
  std::string sha256;
};

Outcome read_one(const PictureReader& reader, const fs::path& file, std::span<std::uint8_t> pixels) {
  try {
    const core::MappedFile mapped(file, core::ExitCode::data);
    Outcome outcome{reader.read(mapped.bytes(), pixels), {}};
    if (outcome.picture.problem.empty()) outcome.sha256 = sha256_of_bytes(mapped.bytes());
    return outcome;
  } catch (const core::Error& error) {
    PictureResult picture;
    picture.problem = error.what();
    return {std::move(picture), {}};
  }
}

std::vector<Outcome> read_all(const fs::path& folder, const std::vector<Entry>& entries, unsigned threads,
                              std::vector<std::uint8_t>& images) {
  images.resize(entries.size() * static_cast<std::size_t>(kImageBytes));
  std::vector<Outcome> outcomes(entries.size());
  const PictureReader reader;
  core::parallel_for(static_cast<std::int64_t>(entries.size()), threads, [&](std::int64_t i) {
    const auto row = static_cast<std::size_t>(i);
    outcomes[row] = read_one(reader, folder / entries[row].path,
                             std::span(images).subspan(row * kImageBytes, kImageBytes));
  });
  return outcomes;
}

/// Keeps the pixels of the rows that were read, in order, and lists the other files.
void keep_read(const std::vector<Entry>& entries, const std::vector<Outcome>& outcomes, RawDigits& digits) {
  auto target = digits.images.begin();
  std::string listing;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (const std::string& problem = outcomes[i].picture.problem; !problem.empty()) {
      digits.unreadable.push_back(entries[i].path + ": " + problem);
      continue;
    }
    const auto source = digits.images.begin() + static_cast<std::ptrdiff_t>(i) * kImageBytes;
    if (source != target) std::copy_n(source, kImageBytes, target);
    target += kImageBytes;
    digits.labels.push_back(entries[i].label);
    listing += outcomes[i].sha256 + "  " + entries[i].path + "\n";
  }
  digits.images.erase(target, digits.images.end());
  digits.sha256 = sha256_of_bytes(std::as_bytes(std::span(listing)));
}

/// Fills `origins`, where some picture has one.
void keep_origins(const std::vector<Entry>& entries, const std::vector<Outcome>& outcomes,
                  RawDigits& digits) {
  std::vector<std::string> stray;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (!outcomes[i].picture.problem.empty()) continue;
    digits.origins.push_back(entries[i].origin.value_or(Origin::train));
    if (!entries[i].origin) stray.push_back(entries[i].path);
  }
  if (stray.size() == digits.origins.size()) {
    digits.origins.clear();
  } else if (!stray.empty()) {
    digits.notes.push_back("beside the folders of the splits lie " + count_text(stray, "picture") +
                           ": training data");
  }
}

/// Says what was done with transparent pictures, and what decoders say about pictures that were read.
void note_remarks(const std::vector<Entry>& entries, const std::vector<Outcome>& outcomes,
                  RawDigits& digits) {
  std::map<Ground, std::vector<std::string>> grounds;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const PictureResult& picture = outcomes[i].picture;
    if (!picture.problem.empty()) continue;
    if (picture.ground != Ground::none) grounds[picture.ground].push_back(entries[i].path);
    if (!picture.remark.empty()) digits.notes.push_back(entries[i].path + ": " + picture.remark);
  }
  for (const auto& [ground, names] : grounds) {
    digits.notes.push_back(count_text(names, "picture") + ": " + ground_text(ground));
  }
}

}  // namespace

RawDigits read_image_folder(const fs::path& folder, bool strict, unsigned threads) {
  FolderPlan plan(folder);
  if (!plan.has_digits()) plan.refuse(folder);
  RawDigits digits;
  plan.report(digits);
  const std::vector<Outcome> outcomes = read_all(folder, plan.entries(), threads, digits.images);
  keep_read(plan.entries(), outcomes, digits);
  keep_origins(plan.entries(), outcomes, digits);
  note_remarks(plan.entries(), outcomes, digits);
  if (strict && !digits.unreadable.empty()) {
    refuse_folder(folder, "holds an unreadable picture: " + digits.unreadable.front(),
                  "remove it, or leave out --strict");
  }
  if (digits.labels.empty()) {
    const auto& told = digits.unreadable.empty() ? digits.notes : digits.unreadable;
    refuse_folder(folder, "holds no readable picture" + (told.empty() ? "" : ": " + told.front()),
                  "see the documentation for the kinds of pictures and the names of folders");
  }
  return digits;
}

}  // namespace svhn::data
