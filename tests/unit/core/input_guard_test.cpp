#include "core/input_guard.h"

#include <sys/stat.h>

#include <array>

#include "core/file.h"
#include "unit/hostile_bytes.h"

namespace svhn::core {
namespace {

namespace fs = std::filesystem;

/// A folder with files `a` and `b`; the guard is off again at the end.
class InputGuard : public testing::Test {
 protected:
  ~InputGuard() override { guard_inputs({}, {}); }

  [[nodiscard]] fs::path path(const std::string& name) const { return folder_.path() / name; }
  [[nodiscard]] std::string quoted(const std::string& name) const { return "'" + path(name).string() + "'"; }

  /// @returns the message of the usage error of a call; "" without one.
  static std::string refusal(const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      EXPECT_FALSE(error.hint().empty());
      return error.what();
    }
    return "";
  }

  void write(const std::string& name) const { write_text_file(path(name), "new", ExitCode::data); }

  test::TemporaryFolder folder_;
  fs::path a_ = folder_.write("a", "old"), b_ = folder_.write("b", "old");
};

TEST_F(InputGuard, RefusesAnOutputThatIsAnInputByAnyPath) {
  fs::create_hard_link(a_, path("hard"));
  fs::create_symlink("a", path("soft"));
  for (const std::string& name : {std::string("a"), std::string("hard"), std::string("soft"),
                                  "../" + folder_.path().filename().string() + "/a"}) {
    EXPECT_EQ(refusal([&] {
                guard_inputs({{"--input", a_}}, {{"--output", path(name)}});
              }),
              "--output " + quoted(name) + " is the same file as --input " + quoted("a"));
  }
  EXPECT_EQ(refusal([&] {
              guard_inputs({{"--input", a_}}, {{"--output", b_}, {"--preview", path("c")}});
            }),
            "");
}

TEST_F(InputGuard, RefusesTwoOutputsThatAreOneFile) {
  fs::create_symlink("new", path("link"));
  EXPECT_EQ(refusal([&] {
              guard_inputs({}, {{"--output", path("new")}, {"--preview", path("link")}});
            }),
            "--preview " + quoted("link") + " is the same file as --output " + quoted("new"));
  EXPECT_EQ(refusal([&] { guard_inputs({}, {{"--output", "/dev/null"}, {"--preview", "/dev/null"}}); }), "");
}

TEST_F(InputGuard, TakesWhatMappedFileOpensForAnInput) {
  guard_inputs({}, {{"--output", path("new")}});
  write("b");
  { const MappedFile read(b_, ExitCode::data); }
  EXPECT_EQ(refusal([&] { write("b"); }),
            "the output " + quoted("b") + " is the same file as the input " + quoted("b"));
  EXPECT_EQ(test::read_bytes(b_), "new");
}

TEST_F(InputGuard, ChecksAllOutputsOfTheCommandLineBeforeTheFirstIsWritten) {
  guard_inputs({}, {{"--output", path("new")}, {"--preview", b_}});
  add_input(b_);
  EXPECT_EQ(refusal([&] { write("new"); }),
            "--preview " + quoted("b") + " is the same file as the input " + quoted("b"));
  EXPECT_FALSE(fs::exists(path("new")));
}

TEST_F(InputGuard, LetsStateOfTheCallerBeReplaced) {
  guard_inputs({{"--input", a_}}, {});
  { const MappedFile read(b_, ExitCode::data); }
  allow_replacing(b_);
  EXPECT_EQ(refusal([&] { write("b"); }), "");
}

TEST_F(InputGuard, ForgetsInputsThatWereRemoved) {
  guard_inputs({{"--input", a_}}, {});
  fs::create_hard_link(a_, path("c"));  // Stands for a new file that gets the inode.
  fs::remove(a_);
  EXPECT_EQ(refusal([&] { write("c"); }), "");
}

TEST_F(InputGuard, ChecksOutputsWithoutAnOption) {
  guard_inputs({{"--data", a_}}, {});
  const std::array outputs{path("c"), a_};
  EXPECT_EQ(refusal([&] { check_outputs(outputs); }),
            "the output " + quoted("a") + " is the same file as --data " + quoted("a"));
  EXPECT_EQ(refusal([&] { check_outputs(std::span(outputs).first(1)); }), "");
}

TEST_F(InputGuard, RefusesToRemoveAFolderWithAnInput) {
  folder_.write("run/a", "x");
  guard_inputs({{"--weights", path("run/a")}}, {});
  EXPECT_EQ(
      refusal([&] { check_removal(path("run")); }),
      "--weights " + quoted("run/a") + " is in the folder " + quoted("run") + ", whose files are replaced");
  EXPECT_EQ(refusal([&] { check_removal(path("other")); }), "");
}

TEST_F(InputGuard, IsOffWithoutAProgram) {
  { const MappedFile read(a_, ExitCode::data); }
  EXPECT_EQ(refusal([&] { write("a"); }), "");
}

TEST_F(InputGuard, HoldsDevicesForNoFiles) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(refusal([&] { guard_inputs({{"--input", path("pipe")}}, {{"--output", path("pipe")}}); }), "");
}

}  // namespace
}  // namespace svhn::core
