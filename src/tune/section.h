#pragma once
/// The fields of a "tune" section, shared by its reader, its writer and its schema.

#include <string>
#include <vector>

#include "core/fields.h"
#include "tune/options.h"

namespace svhn::tune {

/// A parameter as its JSON spells it; the elements of "choice" may be anything and are filled in elsewhere.
struct SpelledParameter {
  Parameter parameter;
  std::vector<std::int64_t> integers;
  std::vector<double> uniform;
  std::vector<double> log_uniform;
};

/// Everything but the keys of "space" and the values of "list", which are the user's own.
/// @param reading lets the values of "list" stand for whoever reads them next.
void describe_tune(core::Fields& fields, TuneOptions& options, bool reading);
void describe_parameter(core::Fields& fields, SpelledParameter& spelled);

/// @returns what keeps a path from being searched over, or "".
std::string path_fault(const std::string& path);

}  // namespace svhn::tune
