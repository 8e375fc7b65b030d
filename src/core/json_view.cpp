#include "core/json_view.h"

#include "core/error.h"
#include "core/json.h"

namespace svhn::core {

JsonView::JsonView(const nlohmann::json& value, std::string source, std::string pointer)
    : value_(&value), source_(std::move(source)), pointer_(std::move(pointer)) {}

void JsonView::refuse(const std::string& problem) const {
  throw Error(ExitCode::data,
              "'" + source_ + "': " + (pointer_.empty() ? "the document" : pointer_) + " " + problem,
              "run the command that wrote the file again");
}

JsonView JsonView::at(const char* key) const {
  if (!value_->is_object()) refuse("is not an object");
  const auto entry = value_->find(key);
  if (entry == value_->end()) refuse("has no '" + std::string(key) + "'");
  return {*entry, source_, pointer_ + pointer_part(key)};
}

std::optional<JsonView> JsonView::find(const char* key) const {
  if (!value_->is_object()) refuse("is not an object");
  const auto entry = value_->find(key);
  if (entry == value_->end() || entry->is_null()) return std::nullopt;
  return JsonView(*entry, source_, pointer_ + pointer_part(key));
}

std::vector<JsonView> JsonView::items(std::size_t most) const {
  if (!value_->is_array()) refuse("is not a list");
  if (value_->size() > most) refuse("has more than " + std::to_string(most) + " elements");
  std::vector<JsonView> views;
  views.reserve(value_->size());
  for (const auto& item : *value_) {
    views.emplace_back(item, source_, pointer_ + "/" + std::to_string(views.size()));
  }
  return views;
}

double JsonView::number(double min, double max) const {
  if (!value_->is_number()) refuse("is not a number");
  const auto number = value_->get<double>();
  if (!(number >= min && number <= max)) refuse("is out of range");
  return number;
}

std::int64_t JsonView::integer(std::int64_t min, std::int64_t max) const {
  if (!value_->is_number_integer()) refuse("is not an integer");
  // An unsigned number beyond the signed range would come back negative.
  if (value_->is_number_unsigned() && value_->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)) {
    refuse("is out of range");
  }
  const auto number = value_->get<std::int64_t>();
  if (number < min || number > max) refuse("is out of range");
  return number;
}

bool JsonView::boolean() const {
  if (!value_->is_boolean()) refuse("is neither true nor false");
  return value_->get<bool>();
}

std::string JsonView::text(std::size_t max_bytes) const {
  if (!value_->is_string()) refuse("is not a text");
  const auto& text = value_->get_ref<const std::string&>();
  if (text.size() > max_bytes) refuse("is too long");
  return text;
}

JsonDocument::JsonDocument(const std::filesystem::path& path)
    : json_(read_json_file(path, ExitCode::data)), source_(path.string()) {}

void read_if_present(const std::filesystem::path& path, std::vector<std::string>& problems,
                     const std::function<void()>& read) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return;
  try {
    read();
  } catch (const Error& failure) {
    problems.emplace_back(failure.what());
  }
}

}  // namespace svhn::core
