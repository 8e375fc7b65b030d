#pragma once
/// Plain options of a comparison of backbones, as a config's "compare" section states them.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/graph/spec.h"

namespace svhn::transfer {

/// A backbone in the place of the config's own.
struct ComparedBackbone {
  model::BackboneSpec backbone;          ///< `trainable` is what the second run trains; none: no second run.
  std::optional<std::int64_t> resize{};  ///< Side of the square that images are resized to first.
};

struct CompareOptions {
  std::vector<ComparedBackbone> backbones;  ///< At least one; no two alike.
};

}  // namespace svhn::transfer
