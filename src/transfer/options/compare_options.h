#pragma once
/// Options of a comparison of backbones, from a config's "compare" section.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/graph/spec.h"

namespace svhn::transfer {

/// A backbone that replaces the config's.
struct ComparedBackbone {
  model::BackboneSpec backbone;          ///< `trainable`: layers of the second run; empty: no second run.
  std::optional<std::int64_t> resize{};  ///< Height and width that images are resized to, in pixels.
};

struct CompareOptions {
  std::vector<ComparedBackbone> backbones;  ///< At least one, all different.
};

}  // namespace svhn::transfer
