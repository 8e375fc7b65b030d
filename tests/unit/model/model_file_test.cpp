#include "model/model_file.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "unit/hostile_bytes.h"

namespace svhn::model {
namespace {

using Metadata = std::map<std::string, std::string>;

ModelRecord record() {
  ModelSpec spec;
  spec.layers.push_back({"", FlattenOp{}});
  spec.layers.push_back({"", DenseOp{.units = 10, .activation = Activation::softmax}});
  return {"tiny", {1, 2, 3}, spec, R"({"steps":["greyscale"]})", true};
}

/// A model of one dense layer, [10,6] and [10], and whatever else a test wants in or out of its file.
class ModelFileTest : public testing::Test {
 protected:
  ModelFileTest() : numbers_(60) {
    for (std::size_t i = 0; i < numbers_.size(); ++i) numbers_[i] = static_cast<float>(i);
    add("dense_1.weight", {10, 6});
    add("dense_1.bias", {10});
  }

  void add(const std::string& name, const Shape& shape, formats::DType dtype = formats::DType::f32) {
    const std::size_t size = formats::item_size(dtype) * static_cast<std::size_t>(element_count(shape));
    tensors_.push_back({name, dtype, shape, std::as_bytes(std::span(numbers_)).first(size)});
  }

  ModelFile open() const {
    formats::write_safetensors(path(), tensors_, metadata_, core::ExitCode::model);
    return ModelFile(path());
  }

  /// @returns the message without the path, or nothing when the file is taken.
  [[nodiscard]] std::string refusal() const {
    return message_of([this] { open(); });
  }

  [[nodiscard]] std::string message_of(const std::function<void()>& body) const {
    try {
      body();
    } catch (const core::Error& error) {
      EXPECT_EQ(error.code(), core::ExitCode::model);
      EXPECT_FALSE(error.hint().empty());
      hint_ = error.hint();
      const std::string message = error.what(), start = "'" + path().string() + "'";
      EXPECT_EQ(message.find(start), 0U) << message;
      EXPECT_EQ(message.find('\n'), std::string::npos);
      return message.substr(std::min(message.size(), start.size() + 2));
    }
    return "";
  }

  [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "tiny.safetensors"; }

