#pragma once
/// The keys of a config's sections (core/fields.h); those of "model" are in model::describe_model.

#include "core/fields.h"
#include "data/options.h"
#include "train/options/train_options.h"

namespace svhn::config {

void describe_data(core::Fields& fields, data::DataOptions& options);
void describe_train(core::Fields& fields, train::TrainOptions& options);

}  // namespace svhn::config
