#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <numeric>

#include "cli/commands/predict.h"
#include "cli/console.h"
#include "cli/engine/progress.h"
#include "cli/engine/setup.h"
#include "core/error.h"
#include "core/json.h"
#include "core/thread_pool.h"
#include "data/images/file_tree.h"
#include "data/images/picture.h"
#include "data/prepared.h"
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
  std::string error{};  ///< Empty when it could be read.
  std::string remark{};
  data::Ground ground = data::Ground::none;
  Probabilities probabilities{};
};

/// Adds the files of a folder and its subfolders, sorted by name, and says what is left out.
void add_folder(const fs::path& folder, std::vector<Answer>& answers) {
  const std::size_t before = answers.size();
  const data::FileTree tree = data::list_tree(folder);
  for (const std::string& file : tree.files) answers.push_back({(folder / file).string()});
  for (const auto& [inner, reason] : tree.unlisted) {
    answers.push_back({inner.empty() ? folder.string() : (folder / inner).string(), "the folder " + reason});
  }
  if (answers.size() == before) answers.push_back({folder.string(), "the folder holds no files"});
  const auto say = [&folder](const std::vector<std::string>& names, const char* what, const char* why) {
    if (names.empty()) return;
    spdlog::warn("'{}': left out {}{}", core::printable(folder.string(), kLongestName),
                 core::printable(data::count_text(names, what), kLongestName), why);
  };
  say(tree.hidden, "hidden file", "");
  say(tree.repeated, "folder", ", read already under another path");
}

std::vector<Answer> list_files(const std::vector<InputPath>& images) {
  std::vector<Answer> answers;
  for (const fs::path& image : images) {
    std::error_code error;
    if (fs::is_directory(image, error)) {
      add_folder(image, answers);
    } else {
      answers.push_back({image.string()});
    }
  }
  return answers;
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
        data::PictureResult result = reader.read(
            fs::path(answer.file), std::span(pixels).subspan(static_cast<std::size_t>(i) * bytes, bytes));
        answer.error = std::move(result.problem);
        answer.remark = std::move(result.remark);
        answer.ground = result.ground;
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

/// @returns what is to be said about a picture that was read; "" for most.
std::string note_text(const Answer& answer) {
  std::string text = answer.ground == data::Ground::none ? "" : data::ground_text(answer.ground);
  if (!answer.remark.empty()) text += (text.empty() ? "" : "; ") + answer.remark;
  return text;
}

ordered_json answer_json(const Answer& answer) {
  if (!answer.error.empty()) return {{"file", answer.file}, {"error", answer.error}};
  const int best = metric::top_class(answer.probabilities);
  ordered_json probabilities;
  for (int digit = 0; digit < metric::kClasses; ++digit) {
    probabilities[std::to_string(digit)] =
        answer.probabilities[metric::class_slot(data::class_of_digit(digit))];
  }
  ordered_json json{{"file", answer.file},
                    {"digit", metric::class_digit(best)},
                    {"probability", answer.probabilities[metric::class_slot(best)]},
                    {"probabilities", probabilities}};
  if (const std::string note = note_text(answer); !note.empty()) json["note"] = note;
  return json;
}

std::string pad(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

/// @returns a table with one line for each picture that could be read.
std::string table(const std::vector<Answer>& answers, int top_k) {
  std::size_t width = 4;
  for (const Answer& answer : answers) {
    if (answer.error.empty()) width = std::max(width, core::printable(answer.file, kLongestName).size());
  }
  std::string text = pad("file", width) + "  digit  probability" + (top_k > 1 ? "  then" : "") + "\n";
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
    text += line + "\n";
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
  const std::size_t unreadable = report_problems(answers);
  if (options.json) {
    ordered_json document = ordered_json::array();
    for (const Answer& answer : answers) document.push_back(answer_json(answer));
    print_json(document);
  } else if (unreadable < answers.size()) {
    print_text(table(answers, options.top_k));
  }
  return unreadable == 0 ? 0 : static_cast<int>(ExitCode::data);
}

}  // namespace svhn::cli
