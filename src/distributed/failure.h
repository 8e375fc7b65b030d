#pragma once
/// Why a run of several processes ended, as one text that all of them read.

#include <string>
#include <vector>

#include "core/error.h"

namespace svhn::distributed {

/// "rank 2", "ranks 1 and 3", "ranks 1, 2 and 3".
std::string rank_names(const std::vector<int>& ranks);

std::string failure_notice(const core::Error& error);
/// @returns what `failure_notice` was given; an error of code bug for any other text.
core::Error error_of_notice(const std::string& text);

/// @param foreign the store was a launcher's, not rank 0's.
core::Error lost_store(bool foreign);
core::Error failed_rank(int rank, const core::Error& error);
core::Error lost_ranks(const std::vector<int>& ranks);
/// @param absent ranks that live and did not come to the operation.
core::Error out_of_step(const std::vector<int>& absent);

}  // namespace svhn::distributed
