#include "formats/pickle/frame.h"

#include <optional>
#include <string>
#include <unordered_set>

#include "formats/pickle/column.h"
#include "formats/pickle/globals.h"

namespace svhn::formats {
namespace {

constexpr std::int64_t kMaxColumns = 1 << 20;

[[noreturn]] void refuse(const Pickle& pickle, PickleValue value, const std::string& what) {
  pickle.fail(what, pickle.position(value), {});
}

PickleValue find_manager(const Pickle& pickle, PickleValue owner) {
  const PickleValue state = pickle.state(owner);
  if (is_call(pickle, state, FrameGlobal::manager)) return state;
  if (state.kind != PickleKind::dict) refuse(pickle, owner, "a data frame has no content");
  for (const char* key : {"_mgr", "_data"}) {
    const PickleValue* found = pickle.find(state, key);
    if (found != nullptr && is_call(pickle, *found, FrameGlobal::manager)) return *found;
  }
  refuse(pickle, owner, "a data frame has no content");
}

PickleValue member(const Pickle& pickle, PickleValue dict, const char* key) {
  const PickleValue* found = pickle.find(dict, key);
  if (found == nullptr) refuse(pickle, dict, std::string("a data frame's '") + key + "' is missing");
  return *found;
}

std::vector<std::int64_t> sliced(const Pickle& pickle, PickleValue slice, std::int64_t count) {
  const auto fields = pickle.items(pickle.arguments(slice));
  if (fields.size() != 3) refuse(pickle, slice, "a slice has not three parts");
  const std::int64_t begin = pickle.integer(fields[0]);
  const std::int64_t step = fields[2].kind == PickleKind::none ? 1 : pickle.integer(fields[2]);
  const bool valid = begin >= 0 && begin < kMaxColumns && step > -kMaxColumns && step < kMaxColumns;
  if (!valid) refuse(pickle, slice, "a slice of columns is out of range");
  std::vector<std::int64_t> columns;
  for (std::int64_t i = 0; i < count; ++i) columns.push_back(begin + i * step);
  return columns;
}

std::vector<std::int64_t> read_placement(const Pickle& pickle, PickleValue value, std::int64_t count) {
  if (count > kMaxColumns) refuse(pickle, value, "a data frame has more than a million columns");
  if (is_call(pickle, value, FrameGlobal::slice)) return sliced(pickle, value, count);
  std::vector<std::int64_t> columns;
  for (const PickledScalar& scalar : ColumnReader(pickle).read(value, count)) {
    const auto* column = std::get_if<std::int64_t>(&scalar);
    if (column == nullptr) refuse(pickle, value, "a block's place in its data frame is not a number");
    columns.push_back(*column);
  }
  return columns;
}

PickledBlock read_block(const Pickle& pickle, PickledBlockParts parts) {
  PickledBlock block;
  std::int64_t count = 1;
  if (is_numpy(pickle, parts.values)) {
    block.values = read_numpy(pickle, parts.values);
    if (block.values.shape.size() == 2) count = block.values.shape[0];
  } else {
    block.extension = parts.values;
  }
  block.columns = read_placement(pickle, parts.placement, count);
  return block;
}

std::string name_of(const PickledScalar& scalar) {
  if (const auto* text = std::get_if<std::string>(&scalar)) return *text;
  const auto* number = std::get_if<std::int64_t>(&scalar);
  return number == nullptr ? std::string() : std::to_string(*number);
}

/// Adds blocks one by one and checks each against the blocks before.
class FrameBuilder {
 public:
  FrameBuilder(const Pickle& pickle, PickledFrame& frame) : pickle_(pickle), frame_(frame) {}

  void add(PickledBlock block) {
    for (const std::int64_t column : block.columns) {
      if (!seen_.insert(column).second) refuse("a data frame has two blocks for one column");
    }
    frame_.columns += std::ssize(block.columns);
    if (frame_.columns > kMaxColumns) refuse("a data frame has more than a million columns");
    if (block.extension.kind == PickleKind::none) check_rows(block.values);
    frame_.blocks.push_back(std::move(block));
  }

  void finish() {
    for (const std::int64_t column : seen_) {
      if (column < 0 || column >= frame_.columns) refuse("a data frame's blocks leave columns out");
    }
    if (!rows_) refuse("a data frame has no numeric column");
    frame_.rows = *rows_;
  }

 private:
  void check_rows(const PickledArray& values) {
    const bool two = values.shape.size() == 1 || values.shape.size() == 2;
    if (!two || (rows_ && *rows_ != values.shape.back())) refuse("a data frame's columns differ in length");
    rows_ = values.shape.back();
  }
  [[noreturn]] void refuse(const char* what) const { pickle_.fail(what, frame_.position, {}); }

  const Pickle& pickle_;
  PickledFrame& frame_;
  std::unordered_set<std::int64_t> seen_;
  std::optional<std::int64_t> rows_;
};

}  // namespace

PickledManager read_manager(const Pickle& pickle, PickleValue owner) {
  const PickleValue manager = find_manager(pickle, owner);
  const auto arguments = pickle.items(pickle.arguments(manager));
  // BlockManager(blocks, axes) since pandas 1.3. Before, and in every Series, a state that ends
  // in {'0.14.1': …}.
  if (arguments.size() >= 2) return {pickle.items(arguments[1]), pickle.items(arguments[0])};
  const PickleValue state = pickle.state(manager);
  if (state.kind != PickleKind::tuple || pickle.items(state).empty()) {
    refuse(pickle, manager, "a data frame's manager has no content");
  }
  const PickleValue content = member(pickle, pickle.items(state).back(), "0.14.1");
  return {pickle.items(member(pickle, content, "axes")), pickle.items(member(pickle, content, "blocks"))};
}

PickledBlockParts block_parts(const Pickle& pickle, PickleValue block) {
  if (block.kind == PickleKind::dict)
    return {member(pickle, block, "values"), member(pickle, block, "mgr_locs")};
  if (!is_call(pickle, block, FrameGlobal::block)) refuse(pickle, block, "a data frame's block is not one");
  const auto fields = pickle.items(pickle.arguments(block));
  if (fields.size() < 2) refuse(pickle, block, "a data frame's block is incomplete");
  return {fields[0], fields[1]};
}

bool is_frame(const Pickle& pickle, PickleValue value) {
  return is_call(pickle, value, FrameGlobal::data_frame);
}

PickledFrame read_frame(const Pickle& pickle, PickleValue value) {
  PickledFrame frame;
  frame.position = pickle.position(value);
  const PickledManager manager = read_manager(pickle, value);
  if (manager.axes.size() != 2) refuse(pickle, value, "a data frame has not two axes");
  FrameBuilder builder(pickle, frame);
  for (const PickleValue block : manager.blocks) builder.add(read_block(pickle, block_parts(pickle, block)));
  builder.finish();
  for (const PickledScalar& name : ColumnReader(pickle).read(manager.axes[0], frame.columns)) {
    frame.names.push_back(name_of(name));
  }
  return frame;
}

std::vector<PickledScalar> read_frame_column(const Pickle& pickle, const PickledFrame& frame,
                                             std::int64_t column) {
  for (const PickledBlock& block : frame.blocks) {
    for (std::size_t i = 0; i < block.columns.size(); ++i) {
      if (block.columns[i] != column) continue;
      if (block.extension.kind != PickleKind::none)
        return ColumnReader(pickle).read(block.extension, frame.rows);
      return read_column_elements(pickle, block.values, i);
    }
  }
  pickle.fail("a data frame lacks its column " + std::to_string(column), frame.position, {});
}

}  // namespace svhn::formats
