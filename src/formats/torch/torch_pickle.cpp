#include "formats/torch/torch_pickle.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "core/json.h"

namespace svhn::formats {
namespace {

enum class Kind : int {
  ordered_dict,
  tensor,
  old_tensor,
  parameter,
  size,
  unused,  // Allowed, as checkpoints have it beside the weights.
  storage
};  // storage + the DType's value

constexpr PickleGlobal row(std::string_view module, std::string_view name, Kind kind) {
  return {module, name, static_cast<int>(kind)};
}

constexpr PickleGlobal storage(std::string_view name, DType dtype) {
  return {"torch", name, static_cast<int>(Kind::storage) + static_cast<int>(dtype)};
}

constexpr PickleGlobal unused(std::string_view module, std::string_view name) {
  return row(module, name, Kind::unused);
}

/// @see torch/_weights_only_unpickler.py, whose list has most of these
constexpr std::array kGlobals{row("collections", "OrderedDict", Kind::ordered_dict),
                              row("torch._utils", "_rebuild_tensor_v2", Kind::tensor),
                              row("torch._utils", "_rebuild_tensor", Kind::old_tensor),
                              row("torch._utils", "_rebuild_parameter", Kind::parameter),
                              row("torch", "Size", Kind::size),
                              storage("FloatStorage", DType::f32),
                              storage("DoubleStorage", DType::f64),
                              storage("HalfStorage", DType::f16),
                              storage("BFloat16Storage", DType::bf16),
                              storage("LongStorage", DType::i64),
                              storage("IntStorage", DType::i32),
                              storage("ShortStorage", DType::i16),
                              storage("CharStorage", DType::i8),
                              storage("ByteStorage", DType::u8),
                              storage("BoolStorage", DType::boolean),
                              unused("argparse", "Namespace"),
                              unused("types", "SimpleNamespace"),
                              unused("collections", "defaultdict"),
                              unused("collections", "Counter"),
                              unused("collections", "deque"),
                              unused("numpy.core.multiarray", "scalar"),
                              unused("numpy._core.multiarray", "scalar"),
                              unused("numpy.core.multiarray", "_reconstruct"),
                              unused("numpy._core.multiarray", "_reconstruct"),
                              unused("numpy", "dtype"),
                              unused("numpy", "ndarray"),
                              unused("numpy.dtypes", "Float32DType"),
                              unused("numpy.dtypes", "Float64DType"),
                              unused("numpy.dtypes", "Int64DType"),
                              unused("_codecs", "encode"),
                              unused("builtins", "set"),
                              unused("builtins", "frozenset"),
                              unused("builtins", "slice"),
                              unused("builtins", "range"),
                              unused("builtins", "complex"),
                              unused("builtins", "bytearray"),
                              unused("builtins", "dict"),
                              unused("builtins", "list"),
                              unused("builtins", "int"),
                              unused("builtins", "float"),
                              unused("__builtin__", "set"),
                              unused("__builtin__", "frozenset"),
                              unused("__builtin__", "slice"),
                              unused("__builtin__", "xrange"),
                              unused("__builtin__", "complex"),
                              unused("__builtin__", "bytearray"),
                              unused("__builtin__", "dict"),
                              unused("__builtin__", "list"),
                              unused("__builtin__", "int"),
                              unused("__builtin__", "float"),
                              unused("pathlib", "Path"),
                              unused("pathlib", "PosixPath"),
                              unused("pathlib", "PurePosixPath"),
                              unused("pathlib", "WindowsPath"),
                              unused("pathlib", "PureWindowsPath"),
                              unused("datetime", "date"),
                              unused("datetime", "datetime"),
                              unused("datetime", "timedelta"),
                              unused("datetime", "timezone"),
                              unused("torch", "device"),
                              unused("torch", "float32"),
                              unused("torch", "float16"),
                              unused("torch", "bfloat16"),
                              unused("torch", "float64"),
                              unused("torch", "int64"),
                              unused("torch", "preserve_format"),
                              unused("torch", "contiguous_format"),
                              unused("torch", "channels_last")};

constexpr const char* kHint = "save the weights alone: torch.save(model.state_dict(), 'weights.pth')";
constexpr const char* kSeveralHint = "save one of them alone with torch.save";
constexpr std::array kKeys{"state_dict", "model_state_dict", "model_state", "model", "module",
                           "net",        "network",          "weights",     "params"};
constexpr int kMaxDepth = 8;
constexpr std::size_t kMaxRank = 8;

class StateDict {
 public:
  explicit StateDict(const Pickle& pickle) : pickle_(pickle) {}

