#pragma once
/// Initial weights of a first convolution from the images: its outputs are uncorrelated and of equal
/// variance. C: channels; kh, kw: sides of the kernel; D = C kh kw.

#include "data/prepared.h"
#include "data/preprocess.h"
#include "network/network.h"

namespace svhn::train {

/// Sets the weights of every convolution of `model::KernelInitializer::whitening`: v / sqrt(variance + 5e-4)
/// for the eigenvectors v [D] of the covariance of the image patches, largest variance first, then the same
/// with the other sign. The patches are those of the first 2,000 training images after preprocessing, not
/// augmented. Other networks stay as they are.
/// @param network on the CPU or a GPU. @param plan the preprocessing of the training split.
/// @see Jordan 2024, "94% on CIFAR-10 in 3.29 Seconds on a Single A100" (arXiv 2404.00498), section 3.1
void whiten_first_convolutions(network::Network& network, const data::PreparedData& data,
                               const data::PreprocessPlan& plan);

}  // namespace svhn::train
