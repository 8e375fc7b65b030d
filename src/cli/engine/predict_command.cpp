#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "cli/commands/predict.h"
#include "cli/console.h"
#include "cli/engine/progress.h"
#include "cli/engine/setup.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/thread_pool.h"
#include "data/images/file_tree.h"
#include "data/images/picture.h"
#include "data/prepared.h"
#include "data/sources/image_header.h"
#include "inference/predictor.h"
#include "metric/scores.h"
#include "model/model_file.h"

namespace svhn::cli {
namespace {

namespace fs = std::filesystem;
using core::ExitCode;
using metric::Probabilities;
using nlohmann::ordered_json;

constexpr std::size_t kMostPictures = 512, kMostBytes = std::size_t{64} << 20;  // In memory at a time.
constexpr std::size_t kLongestName = 4096;

/// The prediction for one file, or the reason why there is none.
struct Answer {
  std::string file;
  std::string folder{};  ///< In whose list it stood; empty for a file that was named.
  std::string error{};   ///< Empty when it could be read.
  data::PictureResult picture{};
  Probabilities probabilities{};
};

/// @returns whether a file's name says that it is a picture.
bool is_named_as_picture(const fs::path& file) {
  constexpr std::array<std::string_view, 22> kEndings{
      ".png", ".jpg", ".jpeg", ".jpe", ".bmp", ".dib", ".webp", ".tif", ".tiff", ".pbm",  ".pgm",
      ".ppm", ".pnm", ".pam",  ".gif", ".jp2", ".exr", ".hdr",  ".sr",  ".ras",  ".avif", ".heic"};
  std::string ending = file.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return std::find(kEndings.begin(), kEndings.end(), ending) != kEndings.end();
}

/// @returns whether a file only happens to lie beside pictures.
bool is_beside(const Answer& answer) {
  return answer.picture.foreign && !answer.folder.empty() && !is_named_as_picture(answer.file);
}

void say_left_out(const std::string& folder, const std::vector<std::string>& names, const char* what,
                  const char* why) {
  if (names.empty()) return;
  spdlog::warn("'{}': left out {}{}", core::printable(folder, kLongestName),
               core::printable(data::count_text(names, what), kLongestName), why);
}

/// Adds the files of a folder and its subfolders, sorted by name, and says what is left out.
void add_folder(const fs::path& folder, std::vector<Answer>& answers) {
  const std::size_t before = answers.size();
  const std::string name = folder.string();
  const data::FileTree tree = data::list_tree(folder);
  for (const std::string& file : tree.files) answers.push_back({(folder / file).string(), name});
  for (const auto& [inner, reason] : tree.unlisted) {
    answers.push_back({inner.empty() ? name : (folder / inner).string(), name, "the folder " + reason});
  }
  if (answers.size() == before) answers.push_back({name, name, "the folder holds no files"});
  say_left_out(name, tree.hidden, "hidden file", "");
  say_left_out(name, tree.repeated, "folder", ", read already under another path");
}

void add_path(const fs::path& path, std::vector<Answer>& answers) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    add_folder(path, answers);
  } else {
    answers.push_back({path.string()});
  }
}

/// Adds the files that the standard input names, one a line or, as from `find -print0`, one before each NUL;
/// or the standard input itself, if it is a picture.
void add_standard_input(const fs::path& path, std::vector<Answer>& answers) {
  const core::MappedFile input(path, ExitCode::data);
  if (data::read_image_header(input.bytes())) {
    answers.push_back({path.string()});
    return;
  }
  const std::string_view text(reinterpret_cast<const char*>(input.bytes().data()), input.bytes().size());
  const char separator = text.find('\0') == std::string_view::npos ? '\n' : '\0';
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(separator, at), text.size());
    std::string_view line = text.substr(at, end - at);
    if (separator == '\n' && line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) add_path(std::string(line), answers);
    at = end + 1;
  }
}

std::vector<Answer> list_files(const std::vector<InputPath>& images) {
  std::vector<Answer> answers;
  for (const fs::path& image : images) {
    image == "/dev/stdin" ? add_standard_input(image, answers) : add_path(image, answers);
  }
  return answers;
}

