#pragma once
/// The sections of a config, key by key; the model's is model::describe_model.

#include "config/run_config.h"
#include "core/fields.h"

namespace svhn::config {

void describe_data(core::Fields& fields, data::DataOptions& options);
void describe_augment(core::Fields& fields, data::AugmentOptions& options);
void describe_train(core::Fields& fields, train::TrainOptions& options);
void describe_optimizer(core::Fields& fields, train::OptimizerOptions& options);
void describe_schedule(core::Fields& fields, train::ScheduleOptions& options);

/// The whole document, "schema" included.
void describe_run(core::Fields& fields, RunConfig& config);

}  // namespace svhn::config
