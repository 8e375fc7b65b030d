#include "model/onnx/reader.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>
#include <utility>

#include "core/file.h"
#include "core/json.h"
#include "model/onnx/export.h"
#include "model/ops/op.h"

namespace svhn::model::onnx_file {
namespace {

using core::Error;
using core::ExitCode;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

constexpr const char* kOwnOnly = "convert reads the ONNX files that 'svhn export' writes";
constexpr const char* kDamaged = "the file is damaged; export or fetch it again";
/// Of all but the numbers of arrays. Messages take up to a hundred times the memory of their bytes.
constexpr std::uint64_t kMostStructure = std::uint64_t{4} << 20;

// Numbers of fields in onnx.proto.
constexpr int kGraphOfModel = 7, kArrayOfGraph = 5, kFloatsOfArray = 4, kRawOfArray = 9;

/// Calls `visit` for each field of the message that the stream holds up to its limit; `visit` returns whether
/// it has read the field. @returns whether the message is whole.
template <typename Visit>
bool walk(CodedInputStream& stream, const Visit& visit) {
  while (const std::uint32_t tag = stream.ReadTag()) {
    const bool message = WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
    const bool read = message && visit(WireFormatLite::GetTagFieldNumber(tag));
    if (!read && !WireFormatLite::SkipField(&stream, tag)) return false;
  }
  return stream.ConsumedEntireMessage();
}

/// The same for a message inside another one. Its end is that of the stream where the file is cut.
template <typename Visit>
bool walk_inside(CodedInputStream& stream, bool& whole, const Visit& visit) {
  const CodedInputStream::Limit limit = stream.ReadLengthAndPushLimit();
  whole = walk(stream, visit) && whole;
  stream.PopLimit(limit);
  return true;
}

/// @returns how many of the bytes are numbers of arrays; nothing for a damaged file.
std::optional<std::uint64_t> bytes_of_numbers(std::span<const std::byte> bytes) {
  CodedInputStream stream(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                          static_cast<int>(bytes.size()));
  std::uint64_t numbers = 0;
  bool whole = true;
  const auto in_array = [&](int field) {
    if (field != kFloatsOfArray && field != kRawOfArray) return false;
    int length = 0;
    const bool read = stream.ReadVarintSizeAsInt(&length) && stream.Skip(length);
    whole = whole && read;
    numbers += read ? static_cast<std::uint64_t>(length) : 0;
    return true;
  };
  const auto in_graph = [&](int field) {
    return field == kArrayOfGraph && walk_inside(stream, whole, in_array);
  };
  const auto in_model = [&](int field) {
    return field == kGraphOfModel && walk_inside(stream, whole, in_graph);
  };
  if (!walk(stream, in_model) || !whole) return std::nullopt;
  return numbers;
}

[[noreturn]] void refuse_file(const std::filesystem::path& path, const std::string& problem,
                              const char* hint) {
  throw Error(ExitCode::model, "'" + path.string() + "': " + problem, hint);
}

/// Refuses what `svhn export` never writes.
void check_head(const std::filesystem::path& path, const onnx::ModelProto& model) {
  if (model.functions_size() > 0) refuse_file(path, "it defines functions of its own", kOwnOnly);
  if (model.training_info_size() > 0) refuse_file(path, "it holds the state of a training", kOwnOnly);
  if (model.graph().sparse_initializer_size() > 0) refuse_file(path, "it holds sparse arrays", kOwnOnly);
  for (const onnx::OperatorSetIdProto& set : model.opset_import()) {
    const std::string domain = core::printable(set.domain());
    if (!set.domain().empty()) refuse_file(path, "it uses the operators of '" + domain + "'", kOwnOnly);
    if (set.version() >= kFirstOpset && set.version() <= kLastOpset) continue;
    refuse_file(path,
                "its opset is " + std::to_string(set.version()) + "; " + std::to_string(kFirstOpset) +
                    " to " + std::to_string(kLastOpset) + " are read",
                kOwnOnly);
  }
  if (model.opset_import_size() == 0) refuse_file(path, "it names no opset", kDamaged);
}

std::string title(const onnx::NodeProto& node) {
  const std::string name = node.name().empty() ? "" : " '" + core::printable(node.name()) + "'";
  return "operator" + name + " (" + core::printable(node.op_type()) + ")";
}

Shape shape_of(const onnx::TensorProto& array) {
  return {array.dims().begin(), array.dims().end()};
}

template <typename Number>
std::vector<Number> numbers_of(const std::string& raw) {
  std::vector<Number> numbers(raw.size() / sizeof(Number));
  if (!numbers.empty()) std::memcpy(numbers.data(), raw.data(), raw.size());
  return numbers;
}

}  // namespace

onnx::ModelProto read_model(const std::filesystem::path& path) {
  const core::MappedFile file(path, ExitCode::model);
  const std::span<const std::byte> bytes = file.bytes();
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
    refuse_file(path, "it is larger than 2 GB, which ONNX files cannot be", kDamaged);
  const auto numbers = bytes_of_numbers(bytes);
  if (!numbers) refuse_file(path, "not a whole ONNX file", kDamaged);
  if (bytes.size() - *numbers > kMostStructure)
    refuse_file(path, "more than 4 MiB of it are no weights", kOwnOnly);
  onnx::ModelProto model;
  if (!model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    refuse_file(path, "not a whole ONNX file", kDamaged);
  check_head(path, model);
  return model;
}

double as_written(float number) {
  constexpr std::size_t kLongest = 32;
  std::array<char, kLongest> text{};
  double result = 0.0;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  std::from_chars(text.data(), end, result);
  return result;
}

GraphReader::GraphReader(const onnx::ModelProto& model, std::string source)
    : graph_(model.graph()), source_(std::move(source)) {
  for (const onnx::TensorProto& array : graph_.initializer()) {
    if (!arrays_.emplace(array.name(), Array{&array, false}).second)
      refuse("there are two arrays '" + core::printable(array.name()) + "'");
  }
  for (const onnx::NodeProto& node : graph_.node()) {
    for (const std::string& input : node.input()) ++readers_[input];
  }
}

void GraphReader::refuse(const std::string& problem) const {
  throw Error(ExitCode::model, "'" + source_ + "': " + problem, kOwnOnly);
}

void GraphReader::refuse(const onnx::NodeProto& node, const std::string& problem) const {
  refuse(title(node) + " " + problem);
}

const onnx::NodeProto& GraphReader::peek() const {
  if (at_end()) refuse("its operators end too early");
  return graph_.node(next_);
}

const onnx::NodeProto& GraphReader::take() {
  const onnx::NodeProto& node = peek();
  ++next_;
  if (!node.domain().empty()) refuse(node, "is of '" + core::printable(node.domain()) + "'");
  if (node.output_size() != 1 || node.output(0).empty()) refuse(node, "does not have one output");
  return node;
}

bool GraphReader::next_is(std::string_view type, const std::vector<std::string>& inputs, int ahead) const {
  if (next_ + ahead >= graph_.node_size()) return false;
  const onnx::NodeProto& node = graph_.node(next_ + ahead);
  if (node.op_type() != type || node.input_size() < static_cast<int>(inputs.size())) return false;
  if (!std::equal(inputs.begin(), inputs.end(), node.input().begin())) return false;
  return std::all_of(node.input().begin() + static_cast<int>(inputs.size()), node.input().end(),
                     [&](const std::string& input) { return is_array(input); });
}

const onnx::NodeProto& GraphReader::take(std::string_view type, const std::vector<std::string>& inputs) {
  const bool fits = next_is(type, inputs);
  const onnx::NodeProto& node = take();
  if (!fits) refuse(node, "stands where svhn writes " + std::string(type));
  return node;
}

int GraphReader::readers(const std::string& value) const {
  const auto found = readers_.find(value);
  return found == readers_.end() ? 0 : found->second;
}

const onnx::TensorProto& GraphReader::array(const onnx::NodeProto& node, int input, std::int32_t type) {
  const std::string name = input < node.input_size() ? node.input(input) : "";
  const auto found = arrays_.find(name);
  if (found == arrays_.end()) refuse(node, "needs an array as input " + std::to_string(input));
  const std::string what = "reads the array '" + core::printable(name) + "', which ";
  const onnx::TensorProto& array = *found->second.array;
  if (std::exchange(found->second.read, true)) refuse(node, what + "another one has read");
  if (array.data_location() == onnx::TensorProto::EXTERNAL || array.external_data_size() > 0)
    refuse(node, what + "is in another file");
  if (array.has_segment()) refuse(node, what + "is in parts");
  if (array.data_type() != type) refuse(node, what + "has numbers of another type");
  return array;
}

GraphReader::Floats GraphReader::floats(const onnx::NodeProto& node, int input) {
  const onnx::TensorProto& from = array(node, input, onnx::TensorProto::FLOAT);
  const Shape shape = shape_of(from);
  const std::size_t count = from.has_raw_data() ? from.raw_data().size() / sizeof(float)
                                                : static_cast<std::size_t>(from.float_data_size());
  const bool whole = !from.has_raw_data() || from.raw_data().size() % sizeof(float) == 0;
  if (!whole || !fits_bound(shape, kMaxParameters) || static_cast<std::size_t>(element_count(shape)) != count)
    refuse(node, "reads the array '" + core::printable(from.name()) + "', whose size is not its shape's");
  if (from.has_raw_data()) return {shape, numbers_of<float>(from.raw_data())};
  return {shape, {from.float_data().begin(), from.float_data().end()}};
}

double GraphReader::number(const onnx::NodeProto& node, int input) {
  const Floats one = floats(node, input);
  if (one.values.size() != 1) refuse(node, "reads several numbers in place of one");
  return as_written(one.values.front());
}

std::vector<std::int64_t> GraphReader::integers(const onnx::NodeProto& node, int input) {
  constexpr std::size_t kMost = 16;
  const onnx::TensorProto& from = array(node, input, onnx::TensorProto::INT64);
  std::vector<std::int64_t> values =
      from.has_raw_data() ? numbers_of<std::int64_t>(from.raw_data().substr(0, kMost * sizeof(std::int64_t)))
                          : std::vector<std::int64_t>(from.int64_data().begin(), from.int64_data().end());
  const bool fits = from.dims_size() == 1 && from.dims(0) == static_cast<std::int64_t>(values.size()) &&
                    values.size() <= kMost;
  if (!fits) refuse(node, "reads the array '" + core::printable(from.name()) + "' of another size");
  return values;
}

void GraphReader::allow(const onnx::NodeProto& node, std::initializer_list<std::string_view> names) const {
  for (const onnx::AttributeProto& item : node.attribute()) {
    if (std::find(names.begin(), names.end(), item.name()) == names.end())
      refuse(node, "has the attribute '" + core::printable(item.name()) + "'");
  }
}

const onnx::AttributeProto* GraphReader::attribute(const onnx::NodeProto& node, std::string_view name,
                                                   onnx::AttributeProto::AttributeType type) const {
  for (const onnx::AttributeProto& item : node.attribute()) {
    if (item.name() != name) continue;
    if (item.type() != type) refuse(node, "has an attribute '" + std::string(name) + "' of another type");
    return &item;
  }
  return nullptr;
}

std::int64_t GraphReader::integer(const onnx::NodeProto& node, std::string_view name,
                                  std::int64_t preset) const {
  const auto* item = attribute(node, name, onnx::AttributeProto::INT);
  return item == nullptr ? preset : item->i();
}

double GraphReader::real(const onnx::NodeProto& node, std::string_view name, double preset) const {
  const auto* item = attribute(node, name, onnx::AttributeProto::FLOAT);
  return item == nullptr ? preset : as_written(item->f());
}

std::string GraphReader::text(const onnx::NodeProto& node, std::string_view name) const {
  const auto* item = attribute(node, name, onnx::AttributeProto::STRING);
  return item == nullptr ? "" : item->s();
}

std::vector<std::int64_t> GraphReader::list(const onnx::NodeProto& node, std::string_view name,
                                            std::vector<std::int64_t> preset, std::int64_t least) const {
  const auto* item = attribute(node, name, onnx::AttributeProto::INTS);
  if (item == nullptr) return preset;
  const auto fits = [&](std::int64_t value) { return value >= least && value <= kMaxSide; };
  if (static_cast<std::size_t>(item->ints_size()) != preset.size() ||
      !std::all_of(item->ints().begin(), item->ints().end(), fits))
    refuse(node, "has an attribute '" + std::string(name) + "' that svhn does not write");
  return {item->ints().begin(), item->ints().end()};
}

}  // namespace svhn::model::onnx_file