/// Removes the files that only lie beside pictures, and says so, one line a folder.
void leave_out_others(std::vector<Answer>& answers) {
  std::map<std::string, std::vector<std::string>> others, kept;
  for (const Answer& answer : answers)
    (is_beside(answer) ? others : kept)[answer.folder].push_back(answer.file);
  std::erase_if(answers, is_beside);
  for (auto& [folder, files] : others) {
    for (std::string& file : files) file = fs::path(file).lexically_relative(folder).string();
    say_left_out(folder, files, "file",
                 files.size() == 1 ? ", which is no picture" : ", which are no pictures");
    if (!kept.contains(folder)) answers.push_back({folder, folder, "the folder holds no pictures"});
  }
}

/// Decodes the pictures on all threads, then predicts those that could be read.
void answer_chunk(std::span<Answer> chunk, const data::PictureReader& reader, inference::Predictor& predictor,
                  int threads) {
  const std::size_t bytes = reader.sides().bytes();
  std::vector<std::uint8_t> pixels(chunk.size() * bytes);
  core::parallel_for(
      static_cast<std::int64_t>(chunk.size()), static_cast<unsigned>(threads), [&](std::int64_t i) {
        Answer& answer = chunk[static_cast<std::size_t>(i)];
        if (!answer.error.empty()) return;
        answer.picture = reader.read(fs::path(answer.file),
                                     std::span(pixels).subspan(static_cast<std::size_t>(i) * bytes, bytes));
        answer.error = answer.picture.problem;
      });
  std::vector<Answer*> readable;
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    if (!chunk[i].error.empty()) continue;
    const auto source = pixels.begin() + static_cast<std::ptrdiff_t>(i * bytes);
    const auto target = pixels.begin() + static_cast<std::ptrdiff_t>(readable.size() * bytes);
    if (source != target) std::copy_n(source, bytes, target);
    readable.push_back(&chunk[i]);
  }
  const auto results = predictor.predict(std::span(pixels).first(readable.size() * bytes));
  for (std::size_t i = 0; i < readable.size(); ++i) readable[i]->probabilities = results[i];
}

/// @returns class indices, the most probable first.
std::array<int, metric::kClasses> ranking(const Probabilities& probabilities) {
  std::array<int, metric::kClasses> order{};
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, std::ranges::greater{},
                           [&](int index) { return probabilities[metric::class_slot(index)]; });
  return order;
}

/// @returns what is to be said about a picture's shape, since it is made square; "" for most.
std::string shape_text(double aspect_ratio) {
  constexpr double kStrip = 2.0, kTall = 3.0;
  if (aspect_ratio >= kStrip)
    return fmt::format("{:.1f} times as wide as high: a strip of several digits?", aspect_ratio);
  if (aspect_ratio <= 1.0 / kTall)
    return fmt::format("{:.1f} times as high as wide, and squeezed into a square", 1.0 / aspect_ratio);
  return "";
}

/// @returns what is to be said about a picture that was read; "" for most.
std::string note_text(const Answer& answer) {
  const data::PictureResult& picture = answer.picture;
  std::string text;
  for (const std::string& part :
       {picture.ground == data::Ground::none ? "" : data::ground_text(picture.ground), picture.remark,
        shape_text(picture.aspect_ratio)}) {
    if (!part.empty()) text += (text.empty() ? "" : "; ") + part;
  }
  return text;
}

double best_probability(const Answer& answer) {
  return answer.probabilities[metric::class_slot(metric::top_class(answer.probabilities))];
}

ordered_json ranked_json(const Answer& answer, int top_k) {
  ordered_json list = ordered_json::array();
  const auto order = ranking(answer.probabilities);
  for (int k = 0; k < top_k; ++k) {
    const int index = order[static_cast<std::size_t>(k)];
    list.push_back({{"digit", metric::class_digit(index)},
                    {"probability", answer.probabilities[metric::class_slot(index)]}});
  }
  return list;
}

ordered_json answer_json(const Answer& answer, const PredictCommandOptions& options) {
  if (!answer.error.empty()) return {{"file", answer.file}, {"error", answer.error}};
  ordered_json probabilities;
  for (int digit = 0; digit < metric::kClasses; ++digit) {
    probabilities[std::to_string(digit)] =
        answer.probabilities[metric::class_slot(data::class_of_digit(digit))];
  }
  ordered_json json{{"file", answer.file},
                    {"digit", metric::class_digit(metric::top_class(answer.probabilities))},
                    {"probability", best_probability(answer)},
                    {"probabilities", probabilities},
                    {"top_k", ranked_json(answer, options.top_k)}};
  if (best_probability(answer) < options.reject) json["rejected"] = true;
  if (const std::string note = note_text(answer); !note.empty()) json["note"] = note;
  return json;
}

