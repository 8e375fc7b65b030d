#include "formats/hdf5/file.h"

#include <algorithm>

#include "core/file.h"
#include "core/json.h"
#include "formats/hdf5/superblock.h"
#include "formats/hdf5/worker.h"

namespace svhn::formats {
namespace {

constexpr const char* kDamaged = "the file is damaged or incomplete; save or fetch it again";

}  // namespace

struct Hdf5File::Impl {
  Impl(const std::filesystem::path& path, core::ExitCode error_code)
      : file(path, error_code), code(error_code) {}

  core::MappedFile file;
  core::ExitCode code;
  Hdf5Index index;
  std::vector<Hdf5Dataset> datasets;  // Those of the index, in the same order.
};

Hdf5File::Hdf5File(const std::filesystem::path& path, core::ExitCode code)
    : impl_(std::make_unique<Impl>(path, code)) {
  const auto bytes = impl_->file.bytes();
  const std::string fault = hdf5_superblock_fault(bytes);
  if (!fault.empty()) fail(fault);
  auto index = scan_hdf5_apart(path, bytes.size());
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
  if (!found->fault.empty())
    fail(title + found->fault, "a file of weights holds its arrays itself; save it again");
  const auto room = found->in_file ? impl_->file.bytes() : std::span<const std::byte>(impl_->index.blob);
  return room.subspan(found->offset, found->dataset.elements * item_size(found->dataset.dtype));
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
  return impl_->file.path();
}

void Hdf5File::fail(const std::string& what, const std::string& hint) const {
  throw core::Error(impl_->code, "'" + path().string() + "': " + what, hint.empty() ? kDamaged : hint);
}

}  // namespace svhn::formats
