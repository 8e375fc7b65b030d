#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "cli/commands/predict.h"
#include "cli/console.h"
#include "cli/engine/ensemble.h"
#include "cli/engine/predict_answers.h"
#include "cli/engine/predict_stream.h"
#include "cli/engine/progress.h"
#include "cli/engine/rejection.h"
#include "cli/engine/setup.h"
#include "core/error.h"
#include "core/json.h"
#include "core/words.h"

namespace svhn::cli {
namespace {

using core::ExitCode;
using nlohmann::ordered_json;

std::string pad(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

std::string remark_on(const Answer& answer, const PredictCommandOptions& options) {
  if (options.reject) return is_rejected(answer, options) ? "  rejected" : "";
  return best_probability(answer) < kDoubtedBelow ? "  no digit?" : "";
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
      const bool untold = k == 0 && is_rejected(answer, options);
      const std::string digit = untold ? "-" : std::to_string(metric::class_digit(index));
      const std::string share = fmt::format("{:.4f}", answer.probabilities[metric::class_slot(index)]);
      line +=
          k == 0 ? pad(digit, 5) + "  " + pad(share, top_k > 1 ? 11 : 0) : "  " + digit + " (" + share + ")";
    }
    text += line + remark_on(answer, options) + "\n";
  }
  return text;
}

/// @returns how many pictures got further views; "" unless that depends on the pictures.
std::string views_text(const std::vector<Answer>& answers, const PredictCommandOptions& options) {
  if (!options.views.below) return "";
  const auto viewed = std::count_if(answers.begin(), answers.end(), [](const auto& a) { return a.viewed; });
  return fmt::format("{} views of {} of {}, those below {}\n", options.views.count, viewed,
                     core::counted(static_cast<std::int64_t>(answers.size()), "picture"),
                     *options.views.below);
}

/// Prints each answer as a line of JSON as soon as it is there. @returns the number of pictures without one.
std::size_t print_lines(const PredictCommandOptions& options, Answerer& answerer) {
  std::size_t unreadable = 0;
  answer_images(options.images, answerer, [&](const std::vector<Answer>& answers, std::size_t, std::size_t) {
    std::string text;
    for (const Answer& answer : answers) text += core::json_line(answer_json(answer, options));
    print_text(text);
    unreadable += report_problems(answers);
  });
  return unreadable;
}

/// Prints all answers together. @returns the number of pictures without one.
std::size_t print_together(const PredictCommandOptions& options, Answerer& answerer,
                           const GlobalOptions& global) {
  std::vector<Answer> answers;
  with_progress(global, "pictures", [&](StageProgress& progress) {
    answer_images(options.images, answerer,
                  [&](std::vector<Answer> chunk, std::size_t done, std::size_t total) {
                    std::move(chunk.begin(), chunk.end(), std::back_inserter(answers));
                    progress.show(static_cast<std::int64_t>(done), static_cast<std::int64_t>(total));
                  });
  });
  const std::size_t unreadable = report_problems(answers);
  if (options.json) {
    ordered_json document = ordered_json::array();
    for (const Answer& answer : answers) document.push_back(answer_json(answer, options));
    print_json(document);
  } else if (unreadable < answers.size()) {
    print_text(table(answers, options) + views_text(answers, options));
  }
  return unreadable;
}

}  // namespace

int run_command(const PredictCommandOptions& options, const GlobalOptions& global) {
  check_rejection(options.reject);
  const Hardware hardware = set_up_hardware(global);
  Answerer answerer(ModelFiles(options.models).load(options.views, global, hardware), hardware.threads);
  const std::size_t unreadable =
      options.jsonl ? print_lines(options, answerer) : print_together(options, answerer, global);
  return unreadable == 0 ? 0 : static_cast<int>(ExitCode::data);
}

}  // namespace svhn::cli
