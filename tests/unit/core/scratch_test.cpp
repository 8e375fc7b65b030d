#include "core/scratch.h"

#include <algorithm>

#include "core/error.h"
#include "unit/hostile_bytes.h"

namespace svhn::core {
namespace {

TEST(ScratchFile, IsMemoryWithoutAName) {
  const test::TemporaryFolder folder;
  const ScratchFile scratch(folder.path() / "new", 40000);
  ASSERT_EQ(scratch.bytes().size(), 40000U);
  ASSERT_EQ(scratch.floats().size(), 10000U);
  EXPECT_TRUE(std::ranges::all_of(scratch.floats(), [](float x) { return x == 0.0F; }));
  scratch.floats()[9999] = 2.5F;
  EXPECT_EQ(scratch.floats()[9999], 2.5F);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path() / "new"));
}

TEST(ScratchFile, SaysWhereThereIsNoRoom) {
  const test::TemporaryFolder folder;
  folder.write("file", "x");
  for (const auto& [where, bytes] :
       {std::pair{folder.path() / "file", std::size_t{10}}, std::pair{folder.path(), std::size_t{1} << 60}}) {
    try {
      const ScratchFile scratch(where, bytes);
      FAIL() << where;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::data);
      EXPECT_NE(std::string(error.what()).find(where.string()), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace svhn::core