  TorchPickle read() {
    if (!is_dict(pickle_.root()))
      pickle_.fail("the checkpoint is not a state dict", pickle_.position(pickle_.root()), kHint);
    const auto dict = find(pickle_.root(), 0);
    if (!dict) pickle_.fail("the checkpoint holds no weights", pickle_.position(pickle_.root()), kHint);
    for (const auto& [key, value] : entries(*dict)) add(key, value);
    return std::move(result_);
  }

 private:
  using Entries = std::vector<std::pair<PickleValue, PickleValue>>;

  [[nodiscard]] bool is_call(PickleValue value, Kind kind) const {
    return value.kind == PickleKind::object && pickle_.callable_kind(value) == static_cast<int>(kind);
  }
  [[nodiscard]] bool is_dict(PickleValue value) const {
    return value.kind == PickleKind::dict || is_call(value, Kind::ordered_dict);
  }

  [[nodiscard]] bool is_tensor(PickleValue value) const {
    return is_call(value, Kind::tensor) || is_call(value, Kind::old_tensor) ||
           is_call(value, Kind::parameter);
  }
  [[nodiscard]] std::optional<PickleValue> find(PickleValue dict, int depth);
  [[nodiscard]] std::optional<PickleValue> search(PickleValue dict, int depth);
  [[nodiscard]] Entries entries(PickleValue dict) const;
  void add(PickleValue key, PickleValue value);
  void read_tensor(PickleValue call, TorchTensor& tensor, int depth);
  void read_storage(PickleValue id, TorchTensor& tensor) const;
  [[nodiscard]] std::vector<std::int64_t> counts(PickleValue value) const;
  void check_view(const TorchTensor& tensor, std::size_t position) const;
  [[nodiscard]] std::span<const PickleValue> arguments(PickleValue call, std::size_t least) const;

