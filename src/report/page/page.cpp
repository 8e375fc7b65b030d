#include "report/page/page.h"

#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "core/build_info.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/paths.h"
#include "report/page/document.h"
#include "report/page/headline.h"
#include "report/page/preview.h"
#include "report/page/template.h"

namespace svhn::report {
namespace {

using Json = nlohmann::ordered_json;
using core::Error;
using core::ExitCode;

constexpr std::size_t kLongMeta = 1'000;

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
  name_slugs(content.runs);
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
Json document_of(const Content& content, const std::vector<Question>& questions, const Headline& headline,
                 SpriteSheets& sprites, std::vector<std::string>& problems) {
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
              {"title", headline.title},
              {"description", headline.description},
              {"opens", headline.run != nullptr ? Json(headline.run->slug) : Json(nullptr)},
              {"runs", std::move(runs)},
              {"tuning", std::move(searches)},
              {"comparisons", std::move(comparisons)},
              {"questions", questions_json(questions)},
              {"problems", problems},
              {"sheets", sheets_json(sprites)}};
}

/// @returns a text that is safe between tags and in a quoted attribute.
std::string escaped(const std::string& text) {
  static const std::map<char, const char*> kEntities{
      {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
  std::string safe;
  for (const char c : core::printable(text, kLongMeta)) {
    const auto entity = kEntities.find(c);
    entity == kEntities.end() ? safe.push_back(c) : static_cast<void>(safe.append(entity->second));
  }
  return safe;
}

/// Replaces the marks of the page. What replaces them is not searched for marks.
std::string filled(std::string_view page, const std::map<std::string_view, std::string>& texts) {
  std::string text;
  while (!page.empty()) {
    std::size_t first = page.size();
    const std::pair<const std::string_view, std::string>* found = nullptr;
    for (const auto& entry : texts) {
      const std::size_t at = page.find(entry.first);
      if (at < first) std::tie(first, found) = std::pair(at, &entry);
    }
    text += page.substr(0, first);
    if (found != nullptr) text += found->second;
    page.remove_prefix(first + (found != nullptr ? found->first.size() : 0));
  }
  return text;
}

/// Writes the picture beside the page.
/// @returns what the page says of it; empty where there is none: without an accuracy, and for a page that is
/// no file.
std::string write_preview(const std::filesystem::path& output, const Json& document,
                          const SpriteSheets& sprites) {
  if (core::is_stream(output)) return {};
  const std::string png = preview_png(document, sprites);
  if (png.empty()) return {};
  std::filesystem::path path = output;
  path.replace_extension(".preview.png");
  core::AtomicFile file(path, ExitCode::data);
  file.write(std::string_view(png));
  file.commit();
  const std::string name = escaped(path.filename().string());
  return "<meta property=\"og:image\" content=\"" + name +
         "\">\n<meta name=\"twitter:card\" content=\"summary_large_image\">";
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

PageResult write_page(const std::vector<std::filesystem::path>& roots, const std::filesystem::path& output,
                      const PanelOptions& panel_options) {
  require_page();
  if (panel_options.exported) require_panel();
  const Content content = read_content(roots);
  require_content(content, roots.empty() ? std::filesystem::path() : roots.front());
  const auto questions = answer_questions({content.runs, content.searches, content.comparisons});
  SpriteSheets sprites;
  PageResult result{content.runs.size(),
                    content.searches.size(),
                    content.comparisons.size(),
                    0,
                    0,
                    {},
                    content.problems,
                    questions,
                    {}};
  const Headline headline = headline_of(content.runs);
  const Panel panel = panel_options.exported ? make_panel(headline.run, panel_options) : Panel();
  Json document = document_of(content, questions, headline, sprites, result.problems);
  if (panel_options.exported) {
    result.model = panel.model;
    document["model"] = Json{{"run", headline.run->slug},
                             {"name", panel.model.file.filename().string()},
                             {"reject", panel_options.doubted}};
  }
  for (const Question& question : questions) {
    if (!question.run.empty()) result.questions.push_back(question.id);
  }
  result.pictures = sprites.size();
  const std::string page = filled(page_template(), {{kDataMark, embedded_json(document)},
                                                    {kTitleMark, escaped(headline.title)},
                                                    {kDescriptionMark, escaped(headline.description)},
                                                    {kPreviewMark, write_preview(output, document, sprites)},
                                                    {kPolicyMark, panel.policy},
                                                    {kPanelMark, panel.elements}});
  core::write_text_file(output, page, ExitCode::data);
  result.bytes = page.size();
  return result;
}

}  // namespace svhn::report
