#include "distributed/agreement.h"

#include <spdlog/fmt/fmt.h>

#include "core/json.h"

namespace svhn::distributed {
namespace {

using core::ExitCode;
using nlohmann::json;

json value_of(const json& values, const std::string& name) {
  return values.is_object() ? values.value(name, json()) : json();
}

/// @returns the value for the message: a term that is a text as it is, everything else as JSON.
std::string shown(const std::string& text, const json& term) {
  return core::printable(term.is_string() ? term.get<std::string>() : text);
}

}  // namespace

json values_of(const std::vector<Term>& terms) {
  json values = json::object();
  for (const Term& term : terms) values[term.name] = term.value;
  return values;
}

void check_terms(const std::vector<Term>& terms, int rank, const json& own, const json& wanted) {
  for (const Term& term : terms) {
    const json here = value_of(own, term.name), there = value_of(wanted, term.name);
    for (const auto& found : core::json_diff(there, here)) {
      if (!term.ignored.empty() && found.pointer == term.ignored) continue;
      const std::string text = fmt::format(fmt::runtime(term.message), fmt::arg("name", term.name),
                                           fmt::arg("pointer", core::printable(found.pointer)),
                                           fmt::arg("own", shown(found.after, here)),
                                           fmt::arg("wanted", shown(found.before, there)));
      throw core::Error(term.code, "rank " + std::to_string(rank) + " " + text, term.hint);
    }
  }
}

void agree(ProcessGroup& group, const std::vector<Term>& terms) {
  const auto gathered = group.all_gather(values_of(terms).dump());
  const json wanted = core::parse_json_strict(gathered.front(), "rank 0", ExitCode::device);
  for (std::size_t rank = 1; rank < gathered.size(); ++rank) {
    const std::string name = "rank " + std::to_string(rank);
    const json own = core::parse_json_strict(gathered[rank], name, ExitCode::device);
    check_terms(terms, static_cast<int>(rank), own, wanted);
  }
}

}  // namespace svhn::distributed
