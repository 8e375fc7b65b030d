#include "formats/arff/arff.h"

#include <gtest/gtest.h>

#include "unit/hostile_bytes.h"

namespace svhn::formats {
namespace {

using test::TemporaryFolder;
using Rows = std::vector<std::vector<std::int32_t>>;

Rows read_rows(const std::filesystem::path& path) {
  ArffReader reader(path);
  std::vector<std::int32_t> row(reader.header().attributes.size());
  Rows rows;
  while (reader.next_row(row)) rows.push_back(row);
  return rows;
}

Rows read_text(std::string_view text) {
  const TemporaryFolder folder;
  return read_rows(folder.write("a.arff", text));
}

/// @returns "message | hint" with the file's path written as FILE.
std::string refusal(std::string_view text) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.write("a.arff", text);
  try {
    read_rows(path);
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::data);
    std::string message = error.what() + std::string(" | ") + error.hint();
    return message.replace(message.find(path.string()), path.string().size(), "FILE");
  }
  return "no error";
}

constexpr std::string_view kHeader =
    "@relation r\n@attribute a numeric\n@attribute b real\n@attribute c {x,y}\n@data\n";

std::string with_rows(std::string_view rows) {
  return std::string(kHeader) + std::string(rows);
}

TEST(ArffReader, ReadsRowsOfNumbersAndNominalValues) {
  EXPECT_EQ(read_text(with_rows("1,2,x\n3,-4,y\n")), (Rows{{1, 2, 0}, {3, -4, 1}}));
}

TEST(ArffReader, ReadsTheLastRowWithoutLineEnd) {
  EXPECT_EQ(read_text(with_rows("1,2,y")), (Rows{{1, 2, 1}}));
}

TEST(ArffReader, TakesKeywordsAndTypesInEitherCase) {
  EXPECT_EQ(read_text("@RELATION R\n@Attribute A INTEGER\n@ATTRIBUTE B Real\n@DaTa\n7,8\n"), (Rows{{7, 8}}));
}

TEST(ArffReader, PassesOverCommentsBlankLinesAndCarriageReturns) {
  EXPECT_EQ(read_text("% licence\r\n\r\n@relation r\r\n% more\r\n@attribute a "
                      "numeric\r\n@data\r\n%x\r\n\r\n5\r\n % y\r\n6\r\n"),
            (Rows{{5}, {6}}));
}

TEST(ArffReader, UnderstandsQuotedNamesAndValues) {
  const TemporaryFolder folder;
  const auto path = folder.write(
      "a.arff",
      "@relation 'my \\'data\\''\n@attribute \"a b\" numeric\n"
      "@attribute 'c' { 'one, two' , \"it\\\"s\",three}\n@data\n1,'one, two'\n2,\"it\\\"s\"\n3, three \n");
  ArffReader reader(path);
  EXPECT_EQ(reader.header().relation, "my 'data'");
  EXPECT_EQ(reader.header().attributes[0].name, "a b");
  EXPECT_EQ(reader.header().attributes[1].values, (std::vector<std::string>{"one, two", "it\"s", "three"}));
  EXPECT_EQ(read_rows(path), (Rows{{1, 0}, {2, 1}, {3, 2}}));
}

TEST(ArffReader, ReadsNumbersInEveryWholeForm) {
  EXPECT_EQ(read_text("@relation r\n@attribute a numeric\n@data\n+5\n-0\n12.0\n1.2e1\n 7 "
                      "\n2147483647\n-2147483648\n0000000012\n"),
            (Rows{{5}, {0}, {12}, {12}, {7}, {2147483647}, {-2147483648}, {12}}));
}

// As Weka's ArffLoader, whose tokenizer takes blanks and commas between values.
TEST(ArffReader, TakesTabsBetweenValuesToo) {
  const Rows expected{{1, 2, 0}, {3, -4, 1}};
  for (const std::string rows : {"1\t2\tx\n3\t-4\ty\n", "1,\t2,\tx\n3\t,-4\t,y\n",
                                 "1\t\t2 \t x\t\r\n\t3\t-4\t'y'\t% end\n", "1\t2,x\n3, -4\ty"}) {
    EXPECT_EQ(read_text(with_rows(rows)), expected) << rows;
  }
  EXPECT_EQ(refusal(with_rows("1\t2\n")),
            "'FILE' line 6: 2 values where the header declares 3 | the row was cut short or damaged; fetch "
            "the file again");
  EXPECT_EQ(refusal(with_rows("1\t2\tx\ty\n")),
            "'FILE' line 6: more than the 3 values that the header declares | the row was cut short or "
            "damaged; fetch "
            "the file again");
  EXPECT_EQ(read_text("@relation r\n@attribute a numeric\n@attribute b numeric\n@data\n7\t8\n"),
            (Rows{{7, 8}}));
}

