#pragma once
/// Parameters of search spaces for tests, each named by its only path.

#include <string>
#include <utility>
#include <vector>

#include "tune/options.h"

namespace svhn::tune {

inline Parameter choice(const std::string& path, std::vector<std::string> values) {
  Parameter p;
  p.name = path;
  p.paths = {path};
  p.choices = std::move(values);
  return p;
}

inline Parameter integers(const std::string& path, std::int64_t first, std::int64_t last, std::int64_t step) {
  Parameter p;
  p.name = path;
  p.paths = {path};
  p.kind = ParameterKind::integers;
  p.first = first;
  p.last = last;
  p.step = step;
  return p;
}

inline Parameter range(const std::string& path, ParameterKind kind, double low, double high) {
  Parameter p;
  p.name = path;
  p.paths = {path};
  p.kind = kind;
  p.low = low;
  p.high = high;
  return p;
}

}  // namespace svhn::tune
