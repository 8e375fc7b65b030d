#include "cli/engine/predict_stream.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "cli/console.h"
#include "cli/engine/line_reader.h"
#include "cli/engine/progress.h"
#include "core/error.h"
#include "core/json.h"
#include "core/json_view.h"
#include "core/words.h"

namespace svhn::cli {
namespace {

constexpr const char* kStandardInput = "/dev/stdin";

/// @returns whether a first line is the beginning of a picture: of a binary format, or of a portable map.
bool begins_picture(std::string_view line) {
  const auto binary = [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r'; };
  if (line.starts_with("\x89PNG") || line.starts_with("\xFF\xD8") || line.starts_with("#?RADIANCE"))
    return true;
  if (std::any_of(line.begin(), line.end(), binary)) return true;
  // The length that follows these may hold a line end.
  if (line.starts_with("BM") || line.starts_with("RIFF")) return line.size() < 8;
  return line.size() >= 2 && line[0] == 'P' &&
         std::string_view("1234567Ff").find(line[1]) != std::string_view::npos &&
         line.substr(2).find_first_not_of("0123456789 \t\r") == std::string_view::npos;
}

/// Answers in the order of the files and prints each chunk.
class AnswerStream {
 public:
  AnswerStream(const PredictCommandOptions& options, Answerer& answerer)
      : options_(options), answerer_(answerer) {}

  void answer(std::vector<Answer> answers);
  void answer_standard_input();
  [[nodiscard]] std::size_t unanswered() const { return unanswered_; }

 private:
  void print(const std::vector<Answer>& answers);
  void answer_lines(const std::vector<std::string>& lines);
  void add_line(const std::string& line, std::vector<Answer>& answers) const;
  void stop_between() const;

  const PredictCommandOptions& options_;
  Answerer& answerer_;
  LeftOut left_out_;
  std::int64_t line_ = 0;
  std::int64_t printed_ = 0;
  std::size_t unanswered_ = 0;
};

void AnswerStream::stop_between() const {
  stop_if_asked("stopped after " + core::counted(printed_, "answer"));
}

void AnswerStream::print(const std::vector<Answer>& answers) {
  std::string text;
  for (const Answer& answer : answers) text += core::json_line(answer_json(answer, options_));
  print_text(text);
  printed_ += static_cast<std::int64_t>(answers.size());
  unanswered_ += report_problems(answers);
}

void AnswerStream::answer(std::vector<Answer> answers) {
  for (std::size_t first = 0; first < answers.size(); first += answerer_.most()) {
    const auto begin = answers.begin() + static_cast<std::ptrdiff_t>(first);
    const auto count = std::min(answerer_.most(), answers.size() - first);
    std::vector<Answer> chunk(std::make_move_iterator(begin),
                              std::make_move_iterator(begin + static_cast<std::ptrdiff_t>(count)));
    answerer_.answer(chunk);
    std::erase_if(chunk, [this](const Answer& answer) { return left_out_.take(answer); });
    print(chunk);
    stop_between();
  }
  print(left_out_.finish());
}

/// Adds the files that a line names, or an answer that says what is wrong with the line.
void AnswerStream::add_line(const std::string& line, std::vector<Answer>& answers) const {
  if (!line.starts_with('{')) {
    add_files(line, answers);
    return;
  }
  const std::string place = "input line " + std::to_string(line_);
  try {
    const auto document = core::parse_json_strict(line, place, core::ExitCode::data);
    const core::JsonView view(document, place);
    const std::size_t before = answers.size();
    add_files(view.at("file").text(), answers);
    const auto id = view.find("id");
    for (std::size_t i = before; id && i < answers.size(); ++i) answers[i].id = id->value();
  } catch (const core::Error& error) {
    answers.push_back({kStandardInput, "", error.what()});
  }
}

void AnswerStream::answer_lines(const std::vector<std::string>& lines) {
  std::vector<Answer> answers;
  for (const std::string& line : lines) {
    ++line_;
    if (!line.empty()) add_line(line, answers);
  }
  answer(std::move(answers));
}

void AnswerStream::answer_standard_input() {
  LineReader reader(STDIN_FILENO);
  const std::string_view head = reader.peek();
  if (begins_picture(head.substr(0, head.find('\n')))) {
    std::vector<Answer> picture{{kStandardInput}};
    const std::string_view bytes = reader.all();
    stop_between();
    answerer_.answer(picture.front(), std::as_bytes(std::span(bytes)));
    print(picture);
    return;
  }
  while (true) {
    const std::vector<std::string> lines = reader.take(answerer_.most());
    stop_between();
    if (lines.empty()) return;
    answer_lines(lines);
  }
}

}  // namespace

std::size_t stream_answers(const PredictCommandOptions& options, Answerer& answerer) {
  AnswerStream stream(options, answerer);
  std::vector<Answer> answers;
  for (const std::filesystem::path& image : options.images) {
    if (image != kStandardInput) {
      add_files(image, answers);
      continue;
    }
    stream.answer(std::exchange(answers, {}));
    stream.answer_standard_input();
  }
  stream.answer(std::move(answers));
  return stream.unanswered();
}

}  // namespace svhn::cli
