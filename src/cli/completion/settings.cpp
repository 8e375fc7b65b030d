#include "cli/completion/settings.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace svhn::cli {
namespace {

using nlohmann::json;
using Schema = nlohmann::ordered_json;

/// The forms that a value may have, and the value itself where the document has it.
struct Place {
  std::vector<const Schema*> forms{};
  const json* value = nullptr;
};

/// Adds a schema, or the alternatives that it consists of.
void add_forms(std::vector<const Schema*>& forms, const Schema& schema) {
  for (const char* key : {"anyOf", "oneOf"}) {
    if (!schema.contains(key)) continue;
    for (const Schema& alternative : schema[key]) add_forms(forms, alternative);
    return;
  }
  forms.push_back(&schema);
}

bool has_type(const Schema& form, const char* type) {
  return form.contains("type") && form["type"] == type;
}

/// @returns whether the document's value may have this form: an object says so by its constants.
bool fits(const Schema& form, const json* value) {
  if (value == nullptr || !value->is_object() || !form.contains("properties")) return true;
  for (const auto& [key, property] : form["properties"].items()) {
    if (property.contains("const") && value->contains(key) && value->at(key) != json(property["const"]))
      return false;
  }
  return true;
}

bool is_index(const std::string& part) {
  return !part.empty() && part.size() < 6 && part.find_first_not_of("0123456789") == std::string::npos;
}

const json* child(const json* value, const std::string& part) {
  if (value == nullptr) return nullptr;
  if (value->is_object()) return value->contains(part) ? &value->at(part) : nullptr;
  if (!value->is_array() || !is_index(part) || std::stoul(part) >= value->size()) return nullptr;
  return &value->at(std::stoul(part));
}

/// @returns the place below another one: of a key or of a list's element.
Place below(const Place& place, const std::string& part) {
  Place found{{}, child(place.value, part)};
  for (const Schema* form : place.forms) {
    if (!fits(*form, place.value)) continue;
    if (form->contains("properties") && (*form)["properties"].contains(part))
      add_forms(found.forms, (*form)["properties"][part]);
    if (form->contains("items") && is_index(part)) add_forms(found.forms, (*form)["items"]);
  }
  return found;
}

/// @returns whether keys or elements may follow.
bool has_parts(const Place& place) {
  const bool has_elements = place.value != nullptr && place.value->is_array() && !place.value->empty();
  return has_elements || std::any_of(place.forms.begin(), place.forms.end(),
                                     [](const Schema* form) { return form->contains("properties"); });
}

/// @returns whether a value may be given as a whole, other than an object's.
bool has_value(const Place& place) {
  return std::any_of(place.forms.begin(), place.forms.end(),
                     [](const Schema* form) { return !form->contains("properties"); });
}

std::string description_of(const Schema& property) {
  std::string text = property.value("description", "");
  if (text.ends_with('.')) text.pop_back();
  const auto value = property.find("default");
  const bool told = value != property.end() && !value->is_null() && !value->is_object();
  return told ? text + " (default: " + value->dump() + ")" : text;
}

void add_key(Completion& answer, const std::string& key, const Place& place, const std::string& description) {
  const auto known =
      std::find_if(answer.candidates.begin(), answer.candidates.end(),
                   [&](const Candidate& c) { return c.value.substr(0, c.value.size() - 1) == key; });
  if (known != answer.candidates.end()) return;
  if (has_parts(place)) answer.candidates.push_back({key + ".", description});
  if (has_value(place)) answer.candidates.push_back({key + "=", description});
}

void add_keys(Completion& answer, const Place& place) {
  for (const Schema* form : place.forms) {
    if (!form->contains("properties") || !fits(*form, place.value)) continue;
    for (const auto& [key, property] : (*form)["properties"].items()) {
      if (!property.value("deprecated", false))
        add_key(answer, key, below(place, key), description_of(property));
    }
  }
}

/// Adds the elements of the document's list, by their numbers.
void add_elements(Completion& answer, const Place& place) {
  if (place.value == nullptr || !place.value->is_array()) return;
  for (std::size_t i = 0; i < place.value->size(); ++i) {
    const json& element = place.value->at(i);
    const bool named = element.is_object() && element.contains("type") && element["type"].is_string();
    const std::string number = std::to_string(i);
    add_key(answer, number, below(place, number),
            named ? element["type"].get<std::string>() : element.dump());
  }
}

void add_value(Completion& answer, const Schema& value) {
  answer.candidates.push_back({value.is_string() ? value.get<std::string>() : value.dump()});
}

/// Adds the values that there are, where there are only so many.
void add_values(Completion& answer, const Place& place) {
  for (const Schema* form : place.forms) {
    for (const Schema& value : form->value("enum", Schema::array())) add_value(answer, value);
    if (form->contains("const")) add_value(answer, (*form)["const"]);
    for (const bool value : {true, false}) {
      if (has_type(*form, "boolean")) add_value(answer, value);
    }
    if (has_type(*form, "null")) add_value(answer, nullptr);
  }
}

}  // namespace

Completion complete_setting(const std::string& typed, const Schema& schema, const json& document) {
  const std::size_t equals = typed.find('=');
  std::string path = typed.substr(0, equals);
  if (equals == std::string::npos) path.resize(path.rfind('.') + 1);  // npos + 1 is 0.
  Completion answer{.head = equals == std::string::npos ? path : path + "="};
  Place place{{}, &document};
  add_forms(place.forms, schema);
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    place = below(place, path.substr(begin, end - begin));
    begin = end + 1;
  }
  if (equals != std::string::npos) {
    add_values(answer, place);
  } else {
    add_keys(answer, place);
    add_elements(answer, place);
  }
  return answer;
}

}  // namespace svhn::cli
