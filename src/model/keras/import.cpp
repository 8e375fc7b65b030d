#include "model/keras/import.h"

#include "model/keras/builder.h"

namespace svhn::model {
namespace {

/// The last activation is for reading only when it is softmax: other functions change the logits.
void note_last(KerasModel& model) {
  const LayerKind& last = model.spec.layers.back().kind;
  Activation activation = Activation::linear;
  if (const auto* dense = std::get_if<DenseSpec>(&last)) activation = dense->activation;
  if (const auto* alone = std::get_if<ActivationSpec>(&last)) activation = alone->activation;
  if (activation == Activation::softmax) return;
  model.notes.emplace_back("the model does not end in softmax: its outputs are read as logits");
}

}  // namespace

bool holds_keras_model(const formats::Hdf5File& file) {
  return file.texts("", "model_config").has_value();
}

KerasModel import_keras_model(const formats::Hdf5File& file) {
  const auto config = file.texts("", "model_config");
  if (!config || config->size() != 1) file.fail("the file describes no Keras model (no 'model_config')");
  KerasBuilder builder(file, list_keras_arrays(file, keras_weights_root(file)));
  for (const KerasLayer& layer : read_keras_config(file.path().string(), config->front())) builder.add(layer);
  KerasModel model = builder.finish();
  note_last(model);
  return model;
}

}  // namespace svhn::model