std::string pad(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

/// @returns a table with one line for each picture that could be read.
std::string table(const std::vector<Answer>& answers, const PredictCommandOptions& options) {
  const int top_k = options.top_k;
  std::size_t width = 4;
  for (const Answer& answer : answers) {
    if (answer.error.empty()) width = std::max(width, core::printable(answer.file, kLongestName).size());
  }
  std::string text = pad("file", width) + "  digit  probability" + (top_k > 1 ? "  runners-up" : "") + "\n";
  for (const Answer& answer : answers) {
    if (!answer.error.empty()) continue;
    const auto order = ranking(answer.probabilities);
    std::string line = pad(core::printable(answer.file, kLongestName), width) + "  ";
    for (int k = 0; k < top_k; ++k) {
      const int index = order[static_cast<std::size_t>(k)];
      const std::string digit = std::to_string(metric::class_digit(index));
      const std::string share = fmt::format("{:.4f}", answer.probabilities[metric::class_slot(index)]);
      line +=
          k == 0 ? pad(digit, 5) + "  " + pad(share, top_k > 1 ? 11 : 0) : "  " + digit + " (" + share + ")";
    }
    text += line + (best_probability(answer) < options.reject ? "  no digit?" : "") + "\n";
  }
  return text;
}

inference::Predictor make_predictor(const PredictCommandOptions& options, const GlobalOptions& global,
                                    const Hardware& hardware) {
  const model::ModelFile file(options.model);
  const data::Preprocessing preprocessing = inference::preprocessing_of(file);
  inference::PredictorOptions how;
  how.shifts = options.tta;
  if (global.precision == "bfloat16") how.precision = kernels::Precision::bfloat16;
  return {inference::load_for_inference(file, hardware.device), preprocessing, how};
}

/// Says on stderr what is to be said about pictures, and which could not be read. @returns the number of
/// these.
std::size_t report_problems(const std::vector<Answer>& answers) {
  std::size_t count = 0;
  for (const Answer& answer : answers) {
    if (const std::string note = note_text(answer); answer.error.empty() && !note.empty()) {
      spdlog::warn("'{}': {}", core::printable(answer.file, kLongestName), note);
    }
    if (answer.error.empty()) continue;
    ++count;
    // A message of the system names the file already.
    const bool named = answer.error.find("'" + answer.file + "'") != std::string::npos;
    report_failure(named ? answer.error
                         : "'" + core::printable(answer.file, kLongestName) + "': " + answer.error);
  }
  return count;
}

}  // namespace

int run_command(const PredictCommandOptions& options, const GlobalOptions& global) {
  const Hardware hardware = set_up_hardware(global);
  inference::Predictor predictor = make_predictor(options, global, hardware);
  std::vector<Answer> answers = list_files(options.images);
  const std::size_t most = std::clamp<std::size_t>(kMostBytes / predictor.sides().bytes(), 1, kMostPictures);
  {
    const data::PictureReader reader(predictor.sides());
    StageProgress progress(global, "pictures");
    for (std::size_t first = 0; first < answers.size(); first += most) {
      const std::size_t count = std::min(most, answers.size() - first);
      answer_chunk(std::span(answers).subspan(first, count), reader, predictor, hardware.threads);
      progress.show(static_cast<std::int64_t>(first + count), static_cast<std::int64_t>(answers.size()));
      stop_if_asked("stopped after " + std::to_string(first + count) + " of " +
                    std::to_string(answers.size()) + " pictures");
    }
  }
  leave_out_others(answers);
  const std::size_t unreadable = report_problems(answers);
  if (options.json) {
    ordered_json document = ordered_json::array();
    for (const Answer& answer : answers) document.push_back(answer_json(answer, options));
    print_json(document);
  } else if (unreadable < answers.size()) {
    print_text(table(answers, options));
  }
  return unreadable == 0 ? 0 : static_cast<int>(ExitCode::data);
}

}  // namespace svhn::cli
