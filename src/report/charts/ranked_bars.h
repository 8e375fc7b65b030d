#pragma once
/// Horizontal bars, one below the other, each with a name before and a number behind it.

#include <string>
#include <vector>

#include "report/charts/chart.h"

namespace svhn::report {

struct Bar {
  std::string name;     ///< Any text; cut when long.
  double value = 0.0;   ///< From 0; NaN draws no bar.
  double second = 0.0;  ///< Of the bar below it; NaN draws none. Only with a second title.
  std::string note;     ///< Behind the number, any text.
};

struct BarsLook {
  std::string title;   ///< Any text.
  std::string axis;    ///< What is measured, any text.
  std::string first;   ///< Names the bars in a key; empty: no key.
  std::string second;  ///< Names the second bars; empty: there are none.
};

/// @param bars from top to bottom, at least one.
Chart ranked_bars_chart(const std::vector<Bar>& bars, const BarsLook& look);

}  // namespace svhn::report
