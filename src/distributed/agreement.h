#pragma once
/// Checks that the processes of a run do the same work.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/error.h"
#include "distributed/process_group.h"

namespace svhn::distributed {

/// A value that must be equal in all processes, and the error of a process that has another.
struct Term {
  std::string name;  ///< Unique.
  nlohmann::json value;
  /// What the error says behind "rank 1 ". {name} is the term's. {pointer} is the JSON pointer of the first
  /// difference inside the value, {own} and {wanted} are the values there of that rank and of rank 0.
  std::string message = "has another {name} than rank 0";
  std::string hint = "start every process with the same options, model, data and version of svhn";
  core::ExitCode code = core::ExitCode::usage;
  std::string ignored{};  ///< JSON pointer inside the value of what may differ; "": nothing.
};

/// @returns the values of the terms by name.
nlohmann::json values_of(const std::vector<Term>& terms);

/// Compares the values of one rank with those of rank 0, in the order of the terms. An empty list or object
/// counts as null, and so does a value that is not there.
/// @param terms name, message, hint, code and ignored are used. @param own,wanted values by name.
/// @throws core::Error as the first term that differs says.
void check_terms(const std::vector<Term>& terms, int rank, const nlohmann::json& own,
                 const nlohmann::json& wanted);

/// Checks that every rank has the values of rank 0. A collective operation, which ends alike on all ranks.
/// @throws core::Error as the first term that differs says, of the lowest rank for which one does.
void agree(ProcessGroup& group, const std::vector<Term>& terms);

}  // namespace svhn::distributed
