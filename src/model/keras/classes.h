#pragma once
/// Which digits the outputs of an imported network stand for.

#include <string>

#include "model/keras/import.h"

namespace svhn::model {

/// Which digit an output is. A Keras file does not say it.
enum class ClassOrder {
  index,  ///< Output i is the digit (i + 1) % 10, as the classes are here.
  digit,  ///< Output i is the digit i.
  svhn,   ///< Stanford's labels: 10 is the digit 0. Of eleven outputs the first one is unused.
};

/// @returns the order to assume: `svhn` for eleven outputs, else `index`.
ClassOrder assumed_class_order(const KerasModel& model);

/// Puts the outputs into the order of the classes here: rows of the last dense layer change places; where
/// something else comes last, a dense layer is added that reorders its numbers. An unused output is left out.
/// @param file its name in messages.
/// @throws core::Error(model) unless the network has ten outputs, or eleven with `svhn`.
void order_classes(KerasModel& model, ClassOrder order, const std::string& file);

}  // namespace svhn::model
