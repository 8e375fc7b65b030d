#include <nlohmann/json.hpp>

#include "core/fields_json.h"

namespace svhn::core {
namespace {

using nlohmann::ordered_json;

class ObjectWriter final : public Fields {
 public:
  explicit ObjectWriter(ordered_json& object) : object_(object) {}
  void member(const Key& key, const Describe& value) override { object_[key.name] = write_fields(value); }
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
  void choice(std::size_t& index, std::span<const std::string_view> names) override { out_ = names[index]; }

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

}  // namespace

ordered_json write_fields(const Describe& describe) {
  ValueWriter writer;
  describe(writer);
  return writer.take();
}

}  // namespace svhn::core
