#include "formats/torch/torch_archive.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "core/file.h"
#include "core/json.h"
#include "formats/torch/torch_pickle.h"
#include "formats/zip/zip_file.h"

namespace svhn::formats {
namespace {

constexpr const char* kDamagedArchive = "the file is damaged or incomplete; save or fetch it again";
/// The first pickle of the form before PyTorch 1.6: PROTO 2, LONG1 0x1950a86a20f9469cfc6c, STOP.
constexpr std::array<unsigned char, 15> kMagic{0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46,
                                               0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e};
constexpr std::string_view kPickle = "/data.pkl";
constexpr std::size_t kMaxPickle = std::size_t{64} << 20;  // Some 300,000 tensors.

constexpr std::size_t kMaxOrder = 16;  // "little" or "big".
// Tied weights share a storage. Tensors of many times the bytes of all storages would have no end.
constexpr std::size_t kMaxSharing = 8, kFreeBytes = std::size_t{64} << 20;

using Bytes = std::span<const std::byte>;

bool has_magic(Bytes file) {
  return file.size() >= kMagic.size() &&
         std::equal(kMagic.begin(), kMagic.end(), file.begin(),
                    [](unsigned char a, std::byte b) { return std::byte{a} == b; });
}

/// Copies a strided view into row-major order.
std::vector<std::byte> gather(const TorchTensor& tensor, Bytes storage) {
  const std::size_t item = item_size(tensor.dtype), rank = tensor.shape.size();
  std::vector<std::byte> out(tensor.elements * item);
  std::vector<std::int64_t> at(rank, 0);
  std::size_t source = tensor.offset;
  for (std::size_t i = 0; i < tensor.elements; ++i) {
    std::memcpy(out.data() + i * item, storage.data() + source * item, item);
    for (std::size_t d = rank; d-- > 0;) {
      source += static_cast<std::size_t>(tensor.strides[d]);
      if (++at[d] < tensor.shape[d]) break;
      source -= static_cast<std::size_t>(tensor.strides[d] * tensor.shape[d]);
      at[d] = 0;
    }
  }
  return out;
}

bool is_contiguous(const TorchTensor& tensor) {
  std::int64_t expected = 1;
  for (std::size_t d = tensor.shape.size(); d-- > 0;) {
    if (tensor.shape[d] != 1 && tensor.strides[d] != expected) return false;
    expected *= tensor.shape[d];
  }
  return true;
}

}  // namespace

struct TorchArchive::Impl {
  Impl(const std::filesystem::path& path, core::ExitCode error_code)
      : file(path, error_code), code(error_code) {}

  [[noreturn]] void fail(const std::string& what, const char* hint = kDamagedArchive) const {
    throw core::Error(code, "'" + file.path().string() + "': " + what, hint);
  }
  [[nodiscard]] Bytes storage(const TorchTensor& tensor) const;
  void open_zip();
  void check_storages() const;
  void check_total() const;
  void open_sequence();
  std::size_t take_pickle(std::size_t at, const std::function<void(const Pickle&)>& use) const;
  void read(const Pickle& pickle);
  void take_storages(const Pickle& keys, std::size_t at);

