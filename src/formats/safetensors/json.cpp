#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

#include "formats/safetensors/header.h"

namespace svhn::formats {
namespace {

/// Takes the events of nlohmann's parser. A tree of the whole header is never built: hostile headers of 100
/// MB would cost gigabytes, and a tree has already lost the duplicates.
class Handler {
 public:
  using number_integer_t = nlohmann::json::number_integer_t;
  using number_unsigned_t = nlohmann::json::number_unsigned_t;
  using number_float_t = nlohmann::json::number_float_t;
  using string_t = nlohmann::json::string_t;
  using binary_t = nlohmann::json::binary_t;

  explicit Handler(const SafetensorsSource& source) : source_(source) {}

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

  SafetensorsJson take() { return std::move(result_); }

 private:
  enum class Place { start, root, metadata, tensor, shape, offsets, done };
  enum class Field { none, dtype, shape, offsets };

  [[noreturn]] void unexpected(const char* what) const;
  [[nodiscard]] std::string where() const;
  bool tensor_key(const string_t& name);
  void finish_tensor();

  const SafetensorsSource& source_;
  SafetensorsJson result_;
  std::unordered_set<std::string> names_;
  Place place_ = Place::start;
  std::string key_;  ///< Of the root while outside of metadata, else of the metadata.
  Field field_ = Field::none;
  unsigned seen_ = 0;  ///< Bit for each Field of the tensor at hand.
  TensorInfo tensor_;
  std::vector<std::size_t> offsets_;
};

std::string Handler::where() const {
  switch (place_) {
    case Place::start:
    case Place::done:
      return "at the top of the header";
    case Place::metadata:
      return "in '__metadata__' at " + quoted_name(key_);
    default:
      return "in the tensor " + quoted_name(key_);
  }
}

void Handler::unexpected(const char* what) const {
  source_.refuse(std::string("the header has ") + what + " " + where() +
                 ", which the format does not have there");
}

bool Handler::number_unsigned(number_unsigned_t value) {
  if (value > static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max())) {
    unexpected("a number beyond 2^63");
  }
  if (place_ == Place::shape) {
    if (tensor_.shape.size() == kMaxRank) unexpected("a shape of more than 32 dimensions");
    tensor_.shape.push_back(static_cast<std::int64_t>(value));
  } else if (place_ == Place::offsets) {
    if (offsets_.size() == 2) unexpected("more than two offsets");
    offsets_.push_back(value);
  } else {
    unexpected("a number");
  }
  return true;
}

bool Handler::string(string_t& text) {
  if (place_ == Place::metadata) {
    result_.metadata[key_] = std::move(text);
    return true;
  }
  if (place_ != Place::tensor || field_ != Field::dtype) unexpected("a string");
  const auto dtype = dtype_from_safetensors_name(text);
  if (!dtype) source_.refuse("tensor " + quoted_name(key_) + " has the unknown dtype " + quoted_name(text));
  tensor_.dtype = *dtype;
  return true;
}

bool Handler::start_object(std::size_t) {
  if (place_ == Place::start) {
    place_ = Place::root;
  } else if (place_ == Place::root) {
    place_ = key_ == "__metadata__" ? Place::metadata : Place::tensor;
    tensor_ = TensorInfo{};
    seen_ = 0;
  } else {
    unexpected("an object");
  }
  return true;
}

bool Handler::end_object() {
  if (place_ == Place::tensor) finish_tensor();
  place_ = place_ == Place::root ? Place::done : Place::root;
  return true;
}

bool Handler::start_array(std::size_t) {
  if (place_ != Place::tensor || (field_ != Field::shape && field_ != Field::offsets)) unexpected("an array");
  place_ = field_ == Field::shape ? Place::shape : Place::offsets;
  offsets_.clear();
  return true;
}

bool Handler::end_array() {
  if (place_ == Place::offsets) {
    if (offsets_.size() != 2) unexpected("fewer than two offsets");
    if (offsets_[0] > offsets_[1]) unexpected("offsets that run backwards");
    tensor_.offset = offsets_[0];
    tensor_.bytes = offsets_[1] - offsets_[0];
  }
  place_ = Place::tensor;
  return true;
}

bool Handler::key(string_t& name) {
  if (place_ == Place::tensor) return tensor_key(name);
  const bool fresh = place_ == Place::root ? names_.insert(name).second : !result_.metadata.contains(name);
  if (!fresh) source_.refuse("the header names " + quoted_name(name) + " twice");
  if (result_.tensors.size() == kMaxTensors) source_.refuse("the header names more than 100000 tensors");
  if (result_.metadata.size() == kMaxMetadata) source_.refuse("the header has too many metadata entries");
  key_ = std::move(name);
  return true;
}

bool Handler::tensor_key(const string_t& name) {
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

void Handler::finish_tensor() {
  constexpr unsigned kAllFields = 0b1110;
  if (seen_ != kAllFields) {
    source_.refuse("tensor " + quoted_name(key_) + " lacks one of dtype, shape and data_offsets");
  }
  tensor_.name = key_;
  result_.tensors.push_back(std::move(tensor_));
}

}  // namespace

SafetensorsJson parse_safetensors_json(std::string_view text, const SafetensorsSource& source) {
  if (text.empty() || text.front() != '{') source.refuse("the header does not begin with '{'");
  // nlohmann takes a NUL for the end of the text and would not look at what follows.
  if (text.find('\0') != std::string_view::npos) source.refuse("the header has a NUL byte");
  Handler handler(source);
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &handler))
    source.refuse("the header is not valid JSON");
  return handler.take();
}

}  // namespace svhn::formats
