#include "data/images/image_folder.h"

#include <algorithm>
#include <span>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/thread_pool.h"
#include "data/images/picture.h"
#include "data/prepared.h"

namespace svhn::data {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse_folder(const fs::path& folder, const std::string& what, std::string hint) {
  throw core::Error(core::ExitCode::data, "'" + folder.string() + "' " + what, std::move(hint));
}

std::vector<std::string> list_digit(const fs::path& folder, const std::string& digit) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder / digit, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    std::error_code ignored;
    if (!name.starts_with('.') && !it->is_directory(ignored)) names.push_back(digit + "/" + name);
  }
  if (error) refuse_folder(folder / digit, "cannot be listed: " + error.message(), "check its permissions");
  std::sort(names.begin(), names.end());
  return names;
}

/// Keeps the rows that were read, in order, and lists the unreadable files.
RawDigits collect(const std::vector<std::string>& names, std::vector<std::uint8_t>&& images,
                  const std::vector<std::string>& problems) {
  RawDigits digits;
  digits.images = std::move(images);
  auto target = digits.images.begin();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!problems[i].empty()) {
      digits.unreadable.push_back(names[i] + ": " + problems[i]);
      continue;
    }
    const auto source = digits.images.begin() + static_cast<std::ptrdiff_t>(i) * kImageBytes;
    if (source != target) std::copy_n(source, kImageBytes, target);
    target += kImageBytes;
    digits.labels.push_back(names[i].front() - '0');
  }
  digits.images.erase(target, digits.images.end());
  return digits;
}

}  // namespace

std::vector<std::string> list_image_folder(const fs::path& folder) {
  std::vector<std::string> names;
  int found = 0;
  for (int digit = 0; digit <= 9; ++digit) {
    std::error_code error;
    if (!fs::is_directory(folder / std::to_string(digit), error)) continue;
    ++found;
    const auto more = list_digit(folder, std::to_string(digit));
    names.insert(names.end(), more.begin(), more.end());
  }
  if (found == 0) {
    refuse_folder(folder, "has none of the folders 0 to 9",
                  "put the pictures of each digit into a folder of its name");
  }
  return names;
}

RawDigits read_image_folder(const fs::path& folder, bool strict, unsigned threads) {
  const std::vector<std::string> names = list_image_folder(folder);
  std::vector<std::uint8_t> images(names.size() * static_cast<std::size_t>(kImageBytes));
  std::vector<std::string> problems(names.size());
  core::parallel_for(static_cast<std::int64_t>(names.size()), threads, [&](std::int64_t i) {
    const auto row = static_cast<std::size_t>(i);
    problems[row] =
        read_picture(folder / names[row], std::span(images).subspan(row * kImageBytes, kImageBytes));
  });
  RawDigits digits = collect(names, std::move(images), problems);
  if (strict && !digits.unreadable.empty()) {
    refuse_folder(folder, "holds an unreadable picture: " + digits.unreadable.front(),
                  "remove it, or leave out --strict");
  }
  if (digits.labels.empty()) {
    const std::string example = digits.unreadable.empty() ? "" : ": " + digits.unreadable.front();
    refuse_folder(folder, "holds no readable picture" + example,
                  "see the documentation for the kinds of pictures");
  }
  return digits;
}

}  // namespace svhn::data
