#include "formats/pickle/globals.h"

namespace svhn::formats {
namespace {

constexpr PickleGlobal row(std::string_view module, std::string_view name, FrameGlobal kind) {
  return {module, name, static_cast<int>(kind)};
}

using G = FrameGlobal;

constexpr PickleGlobal kGlobals[] = {
    row("numpy.core.multiarray", "_reconstruct", G::reconstruct),
    row("numpy._core.multiarray", "_reconstruct", G::reconstruct),
    row("numpy.core.numeric", "_frombuffer", G::from_buffer),
    row("numpy._core.numeric", "_frombuffer", G::from_buffer),
    row("numpy.core.multiarray", "scalar", G::scalar),
    row("numpy._core.multiarray", "scalar", G::scalar),
    row("numpy", "dtype", G::dtype),
    row("numpy", "ndarray", G::other),
    row("_codecs", "encode", G::encode),
    row("builtins", "bytearray", G::byte_array),
    row("__builtin__", "bytearray", G::byte_array),
    row("builtins", "bytes", G::byte_array),
    row("__builtin__", "bytes", G::byte_array),
    row("builtins", "slice", G::slice),
    row("__builtin__", "slice", G::slice),
    row("pandas.core.frame", "DataFrame", G::data_frame),
    row("pandas", "DataFrame", G::data_frame),
    row("pandas.core.series", "Series", G::series),
    row("pandas", "Series", G::series),
    row("pandas.core.internals.managers", "BlockManager", G::manager),
    row("pandas.core.internals.managers", "SingleBlockManager", G::manager),
    row("pandas.core.internals", "BlockManager", G::manager),
    row("pandas.core.internals", "SingleBlockManager", G::manager),
    row("pandas._libs.internals", "_unpickle_block", G::block),
    row("pandas.core.indexes.base", "_new_Index", G::new_index),
    row("pandas.core.indexes.base", "Index", G::other),
    row("pandas", "Index", G::other),
    row("pandas.core.indexes.range", "RangeIndex", G::other),
    row("pandas", "RangeIndex", G::other),
    row("pandas.core.indexes.numeric", "Int64Index", G::other),
    row("pandas.core.indexes.numeric", "UInt64Index", G::other),
    row("pandas.core.indexes.numeric", "Float64Index", G::other),
    row("pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked", G::backed_array),
    row("pandas.core.arrays.categorical", "Categorical", G::categorical),
    row("pandas", "Categorical", G::categorical),
    row("pandas.core.dtypes.dtypes", "CategoricalDtype", G::categorical_dtype),
    row("pandas", "CategoricalDtype", G::categorical_dtype),
    row("pandas.core.arrays.integer", "IntegerArray", G::masked_array),
    row("pandas.arrays", "IntegerArray", G::masked_array),
    row("pandas.core.arrays.floating", "FloatingArray", G::masked_array),
    row("pandas.arrays", "FloatingArray", G::masked_array),
    row("pandas.core.arrays.integer", "Int8Dtype", G::other),
    row("pandas.core.arrays.integer", "Int16Dtype", G::other),
    row("pandas.core.arrays.integer", "Int32Dtype", G::other),
    row("pandas.core.arrays.integer", "Int64Dtype", G::other),
    row("pandas.core.arrays.integer", "UInt8Dtype", G::other),
    row("pandas.core.arrays.integer", "UInt16Dtype", G::other),
    row("pandas.core.arrays.integer", "UInt32Dtype", G::other),
    row("pandas.core.arrays.integer", "UInt64Dtype", G::other),
    row("pandas.core.arrays.floating", "Float32Dtype", G::other),
    row("pandas.core.arrays.floating", "Float64Dtype", G::other),
    row("pandas", "Int8Dtype", G::other),
    row("pandas", "Int16Dtype", G::other),
    row("pandas", "Int32Dtype", G::other),
    row("pandas", "Int64Dtype", G::other),
    row("pandas", "UInt8Dtype", G::other),
    row("pandas", "UInt16Dtype", G::other),
    row("pandas", "UInt32Dtype", G::other),
    row("pandas", "UInt64Dtype", G::other),
    row("pandas", "Float32Dtype", G::other),
    row("pandas", "Float64Dtype", G::other),
    row("pandas.core.arrays.string_", "StringArray", G::string_array),
    row("pandas.arrays", "StringArray", G::string_array),
    row("pandas.core.arrays.string_", "StringDtype", G::other),
    row("pandas", "StringDtype", G::other),
    row("pandas.core.arrays.string_arrow", "ArrowStringArray", G::arrow_array),
    row("pandas.core.arrays.string_arrow", "ArrowStringArrayNumpySemantics", G::arrow_array),
    row("pandas.arrays", "ArrowStringArray", G::arrow_array),
    row("pandas._libs.missing", "NA", G::missing),
    row("pandas", "NA", G::missing),
    row("pyarrow.lib", "chunked_array", G::arrow_chunks),
    row("pyarrow.lib", "_restore_array", G::arrow_restore),
    row("pyarrow.lib", "py_buffer", G::arrow_buffer),
    row("pyarrow.lib", "type_for_alias", G::arrow_type),
    row("torchvision.datasets.svhn", "SVHN", G::data_set),
    row("torchvision.datasets.vision", "StandardTransform", G::other),
    row("torchvision.transforms.transforms", "Compose", G::other),
    row("torchvision.transforms.transforms", "ToTensor", G::other),
    row("torchvision.transforms.transforms", "Normalize", G::other),
    row("sklearn.utils", "Bunch", G::bunch),
    row("sklearn.utils._bunch", "Bunch", G::bunch),
    row("sklearn.datasets.base", "Bunch", G::bunch),
};

}  // namespace

std::span<const PickleGlobal> frame_globals() {
  return kGlobals;
}

bool is_call(const Pickle& pickle, PickleValue value, FrameGlobal callable) {
  return value.kind == PickleKind::object && pickle.callable_kind(value) == static_cast<int>(callable);
}

}  // namespace svhn::formats
