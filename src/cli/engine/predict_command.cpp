#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/commands/predict.h"
#include "cli/console.h"
#include "cli/engine/predict_answers.h"
#include "cli/engine/predict_files.h"
#include "cli/engine/predict_stream.h"
#include "cli/engine/progress.h"
#include "cli/engine/setup.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "data/sources/image_header.h"
#include "inference/predictor.h"
#include "model/model_file.h"

namespace svhn::cli {
namespace {

namespace fs = std::filesystem;
using core::ExitCode;
using nlohmann::ordered_json;

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
    if (!line.empty()) add_files(std::string(line), answers);
    at = end + 1;
  }
}

std::vector<Answer> list_files(const std::vector<InputPath>& images) {
  std::vector<Answer> answers;
  for (const fs::path& image : images) {
    image == "/dev/stdin" ? add_standard_input(image, answers) : add_files(image, answers);
  }
  return answers;
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

void answer_all(std::vector<Answer>& answers, Answerer& answerer, const GlobalOptions& global) {
  StageProgress progress(global, "pictures");
  for (std::size_t first = 0; first < answers.size(); first += answerer.most()) {
    const std::size_t count = std::min(answerer.most(), answers.size() - first);
    answerer.answer(std::span(answers).subspan(first, count));
    progress.show(static_cast<std::int64_t>(first + count), static_cast<std::int64_t>(answers.size()));
    stop_if_asked("stopped after " + std::to_string(first + count) + " of " + std::to_string(answers.size()) +
                  " pictures");
  }
}

/// Prints all answers together. @returns the number of files that could not be read.
std::size_t answer_together(const PredictCommandOptions& options, Answerer& answerer,
                            const GlobalOptions& global) {
  std::vector<Answer> answers = list_files(options.images);
  answer_all(answers, answerer, global);
  LeftOut left_out;
  std::erase_if(answers, [&](const Answer& answer) { return left_out.take(answer); });
  for (Answer& empty : left_out.finish()) answers.push_back(std::move(empty));
  const std::size_t unreadable = report_problems(answers);
  if (options.json) {
    ordered_json document = ordered_json::array();
    for (const Answer& answer : answers) document.push_back(answer_json(answer, options));
    print_json(document);
  } else if (unreadable < answers.size()) {
    print_text(table(answers, options));
  }
  return unreadable;
}

}  // namespace

int run_command(const PredictCommandOptions& options, const GlobalOptions& global) {
  const Hardware hardware = set_up_hardware(global);
  Answerer answerer(make_predictor(options, global, hardware), hardware.threads);
  const std::size_t unreadable =
      options.jsonl ? stream_answers(options, answerer) : answer_together(options, answerer, global);
  return unreadable == 0 ? 0 : static_cast<int>(ExitCode::data);
}

}  // namespace svhn::cli
