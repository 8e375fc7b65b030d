#include "formats/hdf5/file.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/file.h"
#include "core/json.h"
#include "formats/hdf5/scan.h"

namespace svhn::formats {
namespace {

constexpr std::array<unsigned char, 8> kSignature{0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
constexpr std::size_t kMinSuperblock = 48;  // Length in bytes, versions 2 and 3.

bool has_signature(std::span<const std::byte> bytes) {
  return bytes.size() >= kMinSuperblock &&
         std::equal(kSignature.begin(), kSignature.end(), bytes.begin(),
                    [](unsigned char a, std::byte b) { return std::byte{a} == b; });
}

std::uint64_t little_endian_number(std::span<const std::byte> bytes, std::size_t at, std::size_t width) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i) value |= std::to_integer<std::uint64_t>(bytes[at + i]) << 8 * i;
  return value;
}

/// Offsets within the superblock: the sizes of addresses and lengths, the base address, the end of the file.
/// @see "HDF5 File Format Specification", II.A
struct Layout {
  std::size_t sizes, base, end;
};

Layout layout_of(std::uint64_t version) {
  if (version == 0) return {13, 24, 40};
  if (version == 1) return {13, 28, 44};
  return {9, 12, 28};
}

/// @returns the offset of the superblock: 0, 512, 1024, 2048, …; nullopt when there is none.
std::optional<std::size_t> find_superblock(std::span<const std::byte> file) {
  for (std::size_t at = 0; at < file.size(); at = at == 0 ? 512 : at * 2) {
    if (has_signature(file.subspan(at))) return at;
    if (at > file.size() / 2) break;
  }
  return std::nullopt;
}

/// @returns what is wrong with the version, sizes or addresses of the superblock; "" when it is valid.
std::string superblock_fault(std::span<const std::byte> file) {
  const auto start = find_superblock(file);
  if (!start) return "not an HDF5 file";
  const auto block = file.subspan(*start);
  const std::uint64_t version = little_endian_number(block, 8, 1);
  if (version > 3) return "its superblock has the unknown version " + std::to_string(version);
  const Layout layout = layout_of(version);
  if (block.size() < layout.end + 8) return "the file ends within its superblock";
  if (little_endian_number(block, layout.sizes, 1) != 8 ||
      little_endian_number(block, layout.sizes + 1, 1) != 8)
    return "its addresses are not of 8 bytes";
  if (little_endian_number(block, layout.base, 8) != *start) return "its base address is wrong";
  const std::uint64_t end = little_endian_number(block, layout.end, 8);
  if (end <= file.size()) return "";
  return "the file has " + std::to_string(file.size()) + " of " + std::to_string(end) + " bytes";
}

}  // namespace

struct Hdf5File::Impl {
  [[nodiscard]] std::span<const std::byte> bytes() const {
    return file ? file->bytes() : std::span<const std::byte>(memory);
  }

  std::optional<core::MappedFile> file;
  std::vector<std::byte> memory;  // Of a file without a path.
  std::filesystem::path name;
  core::ExitCode code;
  Hdf5Index index{};
  std::vector<Hdf5Dataset> datasets{};  // Copies of the index entries' datasets, in the same order.
};

Hdf5File::Hdf5File(const std::filesystem::path& path, core::ExitCode code)
    : impl_(new Impl{core::MappedFile(path, code), {}, path, code}) {
  scan({path, impl_->bytes()});
}

Hdf5File::Hdf5File(std::vector<std::byte> bytes, const std::filesystem::path& name, core::ExitCode code)
    : impl_(new Impl{std::nullopt, std::move(bytes), name, code}) {
  scan({{}, impl_->bytes()});
}

void Hdf5File::scan(const Hdf5Input& input) {
  const std::string fault = superblock_fault(input.bytes);
  if (!fault.empty()) fail(fault);
  auto index = scan_hdf5_in_child(input);
  if (!index) fail("the HDF5 library cannot make sense of the file");
  if (!index->fault.empty()) fail(index->fault, index->hint);
  impl_->index = std::move(*index);
  for (const Hdf5Entry& entry : impl_->index.entries) impl_->datasets.push_back(entry.dataset);
}

Hdf5File::Hdf5File(Hdf5File&&) noexcept = default;
Hdf5File::~Hdf5File() = default;

const std::vector<Hdf5Dataset>& Hdf5File::datasets() const {
  return impl_->datasets;
}

const Hdf5Dataset* Hdf5File::find(std::string_view path) const {
  const auto found = std::find_if(impl_->datasets.begin(), impl_->datasets.end(),
                                  [&](const Hdf5Dataset& dataset) { return dataset.path == path; });
  return found == impl_->datasets.end() ? nullptr : &*found;
}

bool Hdf5File::has_group(std::string_view path) const {
  return impl_->index.groups.contains(path);
}

std::span<const std::byte> Hdf5File::bytes(const Hdf5Dataset& dataset) const {
  const auto& entries = impl_->index.entries;
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const Hdf5Entry& entry) { return entry.dataset.path == dataset.path; });
  const std::string title = "the array '" + core::printable(dataset.path) + "' ";
  if (found == entries.end()) fail(title + "is not there");
  if (!found->fault.empty()) fail(title + found->fault, kHdf5ForeignHint);
  const auto holder = found->in_file ? impl_->bytes() : std::span<const std::byte>(impl_->index.blob);
  return holder.subspan(found->offset, found->dataset.elements * item_size(found->dataset.dtype));
}

std::optional<std::vector<std::string>> Hdf5File::texts(const std::string& group,
                                                        const std::string& attribute) const {
  const auto found = impl_->index.texts.find({group, attribute});
  if (found == impl_->index.texts.end()) return std::nullopt;
  if (!found->second)
    fail("the attribute '" + attribute + "' of '" + core::printable("/" + group) +
         "' is not text or is damaged");
  return found->second;
}

const std::filesystem::path& Hdf5File::path() const {
  return impl_->name;
}

void Hdf5File::fail(const std::string& what, const std::string& hint) const {
  throw core::Error(impl_->code, "'" + path().string() + "': " + what,
                    hint.empty() ? kHdf5DamagedHint : hint);
}

bool is_hdf5(std::span<const std::byte> file) {
  return find_superblock(file).has_value();
}

}  // namespace svhn::formats
