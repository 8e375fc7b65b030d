#include "api/translate.h"
#include "data/prepared.h"

namespace svhn {

struct Data::Impl {
  explicit Impl(const std::string& path) : file(path) {
    for (const Split split : {Split::train, Split::val, Split::test}) {
      const auto found = file.indices(static_cast<data::Split>(split));
      rows.at(static_cast<std::size_t>(split)).assign(found.begin(), found.end());
    }
    const auto entry = file.metadata().find("source");
    if (entry != file.metadata().end()) source = entry->second;
  }

  /// @throws Error(usage)
  void check(std::size_t row) const {
    const auto size = static_cast<std::size_t>(file.size());
    if (row < size) return;
    throw Error(ErrorCode::usage, "row " + std::to_string(row) + " of " + std::to_string(size),
                "rows begin at 0");
  }

  data::PreparedData file;
  std::array<std::vector<std::int64_t>, 3> rows;
  std::string source;
};

Data::Data(const std::string& path) : impl_(api::translated([&] { return std::make_unique<Impl>(path); })) {}
Data::~Data() = default;
Data::Data(Data&&) noexcept = default;
Data& Data::operator=(Data&&) noexcept = default;

std::size_t Data::size() const noexcept {
  return static_cast<std::size_t>(impl_->file.size());
}

const std::vector<std::int64_t>& Data::rows(Split split) const {
  const auto index = static_cast<std::size_t>(split);
  if (index < impl_->rows.size()) return impl_->rows[index];
  throw Error(ErrorCode::usage, "a split " + std::to_string(static_cast<int>(split)),
              "0 is training, 1 validation, 2 test");
}

const std::uint8_t* Data::image(std::size_t row) const {
  return api::translated([&] {
    impl_->check(row);
    return impl_->file.image(static_cast<std::int64_t>(row)).data();
  });
}

int Data::digit(std::size_t row) const {
  impl_->check(row);
  return data::digit_of_class(impl_->file.labels()[row]);
}

bool Data::synthetic() const noexcept {
  return impl_->file.synthetic();
}

const std::string& Data::source() const noexcept {
  return impl_->source;
}

}  // namespace svhn
