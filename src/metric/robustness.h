#pragma once
/// The errors of a model on corrupted images, and the paper's figures of them. E: shares of wrong answers, 0
/// to 1.
/// @see Hendrycks and Dietterich 2019, arXiv 1903.12261, section 3

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace svhn::metric {

/// Of one model.
struct CorruptionErrors {
  std::string model;  ///< Its name.
  double clean = 0.0;
  std::vector<std::vector<double>> corrupted;  ///< [corruption][severity]
};

struct Robustness {
  struct Name {
    std::string name;
    std::string group;  ///< "noise", "blur", …
  };

  std::uint64_t seed = 0;
  std::vector<int> severities;
  std::vector<Name> corruptions;
  CorruptionErrors errors;
  std::optional<CorruptionErrors> baseline{};  ///< The paper's is AlexNet.
};

/// @returns the mean over the severities of a corruption.
double mean_error(const CorruptionErrors& errors, std::size_t corruption);
/// @returns the mean over all corruptions and severities.
double mean_error(const CorruptionErrors& errors);

/// @returns the errors of each corruption and behind them their mean; last a line of means over the
/// corruptions.
std::vector<std::vector<double>> with_means(const CorruptionErrors& errors);

/// Errors in relation to a baseline's; nothing without one, or where it is 0.
using Relation = std::optional<double>;
/// @returns CE: E of all severities, divided by the baseline's.
Relation corruption_error(const Robustness& result, std::size_t corruption);
/// @returns relative CE: the same of E minus the clean E. Negative where only one of both does better on
/// corrupted images than on clean ones.
Relation relative_corruption_error(const Robustness& result, std::size_t corruption);
/// @returns mCE, the mean of CE; nothing if one of them is missing.
Relation mean_corruption_error(const Robustness& result);
/// @returns the mean of relative CE; nothing if one of them is missing.
Relation mean_relative_corruption_error(const Robustness& result);

/// @returns a table in percent: a line for each corruption, a column for each severity and for means, CE and
/// relative CE.
std::string format_robustness(const Robustness& result);

/// @returns seed, severities, clean_error, mean_error, mean_accuracy, corruptions (name, group, error and
/// accuracy by severity, mean_error, mean_accuracy), note; with a baseline also its model, clean_error,
/// mean_error and errors, and ce, relative_ce, mean_ce, mean_relative_ce (null where the baseline makes no
/// error).
nlohmann::ordered_json robustness_json(const Robustness& result);

/// @returns whether frost is among the corruptions, of which every output says what follows.
bool has_frost(const Robustness& result);
inline constexpr const char* kFrostNote =
    "frost: ice crystals drawn by svhn in place of the paper's photographs, so that its figures compare "
    "only with svhn's own";

}  // namespace svhn::metric
