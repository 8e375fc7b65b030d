#include <atomic>
#include <utility>

#include "api/translate.h"
#include "cli/app.h"
#include "core/build_info.h"
#include "core/cores.h"
#include "kernels/hardware.h"

namespace svhn {
namespace {

std::atomic<int> chosen_threads{0};  // 0: all.

}  // namespace

Error::Error(ErrorCode code, const std::string& message, std::string hint)
    : std::runtime_error(message), code_(code), hint_(std::make_shared<std::string>(std::move(hint))) {}
Error::Error(const Error&) noexcept = default;
Error::~Error() = default;

ErrorCode Error::code() const noexcept {
  return code_;
}

const std::string& Error::hint() const noexcept {
  return *hint_;
}

std::string version() {
  return core::version();
}

int threads() {
  static const int all = core::available_cores();
  const int chosen = chosen_threads.load();
  return chosen == 0 ? all : chosen;
}

void set_threads(int count) {
  api::translated([count] { kernels::set_threads(count); });
  chosen_threads.store(count);
}

namespace api {

Error public_error(const std::exception& exception) {
  const core::Error error = cli::describe(exception);
  return {static_cast<ErrorCode>(error.code()), error.what(), error.hint()};
}

void use_threads() {
  kernels::set_threads(threads());
}

}  // namespace api
}  // namespace svhn
