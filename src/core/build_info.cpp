#include "core/build_info.h"

namespace svhn::core {

std::string version() {
  return SVHN_VERSION;
}

}  // namespace svhn::core