  test::TemporaryFolder folder_;
  std::vector<float> numbers_;
  std::vector<formats::TensorToWrite> tensors_;
  Metadata metadata_ = record_metadata(record(), "model");
  mutable std::string hint_;
};

TEST_F(ModelFileTest, KeepsTheTemperature) {
  EXPECT_EQ(open().record().temperature, 1.0);
  EXPECT_FALSE(metadata_.contains("temperature"));
  ModelRecord calibrated = record();
  calibrated.temperature = 0.1 + 0.2;
  metadata_ = record_metadata(calibrated, "model");
  EXPECT_EQ(open().record().temperature, 0.1 + 0.2);
}

TEST_F(ModelFileTest, KeepsTheFingerprintsOfItsTraining) {
  EXPECT_EQ(open().record().data_fingerprint + open().record().val_fingerprint, "");
  ModelRecord trained = record();
  trained.data_fingerprint = "0123456789abcdef";
  trained.val_fingerprint = "fedcba9876543210";
  metadata_ = record_metadata(trained, "model");
  EXPECT_EQ(open().record().data_fingerprint, trained.data_fingerprint);
  EXPECT_EQ(open().record().val_fingerprint, trained.val_fingerprint);
}

TEST_F(ModelFileTest, RefusesATemperatureThatIsNone) {
  for (const char* text : {"0", "-1", "0.0099", "100.1", "\"1\"", "null"}) {
    metadata_["temperature"] = text;
    EXPECT_EQ(refusal(), std::string("its temperature is ") + text + ", not a number from 0.01 to 100");
  }
  metadata_["temperature"] = "nan";
  EXPECT_NE(refusal(), "");
}

TEST_F(ModelFileTest, TellsWhatTheModelIs) {
  const ModelFile file = open();
  EXPECT_EQ(file.record().name, "tiny");
  EXPECT_EQ(file.record().input, (Shape{1, 2, 3}));
  EXPECT_EQ(file.record().preprocessing, R"({"steps":["greyscale"]})");
  EXPECT_TRUE(file.record().synthetic);
  EXPECT_FALSE(file.is_checkpoint());
  ASSERT_EQ(file.graph().layers.size(), 2U);
  EXPECT_EQ(file.graph().layers[1].spec.name, "dense_1");
  EXPECT_EQ(file.graph().counts.total, 70);
  EXPECT_EQ(file.file().metadata().at("classes"), R"(["1","2","3","4","5","6","7","8","9","0"])");
}

TEST_F(ModelFileTest, NamesAMissingTensor) {
  tensors_.pop_back();
  EXPECT_NE(refusal().find("dense_1.bias"), std::string::npos);
}

TEST_F(ModelFileTest, NamesAnUnexpectedTensor) {
  add("dense_2.bias", {10});
  EXPECT_EQ(refusal(), "unexpected tensor 'dense_2.bias'");
}

TEST_F(ModelFileTest, NamesATensorOfAnotherShapeOrType) {
  tensors_.pop_back();
  add("dense_1.bias", {5, 2});
  const std::string shape = refusal();
  EXPECT_NE(shape.find("dense_1.bias"), std::string::npos) << shape;
  EXPECT_NE(shape.find("[5,2]"), std::string::npos) << shape;
  tensors_.pop_back();
  add("dense_1.bias", {10}, formats::DType::i32);
  EXPECT_NE(refusal().find("dense_1.bias"), std::string::npos);
}

TEST_F(ModelFileTest, TakesTrainingStateInCheckpointsOnly) {
  add("optimizer.m.dense_1.bias", {10});
  add("average.dense_1.bias", {10});
  EXPECT_EQ(refusal(), "unexpected tensor 'average.dense_1.bias'");
  metadata_ = record_metadata(record(), "checkpoint");
  EXPECT_TRUE(open().is_checkpoint());
}

TEST_F(ModelFileTest, TellsNewerFormatsFromForeignFiles) {
  metadata_["format"] = "svhn-model-2";
  EXPECT_EQ(refusal(), "its format is 'svhn-model-2', not 'svhn-model-1'");
  EXPECT_EQ(hint_, "it was written by a newer version of svhn");
  metadata_["format"] = "pt";
  EXPECT_EQ(refusal(), "its format is 'pt', not 'svhn-model-1'");
  EXPECT_EQ(hint_,
            "these are weights alone: name them in a config's backbone, or convert the whole Keras model");
  metadata_["format"] = "svhn-prepared-1";
  EXPECT_EQ(refusal(), "a prepared data file, not a model");
  metadata_.clear();
  EXPECT_EQ(refusal(), "not a model file of this program (no 'format')");
}

TEST_F(ModelFileTest, NeedsEveryEntry) {
  for (const char* key : {"format", "kind", "name", "input", "layers", "preprocessing", "synthetic"}) {
    metadata_ = record_metadata(record(), "model");
    metadata_.erase(key);
    EXPECT_EQ(refusal(), std::string("not a model file of this program (no '") + key + "')");
  }
}

TEST_F(ModelFileTest, RefusesKindsThatItDoesNotKnow) {
  metadata_["kind"] = "data";
  EXPECT_EQ(refusal(), "its kind is 'data', neither 'model' nor 'checkpoint'");
}

TEST_F(ModelFileTest, RefusesInputsAndLayersThatCannotBe) {
  for (const char* input :
       {"[1,2]", "[1,2,0]", "[1,2,1000000]", "[1,2,3.5]", "{}", "[1,2,", "", "[1,2,3,4]"}) {
    metadata_["input"] = input;
    EXPECT_NE(refusal(), "") << input;
  }
  metadata_ = record_metadata(record(), "model");
  for (const char* layers : {"{}", "[]", "{\"layers\":[]}", "{\"layers\":[{\"type\":\"lambda\"}]}",
                             "{\"layers\":[{\"type\":\"flatten\"}]}"}) {
    metadata_["layers"] = layers;
    EXPECT_NE(message_of([this] { open(); }), "") << layers;
  }
}

TEST_F(ModelFileTest, NoticesAFlippedBitAnywhere) {
  open();
  const std::string bytes = test::read_bytes(path());
  for (std::size_t place = 0; place < bytes.size(); place += 5) {
    std::string damaged = bytes;
    damaged[place] = static_cast<char>(damaged[place] ^ 4);
    folder_.write("tiny.safetensors", damaged);
    EXPECT_THROW(ModelFile(path()).file().verify(), core::Error) << "byte " << place;
  }
}

TEST_F(ModelFileTest, NoticesTruncation) {
  open();
  const std::string bytes = test::read_bytes(path());
  for (const std::size_t size : {std::size_t{0}, std::size_t{7}, std::size_t{100}, bytes.size() - 1}) {
    folder_.write("tiny.safetensors", bytes.substr(0, size));
    EXPECT_NE(message_of([this] { ModelFile{path()}; }), "") << size;
  }
  std::filesystem::remove(path());
  EXPECT_THROW(ModelFile{path()}, core::Error);
}

}  // namespace
}  // namespace svhn::model