  const Pickle& pickle_;
  TorchPickle result_;
  std::set<std::string> names_;
  std::map<std::pair<PickleKind, std::uint32_t>, std::optional<PickleValue>>
      searched_;  // Dicts may share dicts.
};

StateDict::Entries StateDict::entries(PickleValue dict) const {
  Entries result;
  const auto pairs = pickle_.items(dict);
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) result.emplace_back(pairs[i], pairs[i + 1]);
  if (dict.kind != PickleKind::object) return result;
  // Python 2 passed the pairs as the constructor's argument.
  const auto given = pickle_.items(pickle_.arguments(dict));
  if (given.empty()) return result;
  for (const PickleValue pair : pickle_.items(given[0])) {
    const auto parts = pickle_.items(pair);
    if (parts.size() != 2)
      pickle_.fail("an entry of the state dict is not a pair", pickle_.position(pair), kHint);
    result.emplace_back(parts[0], parts[1]);
  }
  return result;
}

/// @returns the state dict of a model: that under one of the usual keys, else the dict itself if it has
/// tensors, else the only one inside it, that of an optimizer aside; nullopt when there is none.
std::optional<PickleValue> StateDict::find(PickleValue dict, int depth) {
  if (depth == kMaxDepth || !is_dict(dict)) return std::nullopt;
  const std::pair key(dict.kind, dict.index);
  const auto [place, fresh] = searched_.try_emplace(key);
  if (!fresh) return place->second;
  const auto found = search(dict, depth);
  searched_[key] = found;
  return found;
}

std::optional<PickleValue> StateDict::search(PickleValue dict, int depth) {
  for (const char* key : kKeys) {
    const PickleValue* inner = pickle_.find(dict, key);
    if (inner == nullptr) continue;
    if (const auto found = find(*inner, depth + 1)) return found;
  }
  std::optional<PickleValue> found;
  std::string names;
  for (const auto& [key, value] : entries(dict)) {
    if (is_tensor(value)) return dict;
    if (key.kind != PickleKind::text && key.kind != PickleKind::bytes) continue;
    const auto inner = pickle_.text(key).starts_with("optim") ? std::nullopt : find(value, depth + 1);
    if (!inner || (found && found->kind == inner->kind && found->index == inner->index)) continue;
    names += (names.empty() ? "'" : ", '") + core::printable(pickle_.text(key)) + "'";
    if (found)
      pickle_.fail("the checkpoint holds several state dicts: " + names, pickle_.position(dict),
                   kSeveralHint);
    found = inner;
  }
  return found;
}

void StateDict::add(PickleValue key, PickleValue value) {
  TorchTensor tensor;
  tensor.name = pickle_.text(key);
  const std::size_t position = pickle_.position(value);
  if (!names_.insert(tensor.name).second)
    pickle_.fail("'" + core::printable(tensor.name) + "' is there twice", position, kHint);
  const bool plain = value.kind == PickleKind::none || value.kind == PickleKind::boolean ||
                     value.kind == PickleKind::integer || value.kind == PickleKind::floating ||
                     value.kind == PickleKind::text;
  if (plain) {
    result_.left_out.push_back(tensor.name);
    return;
  }
  if (value.kind != PickleKind::object)
    pickle_.fail("'" + core::printable(tensor.name) + "' is not a tensor", position, kHint);
  read_tensor(value, tensor, 0);
  check_view(tensor, position);
  result_.tensors.push_back(std::move(tensor));
}

std::span<const PickleValue> StateDict::arguments(PickleValue call, std::size_t least) const {
  const auto given = pickle_.items(pickle_.arguments(call));
  if (given.size() < least) pickle_.fail("a tensor has too few arguments", pickle_.position(call), {});
  return given;
}

void StateDict::read_tensor(PickleValue call, TorchTensor& tensor, int depth) {
  if (is_call(call, Kind::parameter) && depth < kMaxDepth) {
    const PickleValue inner = arguments(call, 1)[0];
    return read_tensor(inner, tensor, depth + 1);
  }
  if (!is_call(call, Kind::tensor) && !is_call(call, Kind::old_tensor))
    pickle_.fail("'" + core::printable(tensor.name) + "' is not a tensor", pickle_.position(call), kHint);
  const auto given = arguments(call, 4);
  read_storage(given[0], tensor);
  const std::int64_t offset = pickle_.integer(given[1]);
  tensor.shape = counts(given[2]);
  tensor.strides = counts(given[3]);
  if (offset < 0 || tensor.shape.size() != tensor.strides.size())
    pickle_.fail("'" + core::printable(tensor.name) + "' has a shape that makes no sense",
                 pickle_.position(call), {});
  tensor.offset = static_cast<std::size_t>(offset);
}

/// ('storage', torch.FloatStorage, key, device, elements[, view])
void StateDict::read_storage(PickleValue id, TorchTensor& tensor) const {
  const auto parts = pickle_.items(pickle_.persistent_id(id));
  const bool valid = parts.size() >= 5 && pickle_.text(parts[0]) == "storage" &&
                     parts[1].kind == PickleKind::global &&
                     pickle_.global_kind(parts[1]) >= static_cast<int>(Kind::storage);
  const std::string title = "the storage of '" + core::printable(tensor.name) + "' ";
  if (!valid) pickle_.fail(title + "is described in an unknown way", 0, {});
  if (parts.size() > 5 && parts[5].kind != PickleKind::none)
    pickle_.fail(title + "is a view of another one, which is not read", 0,
                 "save it again with a newer PyTorch");
  tensor.dtype = static_cast<DType>(pickle_.global_kind(parts[1]) - static_cast<int>(Kind::storage));
  tensor.storage = pickle_.text(parts[2]);
  const std::int64_t size = pickle_.integer(parts[4]);
  if (size < 0) pickle_.fail(title + "has a negative size", 0, {});
  tensor.storage_size = static_cast<std::size_t>(size);
}

std::vector<std::int64_t> StateDict::counts(PickleValue value) const {
  if (is_call(value, Kind::size)) value = arguments(value, 1)[0];
  if (value.kind != PickleKind::tuple && pickle_.is_packed(value)) {
    const auto packed = pickle_.packed(value);
    return {packed.begin(), packed.end()};
  }
  std::vector<std::int64_t> numbers;
  for (const PickleValue item : pickle_.items(value)) {
    numbers.push_back(pickle_.integer(item));
    const bool valid = numbers.size() <= kMaxRank && numbers.back() >= 0;
    if (!valid)
      pickle_.fail("a tensor has a size or stride that makes no sense", pickle_.position(value), {});
  }
  return numbers;
}

/// Checks that the view lies inside its storage and has no more elements than it: a view that repeats
/// elements could have any size.
void StateDict::check_view(const TorchTensor& tensor, std::size_t position) const {
  std::size_t elements = 1, last = tensor.offset;
  bool valid = tensor.shape.size() <= kMaxRank;
  // A tensor without elements reaches nowhere, whatever its strides are.
  if (valid && std::find(tensor.shape.begin(), tensor.shape.end(), 0) != tensor.shape.end()) return;
  for (std::size_t i = 0; i < tensor.shape.size() && valid; ++i) {
    const auto size = static_cast<std::size_t>(tensor.shape[i]);
    const auto stride = static_cast<std::size_t>(tensor.strides[i]);
    valid =
        size == 0 ||
        (elements <= tensor.storage_size / size &&
         (stride == 0 || (size - 1) <= (tensor.storage_size - std::min(last, tensor.storage_size)) / stride));
    if (valid) elements *= size;
    if (valid && size > 0) last += (size - 1) * stride;
  }
  if (valid && (elements == 0 || last < tensor.storage_size)) return;
  pickle_.fail("'" + core::printable(tensor.name) + "' reaches outside its storage", position, {});
}

}  // namespace

PickleOptions torch_pickle_options(const std::string& file, core::ExitCode code) {
  PickleOptions options;
  options.file = file;
  options.code = code;
  options.purpose = "a state dict";
  options.advice = kHint;
  options.globals = kGlobals;
  options.persistent_ids = true;
  return options;
}

TorchPickle read_state_dict(const Pickle& pickle) {
  TorchPickle result = StateDict(pickle).read();
  for (TorchTensor& tensor : result.tensors) {
    tensor.elements = 1;
    for (const std::int64_t size : tensor.shape) tensor.elements *= static_cast<std::size_t>(size);
  }
  return result;
}

std::map<std::string, DType> storage_types(const Pickle& pickle) {
  std::map<std::string, DType> types;
  for (const PickleValue id : pickle.persistent_ids()) {
    const auto parts = pickle.items(id);
    const bool storage = parts.size() >= 3 && parts[1].kind == PickleKind::global &&
                         pickle.global_kind(parts[1]) >= static_cast<int>(Kind::storage);
    if (storage)
      types.emplace(pickle.text(parts[2]),
                    static_cast<DType>(pickle.global_kind(parts[1]) - static_cast<int>(Kind::storage)));
  }
  return types;
}

}  // namespace svhn::formats
