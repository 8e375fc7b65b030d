#include "metric/classes.h"

#include <string>

#include "core/error.h"

namespace svhn::metric {

std::size_t class_slot(int index) {
  if (index < 0 || index >= kClasses) {
    throw core::Error(core::ExitCode::bug, "class index " + std::to_string(index) + " is not one of 0 to 9",
                      "please report this");
  }
  return static_cast<std::size_t>(index);
}

}  // namespace svhn::metric
