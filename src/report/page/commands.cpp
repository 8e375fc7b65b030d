#include "report/page/commands.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace svhn::report {

std::string shell_word(const std::string& text) {
  const auto plain = [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("._-/+=:@%").find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (!text.empty() && std::all_of(text.begin(), text.end(), plain)) return text;
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

ModelCommands::ModelCommands(const std::filesystem::path& model, const std::string& data,
                             const std::string& split)
    : options_(" --model " + shell_word(model.string())) {
  if (!data.empty()) options_ += " --data " + shell_word(data);
  if (split != "test") options_ += " --split " + split;
}

std::array<std::pair<const char*, std::string>, 7> ModelCommands::by_part() const {
  return {{{"evaluation", evaluate()},
           {"cells", evaluate()},
           {"robustness", evaluate() + " --corrupt all"},
           {"mistakes", interpret("misclassified")},
           {"activations", interpret("activations")},
           {"saliency", interpret("saliency")},
           {"tsne", interpret("embeddings,tsne")}}};
}

}  // namespace svhn::report
