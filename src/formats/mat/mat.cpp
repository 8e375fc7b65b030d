#include "formats/mat/mat.h"

#include <matio.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "core/pipe.h"

#include "formats/mat/container.h"

namespace svhn::formats {
namespace {

struct CloseFile {
  void operator()(mat_t* file) const { Mat_Close(file); }
};
struct FreeVariable {
  void operator()(matvar_t* variable) const { Mat_VarFree(variable); }
};

/// matio would print messages; the results of its functions report the errors already.
void ignore_message(int /*level*/, char* /*message*/) {}

/// @returns the size in bytes of the numbers that matio will write.
std::size_t number_size(const matvar_t& variable) {
  switch (variable.class_type) {
    case MAT_C_INT8:
    case MAT_C_UINT8:
      return 1;
    case MAT_C_INT16:
    case MAT_C_UINT16:
      return 2;
    case MAT_C_INT32:
    case MAT_C_UINT32:
    case MAT_C_SINGLE:
      return 4;
    case MAT_C_INT64:
    case MAT_C_UINT64:
    case MAT_C_DOUBLE:
      return 8;
    default:
      return 0;
  }
}

bool same_header(const matvar_t& theirs, const MatVariable& ours) {
  if (theirs.dims == nullptr || theirs.rank != static_cast<int>(ours.shape.size())) return false;
  if (theirs.isComplex != 0 || number_size(theirs) != item_size(ours.dtype)) return false;
  return std::equal(ours.shape.begin(), ours.shape.end(), theirs.dims,
                    [](std::int64_t a, std::size_t b) { return static_cast<std::size_t>(a) == b; });
}

/// @returns the error, or "".
std::string read_through_matio(const std::filesystem::path& path, const MatVariable& variable,
                               std::span<std::uint8_t> out) {
  Mat_LogInitFunc("svhn", ignore_message);
  const std::unique_ptr<mat_t, CloseFile> file(
      Mat_Open(core::path_of_content(path, core::ExitCode::data).c_str(), MAT_ACC_RDONLY));
  if (!file) return "matio cannot open the file";
  const std::unique_ptr<matvar_t, FreeVariable> info(Mat_VarReadInfo(file.get(), variable.name.c_str()));
  if (!info || !same_header(*info, variable)) return "matio reads another header than this program";
  const auto count = static_cast<int>(variable.elements);
  if (Mat_VarReadDataLinear(file.get(), info.get(), out.data(), 0, 1, count) != 0)
    return "matio cannot read the numbers";
  return {};
}

}  // namespace

MatFile::MatFile(const std::filesystem::path& path)
    : file_(path, core::ExitCode::data),
      variables_(mat::parse_container(file_.bytes(), "'" + path.string() + "'")) {}

const MatVariable* MatFile::find(std::string_view name) const {
  const auto found = std::find_if(variables_.begin(), variables_.end(),
                                  [name](const MatVariable& variable) { return variable.name == name; });
  return found == variables_.end() ? nullptr : &*found;
}

std::vector<std::uint8_t> MatFile::read(const MatVariable& variable) const {
  const std::string where = "'" + file_.path().string() + "' array '" + variable.name + "'";
  if (variable.elements > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    mat::refuse(where, "more than 2^31 - 1 numbers", "split the file");
  }
  if (variable.compressed) {
    // matio does not check the checksum, and memory for the array is allocated only when its
    // size is confirmed.
    mat::verify_stream(file_.bytes().subspan(variable.offset, variable.stored_bytes), variable.content_bytes,
                       where);
    file_.release(variable.offset, variable.stored_bytes);
  }
  std::vector<std::uint8_t> out(variable.elements * item_size(variable.dtype));
  if (out.empty()) return out;
  const std::string problem = read_through_matio(file_.path(), variable, out);
  if (!problem.empty()) mat::refuse(where, problem);
  return out;
}

}  // namespace svhn::formats
