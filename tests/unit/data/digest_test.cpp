#include "data/digest.h"

#include <gtest/gtest.h>

#include "unit/hostile_bytes.h"

namespace svhn::data {
namespace {

using test::TemporaryFolder;

// FIPS 180-2, appendix B.1 ("abc") and B.3 (a million times "a").
constexpr std::string_view kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr std::string_view kMillion = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

TEST(Sha256OfFile, EqualsTheStandardsExamples) {
  const TemporaryFolder folder;
  EXPECT_EQ(sha256_of_file(folder.write("a", "abc")), kAbc);
  EXPECT_EQ(sha256_of_file(folder.write("b", std::string(1'000'000, 'a'))), kMillion);
}

TEST(Sha256OfBytes, EqualsTheStandardsExample) {
  EXPECT_EQ(sha256_of_bytes(std::as_bytes(std::span("abc", 3))), kAbc);
}

TEST(Sha256OfFile, RefusesWhatIsNoFile) {
  const TemporaryFolder folder;
  EXPECT_THROW(sha256_of_file(folder.path() / "none"), core::Error);
  EXPECT_THROW(sha256_of_file(folder.path()), core::Error);
}

}  // namespace
}  // namespace svhn::data