  core::MappedFile file;
  core::ExitCode code;
  std::vector<TorchTensor> tensors;
  std::vector<std::string> left_out;
  std::map<std::string, DType> types;  // Of the storages, in the form before PyTorch 1.6.
  std::optional<ZipFile> zip;
  std::string folder;                     // Prefix of the zip's entries.
  std::map<std::string, Bytes> storages;  // Storages of the form before PyTorch 1.6, in the file.
  mutable std::string cached_key;         // Key of the storage read last from the zip: tensors may share one.
  mutable std::vector<std::byte> cached;
};

void TorchArchive::Impl::read(const Pickle& pickle) {
  TorchPickle content = read_state_dict(pickle);
  tensors = std::move(content.tensors);
  left_out = std::move(content.left_out);
  types = storage_types(pickle);
}

void TorchArchive::Impl::open_zip() {
  zip.emplace(file.path(), code);
  const auto& entries = zip->entries();
  const auto found = std::find_if(entries.begin(), entries.end(), [](const ZipEntry& entry) {
    return entry.name.ends_with(kPickle) && std::count(entry.name.begin(), entry.name.end(), '/') == 1;
  });
  if (found == entries.end()) fail("the archive has no data.pkl", "expected a file that torch.save wrote");
  folder = found->name.substr(0, found->name.size() - kPickle.size() + 1);
  if (zip->find(folder + "constants.pkl") != nullptr)
    fail("it is a TorchScript archive, not a state dict",
         "save a state dict: torch.save(model.state_dict(), FILE)");
  if (const ZipEntry* order = zip->find(folder + "byteorder")) {
    const auto bytes = order->bytes <= kMaxOrder ? zip->read(*order) : std::vector<std::byte>();
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (text != "little")
      fail("its numbers are not little-endian", "save it again on a little-endian machine");
  }
  if (found->bytes > kMaxPickle)
    fail("its data.pkl has " + std::to_string(found->bytes) + " bytes, which no state dict needs",
         "save a state dict: torch.save(model.state_dict(), FILE)");
  const auto bytes = zip->read(*found);
  read(Pickle(bytes, torch_pickle_options(file.path().string(), code)));
  check_storages();
}

void TorchArchive::Impl::check_storages() const {
  for (const TorchTensor& tensor : tensors) {
    const ZipEntry* entry = zip->find(folder + "data/" + tensor.storage);
    const std::size_t item = item_size(tensor.dtype);
    if (entry != nullptr && entry->bytes % item == 0 && entry->bytes / item == tensor.storage_size) continue;
    fail("the storage of '" + core::printable(tensor.name) + "' is missing or of another size");
  }
}

void TorchArchive::Impl::check_total() const {
  std::map<std::string_view, std::size_t> stored;
  std::size_t all = 0;
  for (const TorchTensor& tensor : tensors) {
    const std::size_t item = item_size(tensor.dtype);
    stored[tensor.storage] = tensor.storage_size * item;
    all += tensor.elements * item;
  }
  std::size_t limit = kFreeBytes;
  for (const auto& [key, bytes] : stored) limit += kMaxSharing * bytes;
  if (all > limit)
    fail("its " + std::to_string(tensors.size()) + " tensors share so few storages that they have " +
             std::to_string(all) + " bytes",
         "save each tensor with a storage of its own: tensor.clone()");
}

std::size_t TorchArchive::Impl::take_pickle(std::size_t at,
                                            const std::function<void(const Pickle&)>& use) const {
  const Pickle pickle(file.bytes().subspan(at), torch_pickle_options(file.path().string(), code));
  use(pickle);
  return at + pickle.size();
}

/// Magic number, protocol, machine, state dict, storage keys, then the storages in the order of the keys.
void TorchArchive::Impl::open_sequence() {
  std::size_t at = take_pickle(kMagic.size(), [this](const Pickle& protocol) {
    if (protocol.integer(protocol.root()) != 1001) fail("its protocol is not 1001");
  });
  at = take_pickle(at, [this](const Pickle& machine) {
    const PickleValue* little = machine.find(machine.root(), "little_endian");
    if (little == nullptr || !machine.boolean(*little))
      fail("its numbers are not little-endian", "save it again on a little-endian machine");
  });
  at = take_pickle(at, [this](const Pickle& pickle) { read(pickle); });
  const Pickle keys(file.bytes().subspan(at), torch_pickle_options(file.path().string(), code));
  take_storages(keys, at + keys.size());
}

void TorchArchive::Impl::take_storages(const Pickle& keys, std::size_t at) {
  for (const PickleValue value : keys.items(keys.root())) {
    const std::string key(keys.text(value));
    const auto type = types.find(key);
    if (type == types.end()) fail("a storage belongs to no tensor");
    const Bytes rest = file.bytes().subspan(at);
    std::uint64_t size = 0;
    if (rest.size() >= sizeof(size)) std::memcpy(&size, rest.data(), sizeof(size));
    const std::size_t item = item_size(type->second);
    if (rest.size() < sizeof(size) || size > (rest.size() - sizeof(size)) / item)
      fail("the storage '" + core::printable(key) + "' is cut off");
    storages[key] = rest.subspan(sizeof(size), size * item);
    at += sizeof(size) + size * item;
  }
  for (const TorchTensor& tensor : tensors) {
    const auto found = storages.find(tensor.storage);
    if (found != storages.end() && found->second.size() == tensor.storage_size * item_size(tensor.dtype))
      continue;
    fail("the storage of '" + core::printable(tensor.name) + "' is missing or of another size");
  }
}

Bytes TorchArchive::Impl::storage(const TorchTensor& tensor) const {
  if (!zip) return storages.at(tensor.storage);
  if (cached_key != tensor.storage || cached.empty()) {
    cached = zip->read(*zip->find(folder + "data/" + tensor.storage));
    cached_key = tensor.storage;
  }
  return cached;
}

bool is_torch_archive(std::span<const std::byte> file) {
  return is_zip(file) || has_magic(file);
}

TorchArchive::TorchArchive(const std::filesystem::path& path, core::ExitCode code)
    : impl_(std::make_unique<Impl>(path, code)) {
  const Bytes bytes = impl_->file.bytes();
  if (is_zip(bytes)) {
    impl_->open_zip();
  } else if (has_magic(bytes)) {
    impl_->open_sequence();
  } else {
    impl_->fail("not a file that torch.save wrote", "check that this is the right file");
  }
  impl_->check_total();
}

TorchArchive::TorchArchive(TorchArchive&&) noexcept = default;
TorchArchive::~TorchArchive() = default;

const std::vector<TorchTensor>& TorchArchive::tensors() const {
  return impl_->tensors;
}

const std::vector<std::string>& TorchArchive::left_out() const {
  return impl_->left_out;
}

const TorchTensor* TorchArchive::find(std::string_view name) const {
  const auto found = std::find_if(impl_->tensors.begin(), impl_->tensors.end(),
                                  [&](const TorchTensor& tensor) { return tensor.name == name; });
  return found == impl_->tensors.end() ? nullptr : &*found;
}

std::vector<std::byte> TorchArchive::read(const TorchTensor& tensor) const {
  if (tensor.elements == 0) return {};
  const Bytes storage = impl_->storage(tensor);
  if (!is_contiguous(tensor)) return gather(tensor, storage);
  const std::size_t item = item_size(tensor.dtype);
  const Bytes view = storage.subspan(tensor.offset * item, tensor.elements * item);
  return {view.begin(), view.end()};
}

}  // namespace svhn::formats
