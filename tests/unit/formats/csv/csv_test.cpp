#include "formats/csv/csv.h"

#include <gtest/gtest.h>

#include "unit/hostile_bytes.h"

namespace svhn::formats {
namespace {

using test::TemporaryFolder;
using Rows = std::vector<std::vector<std::string>>;

Rows read_rows(const std::filesystem::path& path) {
  CsvReader reader(path);
  Rows rows{{reader.columns().begin(), reader.columns().end()}};
  while (reader.next_row()) rows.emplace_back(reader.fields().begin(), reader.fields().end());
  return rows;
}

Rows read_text(std::string_view text) {
  const TemporaryFolder folder;
  return read_rows(folder.write("a.csv", text));
}

/// @returns "message | hint" with the file's path written as FILE.
std::string refusal(std::string_view text) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.write("a.csv", text);
  try {
    CsvReader reader(path);
    const std::size_t column = reader.column("n");
    while (reader.next_row()) static_cast<void>(reader.integer(column, -5, 99));
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::data);
    std::string message = error.what() + std::string(" | ") + error.hint();
    return message.replace(message.find(path.string()), path.string().size(), "FILE");
  }
  return "no error";
}

TEST(CsvReader, ReadsColumnsAndRows) {
  EXPECT_EQ(read_text("a,b\n1,2\n,\n"), (Rows{{"a", "b"}, {"1", "2"}, {"", ""}}));
}

TEST(CsvReader, ReadsTheLastRowWithoutLineEnd) {
  EXPECT_EQ(read_text("a,b\n1,2"), (Rows{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(read_text("a,b\n1,"), (Rows{{"a", "b"}, {"1", ""}}));
}

TEST(CsvReader, ReadsQuotedFields) {
  EXPECT_EQ(read_text("\"a\",b\n\"x,\"\"y\"\"\nz\",\"\"\n"), (Rows{{"a", "b"}, {"x,\"y\"\nz", ""}}));
}

TEST(CsvReader, PassesOverByteOrderMarkCarriageReturnsAndEmptyLines) {
  EXPECT_EQ(read_text("\xEF\xBB\xBF\r\na,b\r\n\r\n\n1,2\r\n\r\n"), (Rows{{"a", "b"}, {"1", "2"}}));
}

TEST(CsvReader, FindsColumnsByName) {
  const TemporaryFolder folder;
  const CsvReader reader(folder.write("a.csv", "x,row,y\n"));
  EXPECT_EQ(reader.column("row"), 1U);
  EXPECT_EQ(
      refusal("a,b\n"),
      "'FILE' line 1: no column named 'n' in 'a,b' | the first line names the columns, separated by commas");
  EXPECT_EQ(refusal("\nn,n\n"),
            "'FILE' line 2: two columns named 'n' in 'n,n' | the first line names the columns, separated by "
            "commas");
}

TEST(CsvReader, ReadsWholeNumbersInTheirRange) {
  EXPECT_EQ(refusal("n\n-5\n99\n"), "no error");
  for (const std::string text : {"-6", "100", "1.5", "", " 1", "0x1", "99999999999999999999", "+1"}) {
    EXPECT_EQ(refusal("n,m\n" + text + ",\n"),
              "'FILE' line 2: n is '" + text + "', not a whole number from -5 to 99 | correct that line");
  }
}

TEST(CsvReader, NamesTheLineAtFault) {
  EXPECT_EQ(refusal(""), "'FILE' line 1: the file is empty | its first line names the columns");
  EXPECT_EQ(refusal("n,m\n1,\"2\n2\"\n\n3\n"),
            "'FILE' line 5: 1 fields, but the first line names 2 | put a field "
            "with commas in quotes, and leave no field out");
  EXPECT_EQ(refusal("n\n1\n\"2\n3"),
            "'FILE' line 3: a quote is not closed | close it, and write a quote within a field twice");
  const std::string quotes =
      " | lines end with LF or CR LF; put the whole field in quotes, and write a quote within it twice";
  EXPECT_EQ(refusal("n\n1\"\n"), "'FILE' line 2: a quote within a field or text behind one" + quotes);
  EXPECT_EQ(refusal("n\n\"1\"2\n"), "'FILE' line 2: a quote within a field or text behind one" + quotes);
  EXPECT_EQ(refusal("n\r1\r"), "'FILE' line 1: a carriage return without a line feed" + quotes);
  EXPECT_EQ(refusal(std::string_view("n\n1\0\n", 5)),
            "'FILE' line 2: a NUL byte | the file is damaged or no text in UTF-8");
}

TEST(CsvReader, RefusesRowsThatAreTooLong) {
  const std::string long_text(70'000, 'x');
  const std::string expected = "'FILE' line 2: longer than 65536 bytes | this is no table of digits";
  EXPECT_EQ(refusal("n\n" + long_text), expected);
  EXPECT_EQ(refusal("n\n\"" + long_text + "\""), expected);
  EXPECT_EQ(refusal("n\n" + std::string(2000, ',')),
            "'FILE' line 2: more than 1000 columns | this is no table of digits");
}

TEST(CsvReader, RefusesTooManyRows) {
  std::string text = "n\n";
  for (int i = 0; i < 10'000'001; ++i) text += "1\n";
  EXPECT_EQ(refusal(text), "'FILE' line 10000002: more than 10000000 rows | this is no table of digits");
}

TEST(CsvReader, ReadsOrRefusesDamagedFiles) {
  const std::string sound = "file,n,m\n\"a,\"\"b\",1,2\nc,3,4\n\"d\ne\",5,6\n";
  const auto read = [](std::string_view text) { read_text(text); };
  const auto cut = test::read_truncated(sound, read);
  const auto flipped = test::read_flipped(sound, 500, 1, sound.size(), read);
  EXPECT_GT(cut.refused, 0);
  EXPECT_GT(cut.read, 0);
  EXPECT_GT(flipped.refused, 0);
  EXPECT_GT(flipped.read, 0);
}

}  // namespace
}  // namespace svhn::formats
