#pragma once
/// From a run's config to the request that trains it. Apart, because only this needs LibTorch.

#include "config/run_config.h"
#include "core/json.h"
#include "train/session.h"

namespace svhn::train {

/// @returns a request for the run; where its files go, on what device and from which data that is open
/// already stays with the caller.
inline SessionRequest session_request(const config::RunConfig& config) {
  SessionRequest request;
  request.name = config.name;
  request.data = config.data;
  request.model = config.model;
  request.train = config.train;
  request.config = core::json_text(config::resolved_json(config));
  return request;
}

}  // namespace svhn::train
