#include "data/photos.h"

#include <gtest/gtest.h>

#include "unit/hostile_bytes.h"

namespace svhn::data {
namespace {

using test::TemporaryFolder;
using Groups = std::vector<std::int64_t>;

const std::vector<InputRows> kInputs{{"b.mat", 3}, {"a.mat", 2}};

Groups photos(std::string_view text, const std::vector<InputRows>& inputs = kInputs) {
  const TemporaryFolder folder;
  return read_photos(folder.write("p.csv", text), inputs);
}

/// @returns "message | hint" with the table's path written as FILE.
std::string refusal(std::string_view text, const std::vector<InputRows>& inputs = kInputs) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.write("p.csv", text);
  try {
    read_photos(path, inputs);
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::data);
    std::string message = error.what() + std::string(" | ") + error.hint();
    const std::size_t place = message.find(path.string());
    return place == std::string::npos ? message : message.replace(place, path.string().size(), "FILE");
  }
  return "no error";
}

TEST(ReadPhotos, NumbersThePhotosOfAllInputsByFirstOccurrence) {
  EXPECT_EQ(photos("file,row,photo\na.mat,0,9\na.mat,1,7\nb.mat,0,9\nb.mat,2,9\nb.mat,1,5\n"),
            (Groups{0, 1, 0, 2, 3}));
}

TEST(ReadPhotos, FindsItsColumnsByNameAndPassesOverTheRest) {
  EXPECT_EQ(
      photos("left,photo,file,row\n1,4,b.mat,1\n1,4,b.mat,0\n1,-1,c.mat,-1\n1,4,b.mat,2\n", {{"b.mat", 3}}),
      (Groups{0, 0, 0}));
}

TEST(ReadPhotos, NamesFileLineAndWhatIsWrong) {
  const std::string head = "file,row,photo\n";
  EXPECT_EQ(refusal(head + "b.mat,3,1\n"),
            "'FILE' line 2: row is '3', not a whole number from 0 to 2 | correct that line");
  EXPECT_EQ(refusal(head + "b.mat,0,1\nb.mat,1,-1\n"),
            "'FILE' line 3: photo is '-1', not a whole number from 0 to "
            "9223372036854775807 | correct that line");
  EXPECT_EQ(refusal(head + "b.mat,0,1\nb.mat,0,1\n"),
            "'FILE' line 3: a second line of row 0 | remove one of them");
  EXPECT_EQ(refusal("file,line,photo\n"),
            "'FILE' line 1: no column named 'row' in 'file,line,photo' | the first "
            "line names the columns, separated by commas");
}

TEST(ReadPhotos, NeedEveryRow) {
  const std::string hint = " | the table needs the photo of each row of each input";
  EXPECT_EQ(refusal("file,row,photo\na.mat,0,1\na.mat,1,1\nb.mat,1,1\n"),
            "'FILE': no line tells the photo of row 0 and 1 more of 'b.mat'" + hint);
  EXPECT_EQ(refusal("file,row,photo\na.mat,0,1\na.mat,1,1\nb.mat,0,1\nb.mat,1,1\n"),
            "'FILE': no line tells the photo of row 2 of 'b.mat'" + hint);
  EXPECT_EQ(refusal("file,row,photo\nb.mat,0,1\nb.mat,1,1\nb.mat,2,1\n"),
            "'FILE': no line tells the photo of any row of 'a.mat'" + hint);
}

TEST(ReadPhotos, CannotTellInputsOfOneNameApart) {
  EXPECT_EQ(refusal("file,row,photo\n", {{"a", 1}, {"a", 1}}),
            "two inputs are called 'a', so no table tells their rows apart | rename one of them, also in the "
            "table");
}

TEST(CountDivided, CountsGroupsWithRowsInSeveralSplits) {
  const Groups groups{7, 7, 3, 3, 3, 5};
  EXPECT_EQ(count_groups(groups), 3);
  EXPECT_EQ(count_divided(groups, {{{0, 1}, {2, 4, 3}, {5}}}), 0);
  EXPECT_EQ(count_divided(groups, {{{0, 2}, {1, 3}, {4, 5}}}), 2);
}

}  // namespace
}  // namespace svhn::data
