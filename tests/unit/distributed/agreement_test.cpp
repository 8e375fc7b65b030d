#include "distributed/agreement.h"

#include <gtest/gtest.h>

#include <functional>

#include "unit/distributed/thread_group.h"

namespace svhn::distributed {
namespace {

using nlohmann::json;

/// @returns "code: message | hint", the same on all three ranks, or "agreed".
std::string outcome(const std::function<std::vector<Term>(int rank)>& terms) {
  const auto faults = run_group(3, [&](ProcessGroup& group) { agree(group, terms(group.rank())); });
  std::string text;
  for (const auto& fault : faults) {
    std::string own = "agreed";
    try {
      if (fault) std::rethrow_exception(fault);
    } catch (const core::Error& error) {
      own = std::to_string(static_cast<int>(error.code())) + ": " + error.what() + " | " + error.hint();
    }
    EXPECT_TRUE(text.empty() || text == own) << own;
    text = own;
  }
  return text;
}

TEST(Agree, EndsQuietlyWhereAllRanksHaveTheSame) {
  EXPECT_EQ(outcome([](int) {
              return std::vector<Term>{{.name = "a", .value = 1}, {.name = "b", .value = {{"c", {}}}}};
            }),
            "agreed");
}

TEST(Agree, NamesTheFirstRankAndTermThatDiffer) {
  const auto terms = [](int rank) {
    return std::vector<Term>{{.name = "--what", .value = rank == 2 ? "x" : "y"},
                             {.name = "--split", .value = rank == 1 ? "val" : "test"}};
  };
  EXPECT_EQ(
      outcome(terms),
      "2: rank 1 has another --split than rank 0 | start every process with the same options, model, data "
      "and version of svhn");
}

TEST(Agree, SaysWhatTheTermSays) {
  const auto terms = [](int rank) {
    return std::vector<Term>{{.name = "version",
                              .value = rank == 1 ? "1.1" : "1.0",
                              .message = "runs {own}, rank 0 {wanted}",
                              .hint = "upgrade",
                              .code = core::ExitCode::model}};
  };
  EXPECT_EQ(outcome(terms), "5: rank 1 runs 1.1, rank 0 1.0 | upgrade");
}

TEST(Agree, PointsAtTheDifferenceInsideAValueAndPassesByWhatMayDiffer) {
  const auto terms = [](const json& other, int rank) {
    const json wanted{{"file", "here"}, {"train", {{"seed", 1}}}};
    return std::vector<Term>{{.name = "config",
                              .value = rank == 2 ? other : wanted,
                              .message = "{name} {pointer} {own} {wanted}",
                              .hint = "",
                              .ignored = "/file"}};
  };
  const auto with = [&](const json& other) { return outcome([&](int rank) { return terms(other, rank); }); };
  EXPECT_EQ(with({{"file", "there"}, {"train", {{"seed", 1}}}}), "agreed");
  EXPECT_EQ(with({{"file", "there"}, {"train", {{"seed", "1"}}}}), "2: rank 2 config /train/seed \"1\" 1 | ");
  EXPECT_EQ(with(json::object()), "2: rank 2 config /train/seed nothing 1 | ");
}

TEST(CheckTerms, TakeAValueThatIsMissingForNull) {
  const std::vector<Term> terms{{.name = "new", .value = 1, .message = "{own} {wanted}"}};
  EXPECT_NO_THROW(check_terms(terms, 1, {{"new", nullptr}}, json::object()));
  EXPECT_THROW(check_terms(terms, 1, {{"new", 1}}, json::object()), core::Error);
  EXPECT_THROW(check_terms(terms, 1, json::object(), {{"new", 1}}), core::Error);
}

}  // namespace
}  // namespace svhn::distributed