TEST(ArffReader, CountsLines) {
  const TemporaryFolder folder;
  ArffReader reader(folder.write("a.arff", with_rows("% comment\n1,2,x\n\n3,4,x\n")));
  std::vector<std::int32_t> row(3);
  ASSERT_TRUE(reader.next_row(row));
  EXPECT_EQ(reader.line(), 7);  // Five lines of header and the comment stand before it.
  ASSERT_TRUE(reader.next_row(row));
  EXPECT_EQ(reader.line(), 9);
}

TEST(ArffReader, RefusesRowsByLine) {
  EXPECT_EQ(refusal(with_rows("1,2,x\n1,?,x\n")),
            "'FILE' line 7: a missing value (?) in column 2 ('b') | remove the row, or fetch the file again");
  EXPECT_EQ(refusal(with_rows("{0 1, 2 x}\n")),
            "'FILE' line 6: a sparse row | write every value of the row, or fetch the dense file");
  EXPECT_EQ(refusal(with_rows("1,2\n")),
            "'FILE' line 6: 2 values where the header declares 3 | the row was cut short or damaged; fetch "
            "the file again");
  EXPECT_EQ(refusal(with_rows("1,2,x,5\n")),
            "'FILE' line 6: more than the 3 values that the header declares | the row was cut short or "
            "damaged; fetch "
            "the file again");
  EXPECT_EQ(refusal(with_rows("1,2.5,x\n")),
            "'FILE' line 6: '2.5' in column 2 ('b') is no whole number | whole numbers are needed");
  EXPECT_EQ(
      refusal(with_rows("1,2,z\n")),
      "'FILE' line 6: 'z' in column 3 ('c') is no value of that attribute | the values are listed in the "
      "attribute's line");
}

TEST(ArffReader, RefusesNumbersThatAreNone) {
  for (const std::string number :
       {"", "nan", "inf", "1e40", "2147483648", "0x10", "1 2", "99999999999999999999", "-"}) {
    EXPECT_EQ(
        refusal(with_rows(number + ",2,x\n")),
        "'FILE' line 6: '" + number + "' in column 1 ('a') is no whole number | whole numbers are needed");
  }
}

TEST(ArffReader, RefusesHeadersByLine) {
  EXPECT_EQ(
      refusal("@relation r\n@attribute a string\n@data\n"),
      "'FILE' line 2: attribute 'a' has the type 'string' | only numeric, real, integer and nominal {a,b,…} "
      "columns are read");
  EXPECT_EQ(refusal("@relation r\n@attribute a {x,y\n@data\n"),
            "'FILE' line 2: attribute 'a' lacks its closing } | write {a,b,…}");
  EXPECT_EQ(refusal("@relation r\n@attribute a {}\n@data\n"),
            "'FILE' line 2: attribute 'a' has an empty or unclosed value | write {a,b,…}");
  EXPECT_EQ(refusal("@relation r\nhello\n"),
            "'FILE' line 2: expected @relation, @attribute or @data | the file is not ARFF or is damaged");
  EXPECT_EQ(refusal("@relation r\n@data\n1\n"),
            "'FILE' line 2: @data without any @attribute before it | declare the columns first");
  EXPECT_EQ(
      refusal("@relation r\n@attribute a numeric\n"),
      "'FILE' line 2: the file ends before @data | the file is not ARFF or was cut short; fetch it again");
  EXPECT_EQ(refusal("@relation r\n@attribute 'a numeric\n"),
            "'FILE' line 2: the attribute has no name or an open quote | write @attribute NAME");
}

TEST(ArffReader, BoundsTheNumberOfColumns) {
  std::string text = "@relation r\n";
  for (int i = 0; i <= 100'000; ++i) text += "@attribute a real\n";
  EXPECT_EQ(refusal(text + "@data\n"),
            "'FILE' line 100002: more than 100000 columns | this is no table of digits");
}

TEST(ArffReader, SurvivesDamage) {
  std::string sample = with_rows("");
  for (int i = 0; i < 40; ++i)
    sample += std::to_string(i * 7) + ", " + std::to_string(i) + (i % 2 == 0 ? ",x\n" : ",'y'\r\n");
  const TemporaryFolder folder;
  const auto read = [&folder](std::string_view bytes) { read_rows(folder.write("a.arff", bytes)); };
  EXPECT_GT(test::read_truncated(sample, read).refused, 20);
  EXPECT_GT(test::read_flipped(sample, 2000, 1, sample.size(), read).refused, 500);
}

}  // namespace
}  // namespace svhn::formats
