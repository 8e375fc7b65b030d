#pragma once
/// The border of the public interface: what the modules throw becomes svhn::Error.

#include <exception>
#include <new>

#include "svhn/svhn.hpp"

namespace svhn::api {

/// @returns the public exception for one of a module or of a library.
Error public_error(const std::exception& exception);

/// Calls `body`. @returns what it returns. @throws Error, std::bad_alloc
template <typename Body>
auto translated(const Body& body) -> decltype(body()) {
  try {
    return body();
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& exception) {
    throw public_error(exception);
  }
}

/// Sets the calling thread and the libraries to `threads()`.
void use_threads();

}  // namespace svhn::api
