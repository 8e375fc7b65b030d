#include "distributed/failure.h"

#include <algorithm>
#include <cstddef>

namespace svhn::distributed {
namespace {

using core::Error;
using core::ExitCode;

std::string one_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return text;
}

}  // namespace

std::string rank_names(const std::vector<int>& ranks) {
  std::string text = ranks.size() == 1 ? "rank " : "ranks ";
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    if (i > 0) text += i + 1 == ranks.size() ? " and " : ", ";
    text += std::to_string(ranks[i]);
  }
  return text;
}

std::string failure_notice(const Error& error) {
  return std::to_string(static_cast<int>(error.code())) + one_line(error.what()) + "\n" +
         one_line(error.hint());
}

Error error_of_notice(const std::string& text) {
  const std::size_t line = text.find('\n');
  if (line == std::string::npos || line == 0 || text[0] < '1' || text[0] > '7') {
    return {ExitCode::bug, "the processes' news cannot be read"};
  }
  return {static_cast<ExitCode>(text[0] - '0'), text.substr(1, line - 1), text.substr(line + 1)};
}

Error failed_rank(int rank, const Error& error) {
  return {error.code(), "rank " + std::to_string(rank) + " failed: " + error.what(), error.hint()};
}

Error lost_ranks(const std::vector<int>& ranks) {
  return {ExitCode::device, rank_names(ranks) + (ranks.size() == 1 ? " was lost" : " were lost"),
          "the process was killed or the network cut; start it again, a training or a search with --resume"};
}

Error lost_store(bool foreign) {
  if (!foreign) return lost_ranks({0});
  return {ExitCode::device, "the launcher's own store was lost, or does not understand this LibTorch",
          "for a torchrun of another version set TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1"};
}

Error out_of_step(const std::vector<int>& absent) {
  if (absent.empty()) {
    return {ExitCode::device, "the connection between the processes broke, although all of them live",
            "see what their own outputs say; start it again, a training or a search with --resume"};
  }
  return {ExitCode::device,
          rank_names(absent) + (absent.size() == 1 ? " lives but keeps" : " live but keep") +
              " the others waiting for too long",
          "give a longer --timeout, or see what holds it up"};
}

}  // namespace svhn::distributed
