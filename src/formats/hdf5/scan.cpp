#include "formats/hdf5/scan.h"

#include <algorithm>
#include <set>

#include "core/json.h"
#include "formats/hdf5/read.h"

namespace svhn::formats {
namespace {

constexpr int kMaxDepth = 32;
constexpr std::size_t kMaxObjects = 100'000;
constexpr std::size_t kMaxAttributes = 10'000;  // Per group.

struct Refused {
  std::string what;
  std::string hint;
};

std::string in_quotes(const std::string& path) {
  return "'" + core::printable(path) + "'";
}

class Scan {
 public:
  explicit Scan(const Hdf5Input& input) : input_(input), file_bytes_(input.bytes.size()) {}

  Hdf5Index run() {
    try {
      open();
    } catch (const Refused& refused) {
      index_.fault = refused.what;
      index_.hint = refused.hint;
    }
    return std::move(index_);
  }

 private:
  void open();
  void walk(hid_t group, const std::string& prefix, int depth);
  void visit(hid_t group, const std::string& name, const std::string& prefix, int depth);
  void add_texts(hid_t group, const std::string& path);
  void add_dataset(hid_t dataset, const std::string& path);
  void locate_or_read(hid_t dataset, Hdf5Entry& entry);

  const Hdf5Input& input_;
  std::size_t file_bytes_;
  Hdf5Index index_;
  std::set<haddr_t> seen_;  // Addresses of visited groups: hard links may form a cycle.
  std::size_t objects_ = 0;
};

void Scan::open() {
  const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS));
  // A pipe cannot be opened again.
  std::error_code error;
  const bool in_memory = input_.path.empty() || std::filesystem::is_fifo(input_.path, error);
  if (in_memory) {
    H5Pset_fapl_core(access.get(), std::size_t{1} << 16, false);
    // The library copies the bytes.
    H5Pset_file_image(access.get(), const_cast<std::byte*>(input_.bytes.data()), file_bytes_);
  } else {
    H5Pset_fapl_sec2(access.get());
  }
  H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG);
  H5Pset_file_locking(access.get(), false, true);  // Locking may fail in read-only folders.
  const Hdf5Handle file(H5Fopen(in_memory ? "memory" : input_.path.c_str(), H5F_ACC_RDONLY, access.get()));
  if (!file.valid()) throw Refused{"the HDF5 file cannot be opened", kHdf5DamagedHint};
  const Hdf5Handle root(H5Gopen2(file.get(), "/", H5P_DEFAULT));
  if (!root.valid()) throw Refused{"its root group is damaged", kHdf5DamagedHint};
  walk(root.get(), "", 0);
}

void Scan::walk(hid_t group, const std::string& prefix, int depth) {
  if (depth > kMaxDepth)
    throw Refused{"its groups nest deeper than " + std::to_string(kMaxDepth), kHdf5ForeignHint};
  index_.groups.insert(prefix);
  add_texts(group, prefix);
  const auto names = hdf5_links(group, kMaxObjects - objects_);
  if (!names)
    throw Refused{"the group " + in_quotes("/" + prefix) + " is damaged or too large", kHdf5DamagedHint};
  objects_ += names->size();
  for (const std::string& name : *names) visit(group, name, prefix, depth);
}

void Scan::visit(hid_t group, const std::string& name, const std::string& prefix, int depth) {
  const std::string full = prefix.empty() ? name : prefix + "/" + name;
  H5L_info_t link{};
  if (H5Lget_info(group, name.c_str(), &link, H5P_DEFAULT) < 0)
    throw Refused{"the link " + in_quotes(full) + " is damaged", kHdf5DamagedHint};
  if (link.type != H5L_TYPE_HARD)
    throw Refused{in_quotes(full) + " is a link to another place, which is not followed", kHdf5ForeignHint};
  const Hdf5Handle object(H5Oopen(group, name.c_str(), H5P_DEFAULT));
  const H5I_type_t kind = H5Iget_type(object.get());
  if (!object.valid()) throw Refused{in_quotes(full) + " is damaged", kHdf5DamagedHint};
  if (kind == H5I_DATASET) add_dataset(object.get(), full);
  if (kind != H5I_GROUP) return;
  if (!seen_.insert(link.u.address).second)
    throw Refused{"the group " + in_quotes(full) + " is linked twice", kHdf5ForeignHint};
  walk(object.get(), full, depth + 1);
}

void Scan::add_texts(hid_t group, const std::string& path) {
  H5O_info_t info{};
  if (H5Oget_info2(group, &info, H5O_INFO_NUM_ATTRS) < 0 || info.num_attrs > kMaxAttributes)
    throw Refused{"the attributes of " + in_quotes("/" + path) + " are damaged or too many",
                  kHdf5DamagedHint};
  for (hsize_t i = 0; i < info.num_attrs; ++i) {
    const Hdf5Handle attribute(
        H5Aopen_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, H5P_DEFAULT, H5P_DEFAULT));
    const auto name = hdf5_attribute_name(attribute.get());
    if (!name) throw Refused{"an attribute of " + in_quotes("/" + path) + " is damaged", kHdf5DamagedHint};
    index_.texts[{path, *name}] = read_hdf5_texts(attribute.get());
  }
}

void Scan::add_dataset(hid_t dataset, const std::string& path) {
  Hdf5Entry entry;
  entry.dataset.path = path;
  if (!describe_hdf5(dataset, entry.dataset)) return;
  entry.fault = hdf5_storage_fault(dataset, entry.dataset, file_bytes_);
  if (entry.fault.empty()) locate_or_read(dataset, entry);
  index_.entries.push_back(std::move(entry));
}

void Scan::locate_or_read(hid_t dataset, Hdf5Entry& entry) {
  if (const auto offset = hdf5_plain_offset(dataset)) {
    entry.in_file = true;
    entry.offset = *offset;
    const std::size_t bytes = entry.dataset.elements * item_size(entry.dataset.dtype);
    if (*offset > file_bytes_ || bytes > file_bytes_ - *offset) entry.fault = "lies outside the file";
    return;
  }
  const std::size_t limit = (std::size_t{64} << 20) + 64 * file_bytes_;
  const std::size_t bytes = entry.dataset.elements * item_size(entry.dataset.dtype);
  if (bytes > limit - std::min(limit, index_.blob.size())) {
    entry.fault = "brings the file above 64 times its length when inflated";
    return;
  }
  const auto read = read_hdf5(dataset, entry.dataset);
  if (!read) entry.fault = "cannot be read";
  entry.offset = index_.blob.size();
  if (read) index_.blob.insert(index_.blob.end(), read->begin(), read->end());
}

}  // namespace

Hdf5Index scan_hdf5(const Hdf5Input& input) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  H5PLset_loading_state(0);
  return Scan(input).run();
}

}  // namespace svhn::formats
