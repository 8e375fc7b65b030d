#include "formats/safetensors/header.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "core/json.h"
#include "formats/file_kind.h"

namespace svhn::formats {
namespace {

constexpr const char* kOwnFiles =
    "svhn's own data and models are safetensors: 'svhn preprocess' and 'svhn train' make them";

static_assert(std::endian::native == std::endian::little,
              "safetensors is little-endian, and so is this reader");

std::string_view header_text(std::span<const std::byte> file, const SafetensorsSource& source) {
  if (file.size() < kLengthBytes) {
    source.refuse("the file has " + std::to_string(file.size()) + " bytes, too few for a safetensors file");
  }
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), kLengthBytes);
  if (length > kMaxHeaderBytes && (file.size() == kLengthBytes || file[kLengthBytes] != std::byte{'{'})) {
    source.refuse("this is not a safetensors file", kOwnFiles);
  }
  if (length > kMaxHeaderBytes) {
    source.refuse("the header claims " + std::to_string(length) + " bytes, more than the 100000000 allowed");
  }
  if (length > file.size() - kLengthBytes) {
    source.refuse("the header claims " + std::to_string(length) + " bytes, the file has " +
                  std::to_string(file.size() - kLengthBytes) + " left");
  }
  return {reinterpret_cast<const char*>(file.data()) + kLengthBytes, length};
}

void check_size(const TensorInfo& tensor, const SafetensorsSource& source) {
  const auto expected = tensor_bytes(tensor.shape, tensor.dtype);
  if (!expected) source.refuse("the shape of tensor " + quoted_name(tensor.name) + " is too large");
  if (*expected != tensor.bytes) {
    source.refuse("tensor " + quoted_name(tensor.name) + " has " + std::to_string(tensor.bytes) +
                  " bytes where its shape needs " + std::to_string(*expected));
  }
}

void check_layout(std::vector<TensorInfo>& tensors, std::size_t data_size, const SafetensorsSource& source) {
  const auto position = [](const TensorInfo& t) { return std::tie(t.offset, t.bytes, t.name); };
  std::ranges::sort(tensors, {}, position);
  std::size_t end = 0;
  for (const TensorInfo& tensor : tensors) {
    check_size(tensor, source);
    if (tensor.offset != end) {
      source.refuse("tensor " + quoted_name(tensor.name) + " begins at data byte " +
                    std::to_string(tensor.offset) + ", the tensors before it end at " + std::to_string(end));
    }
    if (tensor.bytes > data_size - end) {
      source.refuse("tensor " + quoted_name(tensor.name) + " reaches beyond the end of the file");
    }
    end += tensor.bytes;
  }
  if (end != data_size) {
    source.refuse("the tensors end at data byte " + std::to_string(end) + ", the file at " +
                  std::to_string(data_size));
  }
}

/// The JSON of a header, before it is compared with the file.
struct HeaderJson {
  std::vector<TensorInfo> tensors;  ///< In the order of the text; `bytes` is end - offset.
  std::map<std::string, std::string> metadata;
};

/// Handles the events of nlohmann's parser. No tree of the header is built: for a hostile header of 100 MB it
/// would take gigabytes, and it would not show duplicate keys.
class HeaderHandler {
 public:
  using number_integer_t = nlohmann::json::number_integer_t;
  using number_unsigned_t = nlohmann::json::number_unsigned_t;
  using number_float_t = nlohmann::json::number_float_t;
  using string_t = nlohmann::json::string_t;
  using binary_t = nlohmann::json::binary_t;

  explicit HeaderHandler(const SafetensorsSource& source) : source_(source) {}

