#pragma once
/// What a session decides from its request alone.

#include <memory>
#include <string>

#include "svhn/model/network.h"
#include "svhn/train/session.h"

namespace svhn::train {

/// @throws core::Error(usage) when a run is there already and the request does not say what to do with it.
void refuse_existing(const SessionRequest& request, const RunFiles& files);

/// @param recorded what the checkpoint says; empty without one.
compute::Precision choose_precision(const SessionRequest& request, const std::string& recorded);

model::NetworkPlan plan_request(const SessionRequest& request);

/// @returns the opened data of the request, or its file, opened.
std::shared_ptr<const data::PreparedData> open_data(const SessionRequest& request);

model::BatchNormVariance batch_norm_variance(const SessionRequest& request);

}  // namespace svhn::train
