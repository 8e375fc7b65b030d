#include "cli/completion/shell.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "cli/completion/files.h"
#include "core/error.h"

namespace svhn::cli {
namespace {

constexpr std::array<std::pair<Shell, const char*>, 3> kShells{
    {{Shell::bash, "bash"}, {Shell::zsh, "zsh"}, {Shell::fish, "fish"}}};

/// Appends a part of an answer.
void add(std::string& answer, const std::string& part) {
  answer += part;
  answer += '\0';
}

/// @returns whether bash is to look for files itself: for all files, and where it expands the word.
bool leaves_to_bash(const FileRequest& request, bool expands) {
  return expands || (request.endings.empty() && !request.folders_only);
}

/// Replaces the values by those that begin with `word`, without the head that bash leaves out.
void keep_fitting(std::vector<std::string>& values, const std::string& word, const std::string& head) {
  std::vector<std::string> fitting;
  for (const std::string& value : values) {
    if (value.starts_with(word) && value.starts_with(head)) fitting.push_back(value.substr(head.size()));
  }
  values = std::move(fitting);
}

/// Bash: words about the answer, then the values, without the head that bash leaves out.
///   files  the values are names of files: quote them, and leave folders open
///   open   no blank behind the value
///   else   bash's own files
std::string bash_answer(const Completion& completion, const ShellQuestion& question, bool expands) {
  const std::string& word = question.words.back();
  std::vector<std::string> values;
  for (const Candidate& candidate : completion.candidates)
    values.push_back(completion.head + candidate.value);
  std::string about;
  if (completion.files && leaves_to_bash(*completion.files, expands)) {
    about += "else ";
  } else if (completion.files) {
    about += "files ";
    for (std::string& path : list_files(word.substr(completion.head.size()), *completion.files)) {
      if (path.ends_with('/')) path.pop_back();  // Readline puts it behind a folder.
      values.push_back(completion.head + path);
    }
  }
  keep_fitting(values, word, unquoted(question.head, Shell::bash).text);
  const auto is_open = [](const std::string& value) { return value.ends_with('=') || value.ends_with('.'); };
  if (!completion.files && std::any_of(values.begin(), values.end(), is_open)) about += "open ";
  std::string answer;
  add(answer, about);
  for (const std::string& value : values) add(answer, value);
  return answer;
}

/// @returns zsh's pattern of the files: "/" for folders, "*.(h5|pth)(-.)", "*".
std::string zsh_pattern(const FileRequest& files) {
  if (files.folders_only) return "/";
  if (files.endings.empty()) return "*";
  std::string endings;
  for (const std::string& ending : files.endings) endings += (endings.empty() ? "" : "|") + ending.substr(1);
  return "*.(" + endings + ")(-.)";
}

/// Zsh: which files it is to look for itself, the head, then value and description of each candidate.
std::string zsh_answer(const Completion& completion) {
  std::string answer;
  add(answer, completion.files ? zsh_pattern(*completion.files) : "");
  add(answer, completion.head);
  for (const Candidate& candidate : completion.candidates) {
    add(answer, candidate.value);
    add(answer, candidate.description);
  }
  return answer;
}

/// Fish: the candidates, each with its description behind a tab.
std::string fish_answer(const Completion& completion, const ShellQuestion& question) {
  std::string answer;
  for (const Candidate& candidate : completion.candidates) {
    const std::string behind = candidate.description.empty() ? "" : "\t" + candidate.description;
    add(answer, completion.head + candidate.value + behind);
  }
  if (!completion.files) return answer;
  for (const std::string& path :
       list_files(question.words.back().substr(completion.head.size()), *completion.files)) {
    if (path.find('\t') == std::string::npos) add(answer, completion.head + path);
  }
  return answer;
}

}  // namespace

std::vector<std::string> shell_names() {
  std::vector<std::string> names;
  names.reserve(kShells.size());
  for (const auto& [shell, name] : kShells) names.emplace_back(name);
  return names;
}

Shell find_shell(const std::string& name) {
  for (const auto& [shell, known] : kShells) {
    if (name == known) return shell;
  }
  throw core::Error(core::ExitCode::usage, "no shell is called '" + name + "'", "use bash, zsh or fish");
}

std::string shell_answer(CLI::App& app, ShellQuestion question) {
  if (question.words.empty()) question.words.emplace_back();
  const PlainWord last = unquoted(question.words.back(), question.shell);
  if (question.shell == Shell::bash) {
    for (std::string& word : question.words) word = unquoted(word, question.shell).text;
  }
  question.words.back() = last.text;
  const Completion completion = complete(app, question.words);
  if (question.shell == Shell::zsh) return zsh_answer(completion);
  return question.shell == Shell::bash ? bash_answer(completion, question, last.expands)
                                       : fish_answer(completion, question);
}

}  // namespace svhn::cli