  bool null() { unexpected("null"); }
  bool boolean(bool) { unexpected("a boolean"); }
  bool number_integer(number_integer_t) { unexpected("a negative number"); }
  bool number_float(number_float_t, const string_t&) { unexpected("a number that is not a whole one"); }
  bool binary(binary_t&) { unexpected("binary data"); }
  bool number_unsigned(number_unsigned_t value);
  bool string(string_t& text);
  bool start_object(std::size_t);
  bool end_object();
  bool start_array(std::size_t);
  bool end_array();
  bool key(string_t& name);
  [[noreturn]] bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) {
    source_.refuse("the header is not valid JSON at its byte " + std::to_string(position));
  }

  HeaderJson take() { return std::move(result_); }

 private:
  enum class State { start, root, metadata, tensor, shape, offsets, done };
  enum class Field { none, dtype, shape, offsets };

  [[noreturn]] void unexpected(const char* what) const;
  [[nodiscard]] std::string where() const;
  [[noreturn]] void refuse_dtype(const string_t& name) const;
  bool tensor_key(const string_t& name);
  void finish_tensor();

  const SafetensorsSource& source_;
  HeaderJson result_;
  std::unordered_set<std::string> names_;
  State state_ = State::start;
  std::string key_;  ///< Current key of the root, or of the metadata inside it.
  Field field_ = Field::none;
  unsigned seen_ = 0;  ///< One bit per Field of the current tensor.
  TensorInfo tensor_;
  std::vector<std::size_t> offsets_;
};

std::string HeaderHandler::where() const {
  switch (state_) {
    case State::start:
    case State::done:
      return "at the top of the header";
    case State::metadata:
      return "in '__metadata__' at " + quoted_name(key_);
    default:
      return "in the tensor " + quoted_name(key_);
  }
}

void HeaderHandler::unexpected(const char* what) const {
  source_.refuse(std::string("the header has ") + what + " " + where() +
                 ", which the format does not have there");
}

bool HeaderHandler::number_unsigned(number_unsigned_t value) {
  if (value > static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max())) {
    unexpected("a number beyond 2^63");
  }
  if (state_ == State::shape) {
    if (tensor_.shape.size() == kMaxRank) unexpected("a shape of more than 32 dimensions");
    tensor_.shape.push_back(static_cast<std::int64_t>(value));
  } else if (state_ == State::offsets) {
    if (offsets_.size() == 2) unexpected("more than two offsets");
    offsets_.push_back(value);
  } else {
    unexpected("a number");
  }
  return true;
}

bool HeaderHandler::string(string_t& text) {
  if (state_ == State::metadata) {
    result_.metadata[key_] = std::move(text);
    return true;
  }
  if (state_ != State::tensor || field_ != Field::dtype) unexpected("a string");
  const auto dtype = dtype_from_safetensors_name(text);
  if (!dtype) refuse_dtype(text);
  tensor_.dtype = *dtype;
  return true;
}

/// @see safetensors' own list, `Dtype` in safetensors/src/tensor.rs
void HeaderHandler::refuse_dtype(const string_t& name) const {
  constexpr std::array<std::string_view, 9> kOthers{
      "F4", "F6_E2M3", "F6_E3M2", "F8_E5M2", "F8_E4M3", "F8_E8M0", "C64", "F8_E5M2FNUZ", "F8_E4M3FNUZ"};
  if (std::ranges::find(kOthers, name) == kOthers.end())
    source_.refuse("tensor " + quoted_name(key_) + " has the unknown dtype " + quoted_name(name));
  source_.refuse("tensor " + quoted_name(key_) + " holds " + name + " numbers, which are not read",
                 "save it as float32, float16 or bfloat16");
}

bool HeaderHandler::start_object(std::size_t) {
  if (state_ == State::start) {
    state_ = State::root;
  } else if (state_ == State::root) {
    state_ = key_ == "__metadata__" ? State::metadata : State::tensor;
    tensor_ = TensorInfo{};
    seen_ = 0;
  } else {
    unexpected("an object");
  }
  return true;
}

bool HeaderHandler::end_object() {
  if (state_ == State::tensor) finish_tensor();
  state_ = state_ == State::root ? State::done : State::root;
  return true;
}

bool HeaderHandler::start_array(std::size_t) {
  if (state_ != State::tensor || (field_ != Field::shape && field_ != Field::offsets)) unexpected("an array");
  state_ = field_ == Field::shape ? State::shape : State::offsets;
  offsets_.clear();
  return true;
}

