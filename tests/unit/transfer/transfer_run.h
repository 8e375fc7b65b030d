#pragma once
/// A small prepared file, and networks with SqueezeNet in front, the smallest backbone.

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "model/spec_json.h"
#include "network/network.h"
#include "train/session.h"
#include "unit/data/prepared_test_content.h"

namespace svhn::transfer {

/// 16 images of formula pixels: 10 to train on, 6 to validate with.
inline data::PreparedContent sixteen_images() {
  data::PreparedContent content = data::golden_content();
  const auto ten = content.images;
  content.images.insert(content.images.end(), ten.begin(), ten.begin() + 6 * data::kImageBytes);
  content.labels = {9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 9, 8, 7, 6, 5, 4};
  content.indices = {{{9, 8, 7, 6, 5, 4, 3, 2, 1, 0}, {15, 10, 11, 12, 13, 14}, {}}};
  return content;
}

/// SqueezeNet on 32x32 images ([512,1,1]) and a head. @param trainable patterns of its layers.
inline model::ModelSpec squeezenet(std::vector<std::string> trainable = {}) {
  model::BackboneSpec backbone;
  backbone.backbone = "squeezenet1_1";
  backbone.weights = "random";
  backbone.trainable = std::move(trainable);
  model::ModelSpec spec;
  spec.layers = {{"", backbone},
                 {"", model::FlattenOp{}},
                 {"", model::DropoutOp{0.25}},
                 {"", model::DenseOp{.units = 10}}};
  model::name_layers(spec);
  return spec;
}

inline model::Graph planned(const model::ModelSpec& spec) {
  return model::plan_network(spec, {3, 32, 32});
}

class TransferTest : public data::PreparedFolder {
 protected:
  void SetUp() override {
    PreparedFolder::SetUp();
    data::write_prepared(file(), sixteen_images());
    data_ = std::make_shared<const data::PreparedData>(file());
  }

  [[nodiscard]] std::filesystem::path folder() const { return file().parent_path() / "out"; }

  [[nodiscard]] train::SessionRequest request(const model::ModelSpec& spec) const {
    train::SessionRequest request;
    request.name = "m";
    request.data.file = file();
    request.model = spec;
    request.train.epochs = 2;
    request.train.batch_size = 4;
    request.train.precision = core::Precision::float32;
    request.config = "{}";
    request.output = folder();
    request.opened = data_;
    return request;
  }

  std::shared_ptr<const data::PreparedData> data_;
};

}  // namespace svhn::transfer
