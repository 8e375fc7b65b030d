#include "formats/torch/torch_archive.h"

#include <gtest/gtest.h>
#include <zip.h>

#include <cstring>
#include <functional>

#include "unit/formats/pickle/builder.h"
#include "unit/hostile_bytes.h"

namespace svhn::formats {
namespace {

using test::PickleBuilder;
using test::TemporaryFolder;
using Numbers = std::vector<std::int64_t>;

std::string floats(std::size_t count) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) {
    const auto value = static_cast<float>(i);
    bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  return bytes;
}

struct View {
  std::string name = "weight";
  std::string storage_type = "FloatStorage";
  std::string key = "0";
  std::int64_t storage_size = 6;
  std::int64_t offset = 0;
  Numbers shape{2, 3};
  Numbers strides{3, 1};
};

void add_counts(PickleBuilder& pickle, const Numbers& numbers) {
  pickle.raw("(");
  for (const std::int64_t number : numbers) pickle.number(number);
  pickle.raw("t");
}

/// What torch.save pickles for {name: tensor, …}: _rebuild_tensor_v2(storage, offset, size, stride, False,
/// OrderedDict()) inside an OrderedDict.
std::string state_dict(const std::vector<View>& views, bool legacy = false) {
  PickleBuilder pickle;
  pickle.global("collections", "OrderedDict").raw(")R(");
  for (const View& view : views) {
    pickle.text(view.name).global("torch._utils", "_rebuild_tensor_v2").raw("((");
    pickle.text("storage")
        .global("torch", view.storage_type)
        .text(view.key)
        .text("cpu")
        .number(view.storage_size);
    pickle.raw(legacy ? "NtQ" : "tQ").number(view.offset);
    add_counts(pickle, view.shape);
    add_counts(pickle, view.strides);
    pickle.raw("\x89").global("collections", "OrderedDict").raw(")RtR");
  }
  return pickle.raw("u").stop();
}

class TorchArchiveTest : public testing::Test {
 protected:
  using Entries = std::vector<std::pair<std::string, std::string>>;

  [[nodiscard]] std::filesystem::path write_zip(const Entries& entries) const {
    const auto path = folder_.path() / "a.pth";
    std::filesystem::remove(path);
    zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
    for (const auto& [name, bytes] : entries) {
      zip_source_t* source = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
      const auto index = static_cast<zip_uint64_t>(zip_file_add(archive, name.c_str(), source, 0));
      zip_set_file_compression(archive, index, ZIP_CM_STORE, 0);
    }
    zip_close(archive);
    return path;
  }

  [[nodiscard]] std::filesystem::path write_views(const std::vector<View>& views) const {
    return write_zip({{"net/data.pkl", state_dict(views)}, {"net/data/0", floats(6)}});
  }

  /// The form before PyTorch 1.6.
  [[nodiscard]] static std::string sequence(const std::vector<View>& views, const std::string& storage) {
    std::string bytes = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
    bytes += PickleBuilder().number(1001).stop();
    bytes += PickleBuilder().raw("}(").text("little_endian").raw("\x88u").stop();
    bytes += state_dict(views, true);
    bytes += PickleBuilder().raw("](").text("0").raw("e").stop();
    const std::uint64_t count = storage.size() / sizeof(float);
    bytes.append(reinterpret_cast<const char*>(&count), sizeof(count));
    return bytes + storage;
  }

  [[nodiscard]] static std::vector<float> values(const std::filesystem::path& path, const std::string& name) {
    const TorchArchive archive(path, core::ExitCode::data);
    const TorchTensor* tensor = archive.find(name);
    if (tensor == nullptr) return {};
    const auto bytes = archive.read(*tensor);
    std::vector<float> numbers(bytes.size() / sizeof(float));
    if (!bytes.empty()) std::memcpy(numbers.data(), bytes.data(), bytes.size());
    return numbers;
  }

  static void read_all(const std::filesystem::path& path) {
    const TorchArchive archive(path, core::ExitCode::data);
    for (const TorchTensor& tensor : archive.tensors()) static_cast<void>(archive.read(tensor));
  }

  [[nodiscard]] static std::string refusal(const std::filesystem::path& path) {
    try {
      read_all(path);
    } catch (const core::Error& error) {
      EXPECT_EQ(error.code(), core::ExitCode::data);
      EXPECT_FALSE(error.hint().empty());
      return std::string(error.what()).substr(path.string().size() + 4);
    }
    return "no error";
  }

  [[nodiscard]] std::string refuse_view(const View& view) const {
    const std::string message = refusal(write_views({view}));
    return message.substr(0, message.find(" (byte"));
  }

