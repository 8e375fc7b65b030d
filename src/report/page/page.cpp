#include "report/page/page.h"

#include <nlohmann/json.hpp>

#include "core/build_info.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "report/page/document.h"
#include "report/page/template.h"

namespace svhn::report {
namespace {

using Json = nlohmann::ordered_json;
using core::Error;
using core::ExitCode;

/// The results that the page shows.
struct Content {
  std::vector<RunRecord> runs;
  std::vector<metric::TuningResult> searches;
  std::vector<metric::ComparisonResult> comparisons;
  std::vector<std::string> problems;
};

template <class T>
void read_each(const std::vector<std::filesystem::path>& paths, T (*read)(const std::filesystem::path&),
               std::vector<T>& results, std::vector<std::string>& problems) {
  for (const auto& path : paths) {
    try {
      results.push_back(read(path));
    } catch (const Error& error) {
      problems.emplace_back(error.what());
    }
  }
}

Content read_content(const std::vector<std::filesystem::path>& roots) {
  const FoundRuns found = find_runs(roots);
  Content content;
  content.problems = found.problems;
  read_each(found.runs, read_run, content.runs, content.problems);
  read_each(found.searches, metric::read_tuning, content.searches, content.problems);
  read_each(found.comparisons, metric::read_comparison, content.comparisons, content.problems);
  return content;
}

Json comparison_document(const metric::ComparisonResult& comparison) {
  Json json = metric::comparison_json(comparison);
  if (comparison.synthetic) json["name"] = comparison.name + " (synthetic digits)";
  return json;
}

/// @param problems gets those of the runs and of the sprites, too.
Json document_of(const Content& content, const std::vector<Question>& questions, SpriteSheets& sprites,
                 std::vector<std::string>& problems) {
  Json runs = Json::array();
  for (const RunRecord& run : content.runs) {
    runs.push_back(run_json(run, runs.size(), sprites));
    problems.insert(problems.end(), run.problems.begin(), run.problems.end());
  }
  problems.insert(problems.end(), sprites.problems().begin(), sprites.problems().end());
  Json searches = Json::array(), comparisons = Json::array();
  for (const auto& search : content.searches) searches.push_back(search_json(search));
  for (const auto& comparison : content.comparisons) comparisons.push_back(comparison_document(comparison));
  return Json{{"version", core::version()},
              {"runs", std::move(runs)},
              {"tuning", std::move(searches)},
              {"comparisons", std::move(comparisons)},
              {"questions", questions_json(questions)},
              {"problems", problems},
              {"sheets", sheets_json(sprites)}};
}

std::size_t write_parts(const std::filesystem::path& output, const std::string& data) {
  const std::string_view page = page_template();
  const std::size_t mark = page.find(kDataMark);
  core::AtomicFile file(output, ExitCode::data, core::Content::text);
  file.write(page.substr(0, mark));
  file.write(data);
  file.write(page.substr(mark + kDataMark.size()));
  file.commit();
  return page.size() - kDataMark.size() + data.size();
}

void require_page() {
  if (has_page()) return;
  throw Error(ExitCode::usage,
              "this build has no report page: npm or its network was not there when it was configured",
              "install npm (scripts/setup.sh), configure and build again");
}

void require_content(const Content& content, const std::filesystem::path& root) {
  if (!content.runs.empty() || !content.searches.empty() || !content.comparisons.empty()) return;
  throw Error(ExitCode::data, "there is no run below '" + root.string() + "'",
              "name the --output folder of 'svhn train', 'tune' or 'transfer'");
}

}  // namespace

bool has_page() {
  return page_template().find(kDataMark) != std::string_view::npos;
}

std::string embedded_json(const Json& document) {
  const std::string plain = document.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string safe;
  safe.reserve(plain.size());
  for (const char c : plain) {
    // In JSON these characters occur only in strings, where they may be escaped.
    if (c == '<')
      safe += "\\u003c";
    else if (c == '>')
      safe += "\\u003e";
    else if (c == '&')
      safe += "\\u0026";
    else
      safe += c;
  }
  return safe;
}

PageResult write_page(const std::vector<std::filesystem::path>& roots, const std::filesystem::path& output) {
  require_page();
  const Content content = read_content(roots);
  require_content(content, roots.empty() ? std::filesystem::path() : roots.front());
  const auto questions = answer_questions({content.runs, content.searches, content.comparisons});
  SpriteSheets sprites;
  PageResult result{content.runs.size(), content.searches.size(), content.comparisons.size(), 0, 0, {},
                    content.problems};
  const Json document = document_of(content, questions, sprites, result.problems);
  for (const Question& question : questions) result.questions.push_back(question.id);
  result.pictures = sprites.size();
  result.bytes = write_parts(output, embedded_json(document));
  return result;
}

}  // namespace svhn::report
