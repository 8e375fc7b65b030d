#pragma once
/// A model file as ONNX, with its preprocessing inside and with what is known of it as metadata.

#include <cstdint>
#include <filesystem>
#include <string>

#include "cli/commands/export.h"
#include "model/graph/graph.h"

namespace svhn::cli {

/// What has been written.
struct Exported {
  model::Shape input;  ///< C,H,W of the network.
  std::uint64_t bytes = 0;
};

/// Writes `options.output`. @throws core::Error as `model::check_exportable` and `model::write_onnx` do.
Exported write_exported(const ExportOptions& options);

/// @returns the bytes that `svhn export` writes by default. @throws core::Error as `write_exported` does.
std::string exported_bytes(const std::filesystem::path& model);

}  // namespace svhn::cli