  TemporaryFolder folder_;
};

TEST_F(TorchArchiveTest, ReadsViewsOfAStorage) {
  const auto path = write_views({{},
                                 {.name = "transposed", .shape = {3, 2}, .strides = {1, 3}},
                                 {.name = "tail", .offset = 4, .shape = {2}, .strides = {1}},
                                 {.name = "scalar", .offset = 5, .shape = {}, .strides = {}},
                                 {.name = "none", .shape = {0, 3}, .strides = {3, 1}}});
  EXPECT_EQ(values(path, "weight"), (std::vector<float>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(values(path, "transposed"), (std::vector<float>{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(values(path, "tail"), (std::vector<float>{4, 5}));
  EXPECT_EQ(values(path, "scalar"), std::vector<float>{5});
  EXPECT_TRUE(values(path, "none").empty());
  const TorchArchive archive(path, core::ExitCode::data);
  EXPECT_EQ(archive.tensors().size(), 5U);
  EXPECT_EQ(archive.find("weight")->shape, (Numbers{2, 3}));
  EXPECT_EQ(archive.find("nothing"), nullptr);
}

TEST_F(TorchArchiveTest, ReadsTensorsWithoutElements) {
  const std::string pickle = state_dict({{.storage_size = 0, .shape = {0, 3}}, {.name = "b", .key = "1"}});
  const auto path = write_zip({{"net/data.pkl", pickle}, {"net/data/0", ""}, {"net/data/1", floats(6)}});
  EXPECT_TRUE(values(path, "weight").empty());
  EXPECT_EQ(values(path, "b").size(), 6U);
  EXPECT_EQ(TorchArchive(path, core::ExitCode::data).find("weight")->shape, (Numbers{0, 3}));
}

TEST_F(TorchArchiveTest, ReadsTheFormBeforeZip) {
  const auto path =
      folder_.write("old.pth", sequence({{}, {.name = "t", .shape = {3, 2}, .strides = {1, 3}}}, floats(6)));
  EXPECT_EQ(values(path, "weight"), (std::vector<float>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(values(path, "t"), (std::vector<float>{0, 3, 1, 4, 2, 5}));
}

TEST_F(TorchArchiveTest, FindsANestedStateDict) {
  const std::string inner = state_dict({{}});
  // {"epoch": 3, "state_dict": …}: the inner pickle without its two bytes of protocol and its stop.
  const std::string outer = PickleBuilder()
                                .raw("}(")
                                .text("epoch")
                                .number(3)
                                .text("state_dict")
                                .raw(inner.substr(2, inner.size() - 3))
                                .raw("u")
                                .stop();
  const auto path = write_zip({{"net/data.pkl", outer}, {"net/data/0", floats(6)}});
  EXPECT_EQ(values(path, "weight"), (std::vector<float>{0, 1, 2, 3, 4, 5}));
}

/// @returns the state dict inside another pickle: without the two bytes of its protocol and its stop.
std::string inner(const std::vector<View>& views) {
  const std::string pickle = state_dict(views);
  return pickle.substr(2, pickle.size() - 3);
}

TEST_F(TorchArchiveTest, PassesOverWhatCheckpointsHaveBesideTheWeights) {
  // {"optimizer": {"state": {0: tensors}}, "args": Namespace(), "best": numpy's scalar, "run": {"ema": …}}
  PickleBuilder outer;
  outer.raw("}(").text("optimizer").raw("}(").text("state").raw("}(").number(0);
  outer.raw(inner({{.name = "exp_avg", .key = "7"}})).raw("uu");
  outer.text("args").global("argparse", "Namespace").raw(")\x81}(").text("lr").number(1).raw("ub");
  outer.text("best").global("numpy", "dtype").raw("(").text("f8").raw("\x89\x88tR");
  outer.text("run").raw("}(").text("ema").raw(inner({{}})).raw("uu");
  const auto path = write_zip({{"net/data.pkl", outer.stop()}, {"net/data/0", floats(6)}});
  EXPECT_EQ(values(path, "weight"), (std::vector<float>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(TorchArchive(path, core::ExitCode::data).tensors().size(), 1U);
}

TEST_F(TorchArchiveTest, PrefersTheUsualKey) {
  // {"best_accuracy": a tensor, "state_dict": …}
  const std::string best = inner({{.name = "best_accuracy", .shape = {}, .strides = {}}});
  PickleBuilder outer;
  outer.raw("}(").text("best").raw(best).text("state_dict").raw(inner({{}})).raw("u");
  const TorchArchive archive(write_zip({{"net/data.pkl", outer.stop()}, {"net/data/0", floats(6)}}),
                             core::ExitCode::data);
  ASSERT_EQ(archive.tensors().size(), 1U);
  EXPECT_EQ(archive.tensors()[0].name, "weight");
}

TEST_F(TorchArchiveTest, RefusesSeveralStateDicts) {
  PickleBuilder outer;
  outer.raw("}(").text("generator").raw(inner({{}})).text("critic").raw(inner({{}})).raw("u");
  EXPECT_EQ(refusal(write_zip({{"net/data.pkl", outer.stop()}, {"net/data/0", floats(6)}})),
            "the checkpoint holds several state dicts: 'generator', 'critic' (byte 2)");
}

TEST_F(TorchArchiveTest, PassesOverStoragesOfOthersInTheFormBeforeZip) {
  std::string bytes = sequence({{}}, "");
  const std::size_t dict = bytes.find(state_dict({{}}, true));
  PickleBuilder outer;
  const std::string legacy = state_dict({{}}, true),
                    optimizer = state_dict({{.name = "step", .key = "1"}}, true);
  outer.raw("}(").text("model").raw(legacy.substr(2, legacy.size() - 3));
  outer.text("optimizer").raw(optimizer.substr(2, optimizer.size() - 3)).raw("u");
  bytes = bytes.substr(0, dict) + outer.stop();
  bytes += PickleBuilder().raw("](").text("1").text("0").raw("e").stop();
  const std::uint64_t count = 6;
  for (int storage = 0; storage < 2; ++storage) {
    bytes.append(reinterpret_cast<const char*>(&count), sizeof(count));
    bytes += storage == 0 ? std::string(24, '\x7f') : floats(6);
  }
  EXPECT_EQ(values(folder_.write("old.pth", bytes), "weight"), (std::vector<float>{0, 1, 2, 3, 4, 5}));
}

TEST_F(TorchArchiveTest, LeavesOutNumbersAmongTheTensors) {
  std::string pickle = state_dict({{}});
  pickle =
      pickle.substr(0, pickle.size() - 2) + PickleBuilder().text("epoch").number(3).raw("u").stop().substr(2);
  const TorchArchive archive(write_zip({{"net/data.pkl", pickle}, {"net/data/0", floats(6)}}),
                             core::ExitCode::data);
  EXPECT_EQ(archive.tensors().size(), 1U);
  EXPECT_EQ(archive.left_out(), std::vector<std::string>{"epoch"});
}

TEST_F(TorchArchiveTest, SurvivesDictsThatHoldEachOtherManyTimes) {
  // 20 dicts, each of which holds the one before under 50 keys: 50^20 paths.
  PickleBuilder outer;
  outer.raw("}");
  for (int level = 0; level < 20; ++level) {
    outer.raw("q").raw(std::string(1, static_cast<char>(level)));
    outer.raw("}(");
    for (int key = 0; key < 50; ++key)
      outer.text("k" + std::to_string(key)).raw("h").raw(std::string(1, static_cast<char>(level)));
    outer.raw("u");
  }
  EXPECT_EQ(refusal(write_zip({{"net/data.pkl", outer.stop()}})).find("the checkpoint holds no weights"), 0U);
}

TEST_F(TorchArchiveTest, RefusesViewsOutsideTheirStorage) {
  const std::string outside = "'weight' reaches outside its storage";
  EXPECT_EQ(refuse_view({.offset = 1}), outside);
  EXPECT_EQ(refuse_view({.shape = {3, 3}}), outside);
  EXPECT_EQ(refuse_view({.strides = {4, 1}}), outside);
  EXPECT_EQ(refuse_view({.shape = {7}, .strides = {0}}), outside);  // More elements than the storage has.
  EXPECT_EQ(refuse_view({.shape = {2, 3}, .strides = {INT64_MAX, 1}}), outside);
  EXPECT_EQ(refuse_view({.shape = {INT64_MAX, INT64_MAX}}), outside);
  EXPECT_EQ(refuse_view({.offset = -1}), "'weight' has a shape that makes no sense");
  EXPECT_EQ(refuse_view({.strides = {1}}), "'weight' has a shape that makes no sense");
  EXPECT_EQ(refuse_view({.shape = {-2, 3}}), "a tensor has a size or stride that makes no sense");
}

TEST_F(TorchArchiveTest, RefusesStoragesThatAreNotAsDescribed) {
  const std::string wrong = "the storage of 'weight' is missing or of another size";
  EXPECT_EQ(refusal(write_views({{.storage_size = 7}})), wrong);
  EXPECT_EQ(refusal(write_views({{.storage_type = "DoubleStorage"}})), wrong);
  EXPECT_EQ(refusal(write_views({{.key = "1"}})), wrong);
  EXPECT_EQ(refusal(folder_.write("old.pth", sequence({{}}, floats(5)))), wrong);
  EXPECT_EQ(refusal(folder_.write("cut.pth", sequence({{}}, floats(6)).substr(0, 300))).find("the"), 0U);
}

TEST_F(TorchArchiveTest, RefusesAStateDictThatHoldsNothing) {
  const std::string empty = PickleBuilder().raw("}").stop();
  EXPECT_EQ(refusal(write_zip({{"net/data.pkl", empty}})).substr(0, 31), "the checkpoint holds no weights");
  EXPECT_EQ(refusal(write_views({})).substr(0, 31), "the checkpoint holds no weights");
}

TEST_F(TorchArchiveTest, RefusesAPickleTooLongForAStateDict) {
  std::string pickle = "\x80\x02";
  while (pickle.size() <= std::size_t{64} << 20) pickle += "N0";  // None, POP.
  EXPECT_EQ(refusal(write_zip({{"net/data.pkl", pickle}})),
            "its data.pkl has " + std::to_string(pickle.size()) + " bytes, which no state dict needs");
}

TEST_F(TorchArchiveTest, RefusesTensorsThatShareOneStorageEndlessly) {
  constexpr std::int64_t kElements = 4 << 20;
  const std::string storage(kElements * sizeof(float), '\0');
  const auto share = [&](int tensors) {
    std::vector<View> views;
    for (int i = 0; i < tensors; ++i) {
      views.push_back(
          {.name = std::to_string(i), .storage_size = kElements, .shape = {kElements}, .strides = {1}});
    }
    return write_zip({{"net/data.pkl", state_dict(views)}, {"net/data/0", storage}});
  };
  EXPECT_EQ(TorchArchive(share(8), core::ExitCode::data).tensors().size(), 8U);
  // 13 times 16 MiB are more than 8 times 16 MiB and 64 MiB.
  EXPECT_EQ(refusal(share(13)), "its 13 tensors share so few storages that they have 218103808 bytes");
}

TEST_F(TorchArchiveTest, RunsNothing) {
  const std::string evil =
      PickleBuilder().global("os", "system").raw("(").text("touch /tmp/x").raw("tR").stop();
  const auto path = write_zip({{"net/data.pkl", evil}});
  EXPECT_EQ(refusal(path).find("the pickle asks for 'os.system'"), 0U);
  const std::string tensor =
      PickleBuilder().raw("}(").text("a").global("collections", "OrderedDict").raw(")Ru").stop();
  EXPECT_EQ(refusal(write_zip({{"net/data.pkl", tensor}})).find("the checkpoint holds no weights"), 0U);
  const std::string nothing = PickleBuilder().raw("}").stop();
  EXPECT_EQ(refusal(write_zip({{"net/data.pkl", nothing}})).find("the checkpoint holds no weights"), 0U);
  const std::string list = PickleBuilder().raw("]").stop();
  EXPECT_EQ(refusal(write_zip({{"net/data.pkl", list}})).find("the checkpoint is not a state dict"), 0U);
}

TEST_F(TorchArchiveTest, RefusesOtherArchives) {
  EXPECT_EQ(refusal(write_zip({{"a.txt", "hello"}})), "the archive has no data.pkl");
  EXPECT_EQ(refusal(write_zip(
                {{"net/data.pkl", state_dict({{}})}, {"net/constants.pkl", ""}, {"net/data/0", floats(6)}})),
            "it is a TorchScript archive, not a state dict");
  EXPECT_EQ(refusal(write_zip(
                {{"net/data.pkl", state_dict({{}})}, {"net/byteorder", "big"}, {"net/data/0", floats(6)}})),
            "its numbers are not little-endian");
  EXPECT_EQ(refusal(folder_.write("x.pth", "hello")), "not a file that torch.save wrote");
  EXPECT_EQ(refusal(write_views({{}, {}})).find("'weight' is there twice"), 0U);
}

TEST_F(TorchArchiveTest, SurvivesDamage) {
  const std::string zipped =
      test::read_bytes(write_views({{}, {.name = "t", .shape = {3, 2}, .strides = {1, 3}}}));
  const std::string old = sequence({{}}, floats(6));
  for (const std::string& bytes : {zipped, old}) {
    const auto read = [this](std::string_view damaged) { read_all(folder_.write("damaged.pth", damaged)); };
    EXPECT_EQ(test::read_truncated(bytes, read).refused, 64);
    EXPECT_GT(test::read_flipped(bytes, 1500, 1, bytes.size(), read).refused, 500);
  }
}

}  // namespace
}  // namespace svhn::formats
