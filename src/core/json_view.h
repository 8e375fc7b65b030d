#pragma once
/// Checked access to JSON files, key by key. Other keys are ignored, so that files may contain more than is
/// read.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace svhn::core {

/// A value of a document and its JSON pointer; the document must outlive it. All functions throw
/// Error(data) with source and pointer when the value does not have the requested type or range.
class JsonView {
 public:
  JsonView(const nlohmann::json& value, std::string source, std::string pointer = {});

  [[nodiscard]] JsonView at(const char* key) const;
  /// @returns nothing when the key is absent or null.
  [[nodiscard]] std::optional<JsonView> find(const char* key) const;
  /// @param most largest number of elements that is accepted. @returns the elements of an array.
  [[nodiscard]] std::vector<JsonView> items(std::size_t most) const;
  [[nodiscard]] double number(double min, double max) const;
  [[nodiscard]] std::int64_t integer(std::int64_t min, std::int64_t max) const;
  [[nodiscard]] bool boolean() const;
  [[nodiscard]] std::string text(std::size_t max_bytes = 4096) const;
  [[nodiscard]] const nlohmann::json& value() const { return *value_; }
  /// @throws Error(data) with source, pointer and `problem`.
  [[noreturn]] void refuse(const std::string& problem) const;

 private:
  const nlohmann::json* value_;
  std::string source_;
  std::string pointer_;
};

/// A JSON file in memory.
class JsonDocument {
 public:
  /// @throws Error(data) when the file is missing or not valid JSON.
  explicit JsonDocument(const std::filesystem::path& path);
  [[nodiscard]] JsonView view() const { return {json_, source_}; }

 private:
  nlohmann::json json_;
  std::string source_;
};

/// Calls `read` if the file exists. @param problems gets the message of a Error that `read` throws.
void read_if_present(const std::filesystem::path& path, std::vector<std::string>& problems,
                     const std::function<void()>& read);

}  // namespace svhn::core
