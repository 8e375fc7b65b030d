#include "formats/zip/zip_file.h"

#include <gtest/gtest.h>
#include <zip.h>

#include <functional>

#include "unit/hostile_bytes.h"

namespace svhn::formats {
namespace {

using test::TemporaryFolder;

struct Item {
  std::string name;
  std::string bytes;
  bool deflated = false;
};

std::filesystem::path write_zip(const TemporaryFolder& folder, const std::vector<Item>& items) {
  const auto path = folder.path() / "a.zip";
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
  for (const Item& item : items) {
    zip_source_t* source = zip_source_buffer(archive, item.bytes.data(), item.bytes.size(), 0);
    const zip_int64_t index = zip_file_add(archive, item.name.c_str(), source, 0);
    const auto place = static_cast<zip_uint64_t>(index);
    zip_set_file_compression(archive, place, item.deflated ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 9);
    zip_file_set_mtime(archive, place, 0, 0);
  }
  zip_close(archive);
  return path;
}

void read_all(const std::filesystem::path& path) {
  const ZipFile file(path, core::ExitCode::data);
  for (const ZipEntry& entry : file.entries()) static_cast<void>(file.read(entry));
}

std::string refusal(const std::filesystem::path& path) {
  try {
    read_all(path);
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::data);
    return std::string(error.what()).substr(path.string().size() + 4);
  }
  return "no error";
}

std::string text(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Little-endian numbers written over bytes of an archive.
void put(std::string& bytes, std::size_t at, std::uint64_t value, int width) {
  for (int i = 0; i < width; ++i)
    bytes[at + static_cast<std::size_t>(i)] = static_cast<char>(value >> 8 * i & 0xff);
}

TEST(ZipFile, ReadsStoredAndDeflatedEntries) {
  const TemporaryFolder folder;
  const std::string long_text(100'000, 'x');
  const ZipFile file(write_zip(folder, {{"a/data.pkl", "hello"}, {"a/big", long_text, true}, {"empty", ""}}),
                     core::ExitCode::data);
  ASSERT_EQ(file.entries().size(), 3U);
  ASSERT_NE(file.find("a/big"), nullptr);
  EXPECT_EQ(file.find("nothing"), nullptr);
  EXPECT_EQ(file.find("a/big")->bytes, long_text.size());
  EXPECT_EQ(text(file.read(*file.find("a/data.pkl"))), "hello");
  EXPECT_EQ(text(file.read(*file.find("a/big"))), long_text);
  EXPECT_TRUE(file.read(*file.find("empty")).empty());
}

TEST(ZipFile, RefusesBytesThatDoNotMatchTheirChecksum) {
  const TemporaryFolder folder;
  std::string bytes = test::read_bytes(write_zip(folder, {{"a", "hello world"}}));
  bytes[bytes.find("world")] = 'W';
  EXPECT_EQ(refusal(folder.write("b.zip", bytes)), "the entry 'a' does not match its checksum");
}

TEST(ZipFile, RefusesPromisesBeyondTheArchive) {
  const TemporaryFolder folder;
  std::string bytes = test::read_bytes(write_zip(folder, {{"a", std::string(10'000, 'x'), true}}));
  const std::size_t local = bytes.find("PK\3\4"), central = bytes.find("PK\1\2");
  put(bytes, local + 22, 0x7fffffff, 4);  // Unpacked sizes, APPNOTE 4.3.7 and 4.3.12.
  put(bytes, central + 24, 0x7fffffff, 4);
  EXPECT_EQ(refusal(folder.write("b.zip", bytes)),
            "the entry 'a' promises 2147483647 bytes, which the archive does not hold");
}

TEST(ZipFile, RefusesContentsManyTimesAsLongAsTheArchive) {
  const TemporaryFolder folder;
  // Each below the limit of 64 MiB that is free, both above it.
  const std::string zeros(std::size_t{40} << 20, '\0');
  EXPECT_EQ(refusal(write_zip(folder, {{"a", zeros, true}})), "no error");
  const std::string message = refusal(write_zip(folder, {{"a", zeros, true}, {"b", zeros, true}}));
  EXPECT_TRUE(message.ends_with(" bytes would become 83886080, more than 100 times as many")) << message;
  // The same contents of an archive that holds as many bytes as its contents take.
  EXPECT_EQ(refusal(write_zip(folder, {{"a", zeros}, {"b", zeros, true}})), "no error");
}

TEST(ZipFile, RefusesEntriesThatShareBytes) {
  const TemporaryFolder folder;
  // The bytes of 'a' are the whole record of 'b', and the directory names both.
  const std::string inner = test::read_bytes(write_zip(folder, {{"b", std::string(1000, 'p')}}));
  const std::size_t inner_central = inner.find("PK\1\2"), inner_end = inner.find("PK\5\6");
  const std::string local = inner.substr(0, inner_central);
  std::string twin = inner.substr(inner_central, inner_end - inner_central);
  std::string bytes = test::read_bytes(write_zip(folder, {{"a", local}}));
  const std::size_t end = bytes.find("PK\5\6"), directory = end - bytes.find("PK\1\2");
  put(twin, 42, bytes.find(local), 4);  // Where the record of 'b' starts, APPNOTE 4.3.12.
  bytes.insert(end, twin);
  put(bytes, end + twin.size() + 8, 2, 2);
  put(bytes, end + twin.size() + 10, 2, 2);
  put(bytes, end + twin.size() + 12, directory + twin.size(), 4);
  EXPECT_EQ(refusal(folder.write("b.zip", bytes)), "its entries overlap");
}

TEST(ZipFile, RefusesTruncatedArchives) {
  const TemporaryFolder folder;
  const std::string bytes = test::read_bytes(
      write_zip(folder, {{"a", std::string(500, 'a')}, {"b", std::string(5000, 'b'), true}}));
  const auto outcome =
      test::read_truncated(bytes, [&](std::string_view cut) { read_all(folder.write("cut.zip", cut)); });
  EXPECT_EQ(outcome.refused, 64);
}

TEST(ZipFile, SurvivesFlippedBits) {
  const TemporaryFolder folder;
  const std::string bytes =
      test::read_bytes(write_zip(folder, {{"a", std::string(50, 'a')}, {"b", std::string(5000, 'b'), true}}));
  const auto outcome = test::read_flipped(bytes, 2000, 1, bytes.size(), [&](std::string_view damaged) {
    read_all(folder.write("flipped.zip", damaged));
  });
  EXPECT_GT(outcome.refused, 1000);
}

}  // namespace
}  // namespace svhn::formats
