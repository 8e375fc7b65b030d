#include "formats/zip/zip_file.h"

#include <zip.h>

#include <algorithm>
#include <set>

#include "core/file.h"
#include "core/json.h"

namespace svhn::formats {
namespace {

constexpr std::size_t kMaxEntries = 100'000;
constexpr std::size_t kMaxInflation = 1040;  // zlib documents at most 1032:1; the rest allows for headers.
// Weights hardly shrink. A small archive may also hold zeros.
constexpr std::size_t kMaxTotalInflation = 100, kFreeBytes = std::size_t{64} << 20;
constexpr std::size_t kEndBytes = 22, kLocalBytes = 30, kCentralBytes = 46;  // Fixed parts of records.
constexpr const char* kDamaged = "the file is damaged or incomplete; save or fetch it again";

struct CloseArchive {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct CloseEntry {
  void operator()(zip_file_t* entry) const { zip_fclose(entry); }
};
using Archive = std::unique_ptr<zip_t, CloseArchive>;
using Entry = std::unique_ptr<zip_file_t, CloseEntry>;

std::string text_of(zip_error_t& error) {
  std::string text = core::printable(zip_error_strerror(&error));
  zip_error_fini(&error);
  return text;
}

std::string in_quotes(std::string_view name) {
  return "'" + core::printable(name) + "'";
}

/// @returns why an entry is not read, or "".
std::string entry_fault(const zip_stat_t& entry) {
  constexpr zip_uint64_t kNeeded =
      ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
  if ((entry.valid & kNeeded) != kNeeded) return "is damaged";
  if (entry.encryption_method != ZIP_EM_NONE) return "is encrypted";
  if (entry.comp_method != ZIP_CM_STORE && entry.comp_method != ZIP_CM_DEFLATE)
    return "is packed in an unknown way";
  const bool stored = entry.comp_method == ZIP_CM_STORE;
  const bool fits = stored ? entry.size == entry.comp_size : entry.size / kMaxInflation <= entry.comp_size;
  return fits ? "" : "promises " + std::to_string(entry.size) + " bytes, which the archive does not hold";
}

}  // namespace

bool is_zip(std::span<const std::byte> file) {
  constexpr std::string_view kLocal = "PK\3\4", kEmpty = "PK\5\6";
  if (file.size() < 4) return false;
  const std::string_view start(reinterpret_cast<const char*>(file.data()), 4);
  return start == kLocal || start == kEmpty;
}

struct ZipFile::Impl {
  Impl(const std::filesystem::path& path, core::ExitCode error_code)
      : file(path, error_code), code(error_code) {}

  [[noreturn]] void fail(const std::string& what) const {
    throw core::Error(code, "'" + file.path().string() + "': " + what, kDamaged);
  }
  void open();
  void list();
  void check_total() const;
  ZipEntry describe(std::uint64_t index);

  core::MappedFile file;
  core::ExitCode code;
  std::vector<ZipEntry> entries;
  Archive archive;
  std::size_t claimed = kEndBytes;  // Minimum of bytes that the entries' records and data use.
};

void ZipFile::Impl::open() {
  zip_error_t error;
  zip_error_init(&error);
  const auto bytes = file.bytes();
  if (!is_zip(bytes)) fail("not a zip archive");
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  if (source == nullptr) fail(text_of(error));
  archive.reset(zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error));
  if (!archive) {
    zip_source_free(source);
    fail("not a sound zip archive: " + text_of(error));
  }
  zip_error_fini(&error);
}

ZipEntry ZipFile::Impl::describe(std::uint64_t index) {
  zip_stat_t entry;
  zip_stat_init(&entry);
  if (zip_stat_index(archive.get(), index, 0, &entry) != 0) fail("an entry of the archive is damaged");
  const std::string fault = entry_fault(entry);
  const std::string name = (entry.valid & ZIP_STAT_NAME) != 0 ? entry.name : "";
  if (!fault.empty()) fail("the entry " + in_quotes(name) + " " + fault);
  const std::size_t remaining = file.bytes().size() - std::min(claimed, file.bytes().size());
  const std::size_t records = kLocalBytes + kCentralBytes + 2 * name.size();
  // Entries that share bytes need more bytes in total than the file has.
  if (entry.comp_size > remaining || records > remaining - entry.comp_size) fail("its entries overlap");
  claimed += records + entry.comp_size;
  return {name, entry.size, index};
}

void ZipFile::Impl::list() {
  const zip_int64_t count = zip_get_num_entries(archive.get(), 0);
  if (count < 0 || static_cast<std::size_t>(count) > kMaxEntries)
    fail("the archive has " + std::to_string(count) + " entries");
  std::set<std::string_view> names;
  entries.reserve(static_cast<std::size_t>(count));
  for (zip_int64_t i = 0; i < count; ++i) {
    entries.push_back(describe(static_cast<std::uint64_t>(i)));
    if (!names.insert(entries.back().name).second)
      fail("the entry " + in_quotes(entries.back().name) + " is there twice");
  }
}

void ZipFile::Impl::check_total() const {
  std::size_t total = 0;
  for (const ZipEntry& entry : entries) total += entry.bytes;
  const std::size_t own = file.bytes().size();
  if (total <= kFreeBytes + kMaxTotalInflation * own) return;
  throw core::Error(code,
                    "'" + file.path().string() + "': its " + std::to_string(own) + " bytes would become " +
                        std::to_string(total) + ", more than " + std::to_string(kMaxTotalInflation) +
                        " times as many",
                    "no weights shrink like this; if it is sound, unpack it and pack it without compression");
}

ZipFile::ZipFile(const std::filesystem::path& path, core::ExitCode code)
    : impl_(std::make_unique<Impl>(path, code)) {
  impl_->open();
  impl_->list();
  impl_->check_total();
}

ZipFile::ZipFile(ZipFile&&) noexcept = default;
ZipFile::~ZipFile() = default;

const std::vector<ZipEntry>& ZipFile::entries() const {
  return impl_->entries;
}

const ZipEntry* ZipFile::find(std::string_view name) const {
  const auto found = std::find_if(impl_->entries.begin(), impl_->entries.end(),
                                  [&](const ZipEntry& entry) { return entry.name == name; });
  return found == impl_->entries.end() ? nullptr : &*found;
}

std::vector<std::byte> ZipFile::read(const ZipEntry& entry) const {
  const std::string title = "the entry " + in_quotes(entry.name) + " ";
  const Entry file(zip_fopen_index(impl_->archive.get(), entry.index, 0));
  if (!file) impl_->fail(title + "cannot be read");
  std::vector<std::byte> bytes(entry.bytes);
  std::size_t done = 0;
  while (done < bytes.size()) {
    const zip_int64_t got = zip_fread(file.get(), bytes.data() + done, bytes.size() - done);
    if (got <= 0) impl_->fail(title + "is damaged");
    done += static_cast<std::size_t>(got);
  }
  // libzip compares the checksum at the end of the data.
  std::byte beyond{};
  if (zip_fread(file.get(), &beyond, 1) != 0) impl_->fail(title + "does not match its checksum");
  return bytes;
}

const std::filesystem::path& ZipFile::path() const {
  return impl_->file.path();
}

}  // namespace svhn::formats
