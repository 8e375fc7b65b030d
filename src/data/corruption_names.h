#pragma once
/// The fifteen common corruptions of Hendrycks and Dietterich, "Benchmarking Neural Network Robustness to
/// Common Corruptions and Perturbations" (ICLR 2019, arXiv 1903.12261); the module data/corrupt applies them.

#include <array>
#include <string_view>

namespace svhn::data {

struct CorruptionName {
  std::string_view name;
  std::string_view group;  ///< As in the paper: noise, blur, weather, digital.
};

/// In the paper's order.
inline constexpr std::array<CorruptionName, 15> kCorruptions{{{"gaussian_noise", "noise"},
                                                              {"shot_noise", "noise"},
                                                              {"impulse_noise", "noise"},
                                                              {"defocus_blur", "blur"},
                                                              {"glass_blur", "blur"},
                                                              {"motion_blur", "blur"},
                                                              {"zoom_blur", "blur"},
                                                              {"snow", "weather"},
                                                              {"frost", "weather"},
                                                              {"fog", "weather"},
                                                              {"brightness", "weather"},
                                                              {"contrast", "digital"},
                                                              {"elastic_transform", "digital"},
                                                              {"pixelate", "digital"},
                                                              {"jpeg_compression", "digital"}}};

inline constexpr int kSeverities = 5;  ///< A corruption's severities are 1 to 5.

}  // namespace svhn::data
