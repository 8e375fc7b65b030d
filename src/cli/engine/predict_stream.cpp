#include "cli/engine/predict_stream.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/engine/line_reader.h"
#include "cli/engine/progress.h"
#include "core/error.h"
#include "core/json.h"
#include "core/json_view.h"
#include "core/words.h"

namespace svhn::cli {
namespace {

constexpr const char* kStandardInput = "/dev/stdin";

class AnswerStream {
 public:
  AnswerStream(Answerer& answerer, const AnswerSink& sink) : answerer_(answerer), sink_(sink) {}

  void answer(std::vector<Answer> answers);
  void answer_standard_input();

 private:
  void give(std::vector<Answer> answers);
  void answer_lines(const std::vector<std::string>& lines);
  void add_line(const std::string& line, std::vector<Answer>& answers) const;
  void stop_between() const;

  Answerer& answerer_;
  const AnswerSink& sink_;
  LeftOut left_out_;
  std::int64_t line_ = 0;
  std::int64_t given_ = 0;
  std::size_t done_ = 0;   // Pictures, with those that are left out.
  std::size_t total_ = 0;  // Of those that are known.
};

void AnswerStream::stop_between() const {
  stop_if_asked("stopped after " + core::counted(given_, "answer"));
}

void AnswerStream::give(std::vector<Answer> answers) {
  given_ += static_cast<std::int64_t>(answers.size());
  sink_(std::move(answers), done_, total_);
}

void AnswerStream::answer(std::vector<Answer> answers) {
  total_ += answers.size();
  for (std::size_t first = 0; first < answers.size(); first += answerer_.most()) {
    const auto begin = answers.begin() + static_cast<std::ptrdiff_t>(first);
    const auto count = std::min(answerer_.most(), answers.size() - first);
    std::vector<Answer> chunk(std::make_move_iterator(begin),
                              std::make_move_iterator(begin + static_cast<std::ptrdiff_t>(count)));
    answerer_.answer(chunk);
    done_ += count;
    std::erase_if(chunk, [this](const Answer& answer) { return left_out_.take(answer); });
    give(std::move(chunk));
    stop_between();
  }
  give(left_out_.finish());
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
  if (reader.begins_picture()) {
    std::vector<Answer> picture{{kStandardInput}};
    const std::string_view bytes = reader.all();
    stop_between();
    answerer_.answer(picture.front(), std::as_bytes(std::span(bytes)));
    give(std::move(picture));
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

void answer_images(const std::vector<InputPath>& images, Answerer& answerer, const AnswerSink& sink) {
  AnswerStream stream(answerer, sink);
  std::vector<Answer> answers;
  for (const std::filesystem::path& image : images) {
    if (image != kStandardInput) {
      add_files(image, answers);
      continue;
    }
    stream.answer(std::exchange(answers, {}));
    stream.answer_standard_input();
  }
  stream.answer(std::move(answers));
}

}  // namespace svhn::cli
