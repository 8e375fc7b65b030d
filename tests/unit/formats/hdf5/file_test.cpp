#include "formats/hdf5/file.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <functional>

#include "core/file.h"
#include "unit/formats/hdf5/writer.h"
#include "unit/hostile_bytes.h"

namespace svhn::formats {
namespace {

using test::line;
using test::TemporaryFolder;
using test::text_type;
using Writer = test::Hdf5Writer;

template <class T>
std::vector<T> numbers(const Hdf5File& file, const std::string& path) {
  const Hdf5Dataset* dataset = file.find(path);
  if (dataset == nullptr) return {};
  const auto bytes = file.bytes(*dataset);
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

void read_all(const std::filesystem::path& path) {
  const Hdf5File file(path, core::ExitCode::data);
  for (const Hdf5Dataset& dataset : file.datasets()) static_cast<void>(file.bytes(dataset));
  static_cast<void>(file.texts("", "words"));
}

class Hdf5Test : public testing::Test {
 protected:
  /// @returns the error message for the file that `write` creates.
  [[nodiscard]] std::string refusal(const std::function<void(const Writer&)>& write) const {
    {
      const Writer writer(path());
      write(writer);
    }
    try {
      read_all(path());
    } catch (const core::Error& error) {
      EXPECT_EQ(error.code(), core::ExitCode::data);
      EXPECT_FALSE(error.hint().empty());
      return std::string(error.what()).substr(path().string().size() + 4);
    }
    return "no error";
  }

  [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "a.h5"; }

  TemporaryFolder folder_;
};

TEST_F(Hdf5Test, ReadsAFileInMemory) {
  {
    const Writer w(path());
    w.write(w.array("plain", H5T_IEEE_F32LE, {2}), H5T_NATIVE_FLOAT, std::vector<float>{1.5F, -2.0F});
    w.write(w.array("big_endian", H5T_IEEE_F32BE, {1}), H5T_NATIVE_FLOAT, std::vector<float>{8.0F});
  }
  std::vector<std::byte> bytes;
  {
    const core::MappedFile whole(path(), core::ExitCode::data);
    bytes.assign(whole.bytes().begin(), whole.bytes().end());
  }
  std::filesystem::remove(path());
  const Hdf5File file(bytes, "a.keras/b.h5", core::ExitCode::data);
  EXPECT_EQ(numbers<float>(file, "plain"), (std::vector<float>{1.5F, -2.0F}));
  EXPECT_EQ(numbers<float>(file, "big_endian"), std::vector<float>{8.0F});
  EXPECT_EQ(file.path(), "a.keras/b.h5");
  try {
    const Hdf5File none(std::vector<std::byte>(100), "a.keras/b.h5", core::ExitCode::model);
    FAIL();
  } catch (const core::Error& error) {
    EXPECT_STREQ(error.what(), "'a.keras/b.h5': not an HDF5 file");
  }
}

TEST_F(Hdf5Test, ReadsEveryNumberInEitherByteOrder) {
  {
    const Writer w(path());
    const std::vector<float> values{1.5F, -2.0F, 3.0F, 0.0F, 0.25F, 8.0F};
    w.group("g");
    for (const auto& [name, type] :
         {std::pair{"g/f32le", H5T_IEEE_F32LE}, std::pair{"g/f32be", H5T_IEEE_F32BE},
          std::pair{"f64be", H5T_IEEE_F64BE}, std::pair{"f64le", H5T_IEEE_F64LE}})
      w.write(w.array(name, type, {2, 3}), H5T_NATIVE_FLOAT, values);
    w.write(w.array("i64be", H5T_STD_I64BE, {2}), H5T_NATIVE_LLONG, std::vector<long long>{-5, 1LL << 40});
    w.write(w.array("u8", H5T_STD_U8LE, {2}), H5T_NATIVE_INT, std::vector<int>{7, 255});
    w.write(w.array("scalar", H5T_STD_I32BE, {}), H5T_NATIVE_INT, std::vector<int>{-9});
  }
  const Hdf5File file(path(), core::ExitCode::data);
  const std::vector<float> expected{1.5F, -2.0F, 3.0F, 0.0F, 0.25F, 8.0F};
  EXPECT_EQ(numbers<float>(file, "g/f32le"), expected);
  EXPECT_EQ(numbers<float>(file, "g/f32be"), expected);
  EXPECT_EQ(numbers<double>(file, "f64be"), std::vector<double>(expected.begin(), expected.end()));
  EXPECT_EQ(numbers<double>(file, "f64le"), std::vector<double>(expected.begin(), expected.end()));
  EXPECT_EQ(numbers<std::int64_t>(file, "i64be"), (std::vector<std::int64_t>{-5, std::int64_t{1} << 40}));
  EXPECT_EQ(numbers<std::uint8_t>(file, "u8"), (std::vector<std::uint8_t>{7, 255}));
  EXPECT_EQ(numbers<std::int32_t>(file, "scalar"), std::vector<std::int32_t>{-9});
  EXPECT_EQ(file.find("g/f32be")->shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(file.find("f64be")->dtype, DType::f64);
  EXPECT_TRUE(file.find("scalar")->shape.empty());
  EXPECT_TRUE(file.has_group("g"));
  EXPECT_FALSE(file.has_group("u8"));
  EXPECT_EQ(file.find("nothing"), nullptr);
}

TEST_F(Hdf5Test, ReadsHalves) {
  {
    const Writer w(path());
    const hid_t half = H5Tcopy(H5T_IEEE_F32LE);
    H5Tset_fields(half, 15, 10, 5, 0, 10);
    H5Tset_size(half, 2);
    H5Tset_ebias(half, 15);
    w.write(w.array("half", half, {2}), H5T_NATIVE_FLOAT, std::vector<float>{1.0F, -2.0F});
  }
  const Hdf5File file(path(), core::ExitCode::data);
  ASSERT_NE(file.find("half"), nullptr);
  EXPECT_EQ(file.find("half")->dtype, DType::f16);
  EXPECT_EQ(numbers<std::uint16_t>(file, "half"), (std::vector<std::uint16_t>{0x3c00, 0xc000}));
}

TEST_F(Hdf5Test, ReadsChunkedAndCompressedArrays) {
  std::vector<int> values(1000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int>(i * i);
  {
    const Writer w(path());
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    const std::array<hsize_t, 2> chunk{7, 30};
    H5Pset_chunk(creation, 2, chunk.data());
    H5Pset_shuffle(creation);
    H5Pset_deflate(creation, 6);
    H5Pset_fletcher32(creation);
    w.write(w.array("squares", H5T_STD_I32LE, {10, 100}, creation), H5T_NATIVE_INT, values);
  }
  EXPECT_EQ(numbers<int>(Hdf5File(path(), core::ExitCode::data), "squares"), values);
}

TEST_F(Hdf5Test, ReadsTextAttributesInEveryForm) {
  {
    const Writer w(path());
    std::array<char, 8> fixed{'a', 'b', 'c', '\0', 'd', 'e', 'f', 'g'};
    w.attribute("nul", text_type(4, H5T_STR_NULLPAD), line(2), fixed.data());
    w.attribute("space", text_type(4, H5T_STR_SPACEPAD), line(1), "hi  ");
    const std::array<const char*, 2> pointers{"first", "second longer"};
    w.attribute("variable", text_type(H5T_VARIABLE, H5T_STR_NULLTERM), line(2), pointers.data());
    w.attribute("one", text_type(H5T_VARIABLE, H5T_STR_NULLTERM), H5Screate(H5S_SCALAR), pointers.data());
    w.attribute("unwritten", text_type(H5T_VARIABLE, H5T_STR_NULLTERM), H5Screate(H5S_SCALAR), nullptr);
    w.attribute("empty", H5T_IEEE_F64LE, line(0), nullptr);  // As h5py writes an empty list.
    w.attribute("number", H5T_IEEE_F64LE, H5Screate(H5S_SCALAR), nullptr);
  }
  const Hdf5File file(path(), core::ExitCode::data);
  using Texts = std::vector<std::string>;
  EXPECT_EQ(file.texts("", "nul"), (Texts{"abc", "defg"}));
  EXPECT_EQ(file.texts("", "space"), Texts{"hi"});
  EXPECT_EQ(file.texts("", "variable"), (Texts{"first", "second longer"}));
  EXPECT_EQ(file.texts("", "one"), Texts{"first"});
  EXPECT_EQ(file.texts("", "unwritten"), Texts{""});
  EXPECT_EQ(file.texts("", "empty"), Texts{});
  EXPECT_EQ(file.texts("", "absent"), std::nullopt);
  EXPECT_EQ(file.texts("absent", "one"), std::nullopt);
  EXPECT_THROW(static_cast<void>(file.texts("", "number")), core::Error);
}

TEST_F(Hdf5Test, ReadsBehindAUserBlock) {
  {
    const Writer w(path(), 1024);
    w.write(w.array("a", H5T_STD_I32LE, {2}), H5T_NATIVE_INT, std::vector<int>{3, 4});
  }
  EXPECT_EQ(numbers<int>(Hdf5File(path(), core::ExitCode::data), "a"), (std::vector<int>{3, 4}));
}

TEST_F(Hdf5Test, LeavesOutWhatIsNoNumber) {
  {
    const Writer w(path());
    w.array("words", text_type(4, H5T_STR_NULLPAD), {2});
    w.array("numbers", H5T_STD_I32LE, {0});
  }
  const Hdf5File file(path(), core::ExitCode::data);
  ASSERT_EQ(file.datasets().size(), 1U);
  EXPECT_EQ(file.datasets()[0].path, "numbers");
  EXPECT_TRUE(file.bytes(file.datasets()[0]).empty());
}

TEST_F(Hdf5Test, FollowsNoLinks) {
  EXPECT_EQ(refusal([](const Writer& w) { H5Lcreate_soft("/x", w.file, "soft", H5P_DEFAULT, H5P_DEFAULT); }),
            "'soft' is a link to another place, which is not followed");
  EXPECT_EQ(refusal([](const Writer& w) {
              w.group("g");
              H5Lcreate_external("/etc/passwd", "/", w.file, "g/outside", H5P_DEFAULT, H5P_DEFAULT);
            }),
            "'g/outside' is a link to another place, which is not followed");
}

TEST_F(Hdf5Test, RefusesCyclesAndDepth) {
  EXPECT_EQ(refusal([](const Writer& w) {
              w.group("a");
              H5Lcreate_hard(w.file, "/a", w.file, "a/again", H5P_DEFAULT, H5P_DEFAULT);
            }),
            "the group 'a/again' is linked twice");
  EXPECT_EQ(refusal([](const Writer& w) {
              std::string path;
              for (int i = 0; i < 40; ++i) w.group(path += "/d");
            }),
            "its groups nest deeper than 32");
}

TEST_F(Hdf5Test, RefusesStorageElsewhere) {
  folder_.write("other.bin", "12345678");
  const std::string message = refusal([&](const Writer& w) {
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(creation, (folder_.path() / "other.bin").c_str(), 0, 8);
    w.array("a", H5T_STD_I32LE, {2}, creation);
  });
  EXPECT_EQ(message, "the array 'a' is stored in another file");
  const std::string virtual_message = refusal([&](const Writer& w) {
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE), space = line(2);
    H5Pset_virtual(creation, space, "other.h5", "b", space);
    w.array("a", H5T_STD_I32LE, {2}, creation);
  });
  EXPECT_EQ(virtual_message, "the array 'a' is not stored in the file itself");
}

TEST_F(Hdf5Test, RefusesOtherFiltersAndHugeChunks) {
  EXPECT_EQ(refusal([](const Writer& w) {
              const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
              const hsize_t chunk = 2;
              H5Pset_chunk(creation, 1, &chunk);
              H5Pset_scaleoffset(creation, H5Z_SO_INT, 0);
              w.write(w.array("a", H5T_STD_I32LE, {2}, creation), H5T_NATIVE_INT, std::vector<int>{1, 2});
            }),
            "the array 'a' uses a filter that is not read (deflate and shuffle are)");
  EXPECT_EQ(refusal([](const Writer& w) {
              const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
              const hsize_t chunk = hsize_t{1} << 28, size = 2, most = H5S_UNLIMITED;
              H5Pset_chunk(creation, 1, &chunk);
              H5Pset_deflate(creation, 1);
              H5Dcreate2(w.file, "a", H5T_STD_I32LE, H5Screate_simple(1, &size, &most), H5P_DEFAULT, creation,
                         H5P_DEFAULT);
            }),
            "the array 'a' is stored in chunks that are too large");
}

TEST_F(Hdf5Test, RefusesPromisesBeyondTheFile) {
  const auto promise = [this](bool chunked) {
    return refusal([&](const Writer& w) {
      const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
      const hsize_t chunk = 1024;
      if (chunked) H5Pset_chunk(creation, 1, &chunk);
      if (chunked) H5Pset_deflate(creation, 1);
      w.array("a", H5T_IEEE_F32LE, {hsize_t{1} << 40}, creation);
    });
  };
  EXPECT_EQ(promise(true), "the array 'a' promises 4398046511104 bytes, which the file does not hold");
  EXPECT_EQ(promise(false), "the array 'a' promises 4398046511104 bytes, which the file does not hold");
}

/// A typical file of weights, to be damaged.
std::string sound_file(const std::filesystem::path& path) {
  {
    const Writer w(path);
    w.group("g");
    w.group("g/h");
    w.write(w.array("g/h/a", H5T_IEEE_F32LE, {4, 4}), H5T_NATIVE_INT, std::vector<int>(16, 1));
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    const hsize_t chunk = 10;
    H5Pset_chunk(creation, 1, &chunk);
    H5Pset_deflate(creation, 6);
    w.write(w.array("b", H5T_IEEE_F64LE, {100}, creation), H5T_NATIVE_INT, std::vector<int>(100, 3));
    const std::array<const char*, 2> words{"first", "second"};
    w.attribute("words", text_type(H5T_VARIABLE, H5T_STR_NULLTERM), line(2), words.data());
  }
  return test::read_bytes(path);
}

TEST_F(Hdf5Test, RefusesTruncatedFiles) {
  const std::string bytes = sound_file(path());
  const auto outcome =
      test::read_truncated(bytes, [this](std::string_view cut) { read_all(folder_.write("cut.h5", cut)); });
  EXPECT_EQ(outcome.refused, 64);
}

TEST_F(Hdf5Test, SurvivesFlippedBits) {
  const std::string bytes = sound_file(path());
  const auto outcome = test::read_flipped(bytes, 200, 1, bytes.size(), [this](std::string_view damaged) {
    read_all(folder_.write("flipped.h5", damaged));
  });
  EXPECT_GT(outcome.refused, 5);
}

TEST_F(Hdf5Test, RefusesWhatIsNoHdf5) {
  for (const std::string& bytes : {std::string(), std::string(2000, 'x'), std::string("\x89HDF\r\n\x1a\n")}) {
    const auto file = folder_.write("no.h5", bytes);
    EXPECT_THROW(read_all(file), core::Error);
    EXPECT_FALSE(is_hdf5(std::as_bytes(std::span(bytes))));
  }
  EXPECT_THROW(read_all(folder_.path() / "missing.h5"), core::Error);
}

}  // namespace
}  // namespace svhn::formats
