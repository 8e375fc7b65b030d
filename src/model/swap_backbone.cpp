#include "model/swap_backbone.h"

#include <variant>

#include "model/spec_json.h"

namespace svhn::model {

std::vector<std::size_t> backbone_layers(const ModelSpec& model) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    if (std::holds_alternative<BackboneSpec>(model.layers[i].kind)) places.push_back(i);
  }
  return places;
}

ModelSpec with_backbone(ModelSpec model, std::size_t place, const BackboneSpec& backbone,
                        std::optional<std::int64_t> resize) {
  model.layers[place] = {"", backbone};
  if (resize) {
    model.layers.insert(model.layers.begin() + static_cast<std::ptrdiff_t>(place),
                        {"", ResizeSpec{*resize, *resize}});
  }
  name_layers(model);
  return model;
}

}  // namespace svhn::model
