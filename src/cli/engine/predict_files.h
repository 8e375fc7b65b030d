#pragma once
/// The files of `svhn predict`: folders become the files in them, and what only lies beside pictures is left
/// out.

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "data/images/picture.h"
#include "metric/scores.h"

namespace svhn::cli {

inline constexpr std::size_t kLongestName = 4096;

/// The prediction for one file, or the reason why there is none.
struct Answer {
  std::string file;
  std::string folder{};  ///< In whose list it stood; empty for a file that was named.
  std::string error{};   ///< Empty when it could be read.
  data::PictureResult picture{};
  metric::Probabilities probabilities{};
  bool viewed = false;          ///< In further views.
  nlohmann::ordered_json id{};  ///< Given back; null where none was given.
};

/// Adds a file, or the files of a folder and its subfolders, sorted by name, and says what is left out.
void add_files(const std::filesystem::path& path, std::vector<Answer>& answers);

/// The files in folders that only lie beside pictures.
class LeftOut {
 public:
  /// @returns whether the file of an answer lies beside pictures; it is remembered then.
  bool take(const Answer& answer);
  /// Says what was left out, one line a folder. @returns an answer for each folder without any picture.
  std::vector<Answer> finish();

 private:
  std::map<std::string, std::vector<std::string>> others_;  // By folder.
  std::set<std::string> kept_;
};

}  // namespace svhn::cli
