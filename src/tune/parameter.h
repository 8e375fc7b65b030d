#pragma once
/// The values of a parameter of a search.

#include <cstdint>
#include <string>
#include <vector>

#include "tune/options.h"
#include "tune/parzen.h"

namespace svhn::tune {

/// @returns whether there are as many values as can be counted: of choice and integers.
bool countable(const Parameter& parameter);
/// @returns how many values a countable parameter has.
std::int64_t value_count(const Parameter& parameter);
/// @returns value `index` of a countable parameter, as JSON.
std::string value_at(const Parameter& parameter, std::int64_t index);
/// @returns the value, kept below the high end of the range, which rounding may reach.
double inside(double value, const Parameter& parameter);
/// @returns the number of different combinations, at most `most`.
std::int64_t combinations(const std::vector<Parameter>& space, std::int64_t most);

/// @returns a random value, as JSON, which depends on seed, name and number alone.
std::string draw_value(const Parameter& parameter, std::uint64_t seed, std::uint64_t number);

/// @returns the axis on which a parameter is modelled: a choice by its number, an integer by how many steps
/// it is above the first, a log-uniform number by its logarithm.
Axis axis_of(const Parameter& parameter);
/// @param value JSON of a value of the parameter. @returns its place on the axis.
double place_of(const Parameter& parameter, const std::string& value);
/// @returns the value at a place, as JSON; numbers with six digits, so that machines whose logarithms differ
/// in the last bit agree.
std::string value_of(const Parameter& parameter, double place);

}  // namespace svhn::tune