bool HeaderHandler::end_array() {
  if (state_ == State::offsets) {
    if (offsets_.size() != 2) unexpected("fewer than two offsets");
    if (offsets_[0] > offsets_[1]) unexpected("offsets that run backwards");
    tensor_.offset = offsets_[0];
    tensor_.bytes = offsets_[1] - offsets_[0];
  }
  state_ = State::tensor;
  return true;
}

bool HeaderHandler::key(string_t& name) {
  if (state_ == State::tensor) return tensor_key(name);
  const bool fresh = state_ == State::root ? names_.insert(name).second : !result_.metadata.contains(name);
  if (!fresh) source_.refuse("the header names " + quoted_name(name) + " twice");
  if (result_.tensors.size() == kMaxTensors) source_.refuse("the header names more than 100000 tensors");
  if (result_.metadata.size() == kMaxMetadata) source_.refuse("the header has too many metadata entries");
  key_ = std::move(name);
  return true;
}

bool HeaderHandler::tensor_key(const string_t& name) {
  if (name == "dtype") {
    field_ = Field::dtype;
  } else if (name == "shape") {
    field_ = Field::shape;
  } else if (name == "data_offsets") {
    field_ = Field::offsets;
  } else {
    source_.refuse("tensor " + quoted_name(key_) + " has the unknown key " + quoted_name(name));
  }
  const unsigned bit = 1U << static_cast<unsigned>(field_);
  if ((seen_ & bit) != 0)
    source_.refuse("tensor " + quoted_name(key_) + " has " + quoted_name(name) + " twice");
  seen_ |= bit;
  return true;
}

void HeaderHandler::finish_tensor() {
  constexpr unsigned kAllFields = 0b1110;
  if (seen_ != kAllFields) {
    source_.refuse("tensor " + quoted_name(key_) + " lacks one of dtype, shape and data_offsets");
  }
  tensor_.name = key_;
  result_.tensors.push_back(std::move(tensor_));
}

/// Parses the JSON of a header strictly: no duplicate, unknown or missing keys, no nesting
/// beyond the format's.
HeaderJson parse_header_json(std::string_view text, const SafetensorsSource& source) {
  if (text.empty() || text.front() != '{') source.refuse("the header does not begin with '{'");
  // nlohmann takes a NUL for the end of the text and would ignore the rest.
  if (text.find('\0') != std::string_view::npos) source.refuse("the header has a NUL byte");
  HeaderHandler handler(source);
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &handler))
    source.refuse("the header is not valid JSON");
  return handler.take();
}

}  // namespace

void SafetensorsSource::refuse(const std::string& message, const std::string& hint) const {
  throw core::Error(
      code, "'" + name + "': " + message,
      hint.empty() ? "the file is damaged or not a safetensors file; make it again or fetch it anew" : hint);
}

std::string quoted_name(std::string_view name) {
  std::string text = "'";
  text += core::printable(name, 80);
  text += '\'';
  return text;
}

std::optional<std::size_t> tensor_bytes(const std::vector<std::int64_t>& shape, DType dtype) {
  std::size_t bytes = item_size(dtype);
  for (const std::int64_t length : shape) {
    if (length < 0 || __builtin_mul_overflow(bytes, static_cast<std::size_t>(length), &bytes))
      return std::nullopt;
  }
  return bytes;
}

SafetensorsHeader read_safetensors_header(std::span<const std::byte> file, const SafetensorsSource& source) {
  const FileKind kind = kind_of_bytes(file);
  if (kind != FileKind::safetensors && kind != FileKind::unknown && kind != FileKind::empty)
    source.refuse("this is " + std::string(kind_name(kind)) + ", not a safetensors file",
                  kind_advice(kind).empty() ? kOwnFiles : std::string(kind_advice(kind)));
  const std::string_view text = header_text(file, source);
  HeaderJson json = parse_header_json(text, source);
  SafetensorsHeader header;
  header.tensors = std::move(json.tensors);
  header.metadata = std::move(json.metadata);
  header.data_begin = kLengthBytes + text.size();
  check_layout(header.tensors, file.size() - header.data_begin, source);
  take_checksums(header, file.first(header.data_begin), source);
  return header;
}

}  // namespace svhn::formats
