#include <nlohmann/json.hpp>

#include "core/fields_json.h"

namespace svhn::core {
namespace {

using nlohmann::ordered_json;

class ObjectWriter final : public Fields {
 public:
  explicit ObjectWriter(ordered_json& object) : object_(object) {}
  void member(const Key& key, const Describe& value) override { object_[key.name] = write_fields(value); }
  void sparse(const Key& key, bool is_default, const Describe& value) override {
    if (!is_default) member(key, value);
  }
  void check(bool, const std::string&, const std::string&) override {}

 private:
  ordered_json& object_;
};

class ValueWriter final : public Visitor {
 public:
  void integer(std::int64_t& value, IntegerRange) override { out_ = value; }
  void natural(std::uint64_t& value) override { out_ = value; }
  void number(double& value, NumberRange) override { out_ = value; }
  void boolean(bool& value) override { out_ = value; }
  void text(std::string& value, const TextRule&) override { out_ = value; }
  void choice(std::size_t& index, std::span<const std::string_view> names) override {
    out_ = index < names.size() ? names[index] : "";
  }

  void object(const DescribeFields& fields) override {
    out_ = ordered_json::object();
    ObjectWriter writer(out_);
    fields(writer);
  }

  void nullable(bool& present, const Describe& value) override {
    if (present) value(*this);
  }

  void list(const ListAccess& list, SizeRange) override {
    out_ = ordered_json::array();
    for (std::size_t i = 0; i < list.size; ++i) {
      out_.push_back(write_fields([&](Visitor& visitor) { list.element(visitor, i); }));
    }
  }

  void tagged(const Key& key, std::span<const std::string_view> names, std::size_t& index,
              const DescribeFields& fields) override {
    out_ = ordered_json::object();
    out_[key.name] = names[index];
    ObjectWriter writer(out_);
    fields(writer);
  }

  ordered_json take() { return std::move(out_); }

 private:
  ordered_json out_;
};

ordered_json empty_object_schema() {
  return {{"type", "object"}, {"properties", ordered_json::object()}, {"additionalProperties", false}};
}

class ObjectSchema final : public Fields {
 public:
  explicit ObjectSchema(ordered_json& schema) : schema_(schema) {}

  void member(const Key& key, const Describe& value) override {
    ordered_json property = {{"description", key.doc}};
    ordered_json preset = write_fields(value);  // Before the schema generator resizes lists.
    property.update(fields_schema(value));
    if (key.need == Need::required) {
      schema_["required"].push_back(key.name);
    } else {
      add_default(property, std::move(preset));
    }
    schema_["properties"][key.name] = std::move(property);
  }

  void check(bool, const std::string&, const std::string&) override {}

 private:
  // The keys of an object have defaults themselves; an empty text means that the other keys decide.
  static void add_default(ordered_json& property, ordered_json value) {
    if (value.is_object() || (value.is_string() && value.get_ref<const std::string&>().empty())) return;
    property["default"] = std::move(value);
  }

  ordered_json& schema_;
};

class ValueSchema final : public Visitor {
 public:
  void integer(std::int64_t&, IntegerRange range) override {
    out_ = {{"type", "integer"}, {"minimum", range.min}, {"maximum", range.max}};
  }

  void natural(std::uint64_t&) override {
    out_ = {{"type", "integer"}, {"minimum", 0}, {"maximum", std::numeric_limits<std::uint64_t>::max()}};
  }

  void number(double&, NumberRange range) override {
    out_ = {{"type", "number"}};
    out_[range.open_min ? "exclusiveMinimum" : "minimum"] = range.min;
    out_[range.open_max ? "exclusiveMaximum" : "maximum"] = range.max;
  }

  void boolean(bool&) override { out_ = {{"type", "boolean"}}; }

  void text(std::string&, const TextRule& rule) override {
    out_ = {{"type", "string"}, {"minLength", 1}, {"maxLength", rule.max_bytes}};
    if (*rule.pattern != '\0') out_["pattern"] = std::string("^").append(rule.pattern).append("$");
  }

  void choice(std::size_t&, std::span<const std::string_view> names) override {
    out_ = {{"type", "string"}, {"enum", ordered_json(names)}};
  }

  void object(const DescribeFields& fields) override {
    out_ = empty_object_schema();
    ObjectSchema schema(out_);
    fields(schema);
  }

  void nullable(bool&, const Describe& value) override {
    out_ = {{"anyOf", ordered_json::array({fields_schema(value), {{"type", "null"}}})}};
  }

  void list(const ListAccess& list, SizeRange range) override {
    list.resize(1);
    out_ = {{"type", "array"}, {"minItems", range.min}, {"maxItems", range.max}};
    out_["items"] = fields_schema([&](Visitor& visitor) { list.element(visitor, 0); });
    list.resize(0);
  }

  void tagged(const Key& key, std::span<const std::string_view> names, std::size_t& index,
              const DescribeFields& fields) override {
    out_ = {{"oneOf", ordered_json::array()}};
    for (index = 0; index < names.size(); ++index) {
      ordered_json branch = empty_object_schema();
      branch["required"].push_back(key.name);
      branch["properties"][key.name] = {{"description", key.doc}, {"const", names[index]}};
      ObjectSchema schema(branch);
      fields(schema);
      out_["oneOf"].push_back(std::move(branch));
    }
    index = 0;
  }

  ordered_json take() { return std::move(out_); }

 private:
  ordered_json out_;
};

}  // namespace

ordered_json write_fields(const Describe& describe) {
  ValueWriter writer;
  describe(writer);
  return writer.take();
}

ordered_json fields_schema(const Describe& describe) {
  ValueSchema schema;
  describe(schema);
  return schema.take();
}

}  // namespace svhn::core
