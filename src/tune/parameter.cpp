#include "tune/parameter.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/random.h"

namespace svhn::tune {

using nlohmann::json;

bool countable(const Parameter& p) {
  return p.kind == ParameterKind::choice || p.kind == ParameterKind::integers;
}

std::int64_t value_count(const Parameter& p) {
  if (p.kind == ParameterKind::choice) return static_cast<std::int64_t>(p.choices.size());
  return (p.last - p.first) / p.step + 1;
}

std::string value_at(const Parameter& p, std::int64_t index) {
  if (p.kind == ParameterKind::choice) return p.choices[static_cast<std::size_t>(index)];
  return std::to_string(p.first + index * p.step);
}

double inside(double value, const Parameter& p) {
  return std::clamp(value, p.low, std::nextafter(p.high, p.low));
}

std::int64_t combinations(const std::vector<Parameter>& space, std::int64_t most) {
  std::int64_t count = 1;
  for (const auto& p : space) {
    if (!countable(p) || value_count(p) > most / count) return most;
    count *= value_count(p);
  }
  return std::min(count, most);
}

std::string draw_value(const Parameter& p, std::uint64_t seed, std::uint64_t number) {
  core::CounterRandom random(seed, core::stream_id("tune " + p.name), number);
  if (countable(p)) {
    return value_at(p, static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(value_count(p)))));
  }
  if (p.kind == ParameterKind::uniform) return json(inside(random.uniform(p.low, p.high), p)).dump();
  const double exponent = random.uniform(std::log(p.low), std::log(p.high));
  return json(inside(std::exp(exponent), p)).dump();
}

Axis axis_of(const Parameter& p) {
  if (countable(p)) {
    const auto count = static_cast<std::size_t>(value_count(p));
    const auto kind = p.kind == ParameterKind::choice ? Axis::Kind::categorical : Axis::Kind::ordered;
    return {kind, -0.5, static_cast<double>(count) - 0.5, count};
  }
  if (p.kind == ParameterKind::uniform) return {Axis::Kind::continuous, p.low, p.high, 0};
  return {Axis::Kind::continuous, std::log(p.low), std::log(p.high), 0};
}

double place_of(const Parameter& p, const std::string& value) {
  if (p.kind == ParameterKind::choice) {
    return static_cast<double>(std::find(p.choices.begin(), p.choices.end(), value) - p.choices.begin());
  }
  const json number = json::parse(value);
  if (p.kind == ParameterKind::integers) {
    const std::int64_t index = (number.get<std::int64_t>() - p.first) / p.step;
    return static_cast<double>(index);
  }
  return p.kind == ParameterKind::uniform ? number.get<double>() : std::log(number.get<double>());
}

std::string value_of(const Parameter& p, double place) {
  if (countable(p)) {
    return value_at(p, std::clamp(static_cast<std::int64_t>(place), std::int64_t{0}, value_count(p) - 1));
  }
  const double value = p.kind == ParameterKind::uniform ? place : std::exp(place);
  return json(inside(std::stod(fmt::format("{:.6g}", value)), p)).dump();
}

}  // namespace svhn::tune
