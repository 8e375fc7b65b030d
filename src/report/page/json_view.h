#pragma once
/// Reads what another command left, key by key. Keys that are not asked for are passed by, so that a page can
/// be made of files that hold more than it shows.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace svhn::report {

/// A value of a document and its place; the document must live as long. Whatever is not as asked for throws
/// core::Error(data) naming source and place.
class JsonView {
 public:
  JsonView(const nlohmann::json& value, std::string source, std::string pointer = {});

  [[nodiscard]] JsonView at(const char* key) const;
  /// @returns nothing when the key is absent or null.
  [[nodiscard]] std::optional<JsonView> find(const char* key) const;
  /// @param most of the list's elements that are accepted.
  [[nodiscard]] std::vector<JsonView> items(std::size_t most) const;
  [[nodiscard]] double number(double min, double max) const;
  [[nodiscard]] std::int64_t integer(std::int64_t min, std::int64_t max) const;
  [[nodiscard]] bool boolean() const;
  [[nodiscard]] std::string text(std::size_t max_bytes = 4096) const;
  [[nodiscard]] const nlohmann::json& value() const { return *value_; }
  [[noreturn]] void refuse(const std::string& problem) const;

 private:
  const nlohmann::json* value_;
  std::string source_;
  std::string pointer_;
};

}  // namespace svhn::report
