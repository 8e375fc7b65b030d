#include <algorithm>

#include "model/keras/rows.h"

namespace svhn::model {
namespace {

constexpr const char* kMergeHint = "branches are joined by Add and Concatenate";

constexpr KerasVariable kBias{.name = "bias", .suffix = "bias", .flag = "use_bias"};
constexpr KerasVariable kGamma{.name = "gamma", .suffix = "weight", .flag = "scale", .by_element = true};
constexpr KerasVariable kBeta{.name = "beta", .suffix = "bias", .flag = "center", .by_element = true};

constexpr KerasVariable kDense[]{
    {.name = "kernel", .suffix = "weight", .layout = KerasLayout::dense, .by_element = true}, kBias};
constexpr KerasVariable kConvolution[]{{.name = "kernel", .suffix = "weight", .layout = KerasLayout::kernel},
                                       kBias};
constexpr KerasVariable kDepthwise[]{
    {.name = "kernel", .suffix = "weight", .layout = KerasLayout::depthwise, .older = "depthwise_kernel"},
    kBias};
constexpr KerasVariable kSeparable[]{
    {.name = "depthwise_kernel", .suffix = "depthwise.weight", .layout = KerasLayout::depthwise},
    {.name = "pointwise_kernel", .suffix = "pointwise.weight", .layout = KerasLayout::kernel},
    kBias};
constexpr KerasVariable kBatchNorm[]{
    kGamma,
    kBeta,
    {.name = "moving_mean", .suffix = "running_mean", .by_element = true},
    {.name = "moving_variance", .suffix = "running_var", .by_element = true}};
constexpr KerasVariable kLayerNorm[]{kGamma, kBeta};
constexpr KerasVariable kNormalization[]{{.name = "mean", .suffix = "mean", .by_element = true},
                                         {.name = "variance", .suffix = "variance", .by_element = true},
                                         {.name = "count", .suffix = "", .skipped = true}};
constexpr KerasVariable kSlopes[]{{.name = "alpha", .suffix = "weight", .by_element = true}};

/// One row a class. A layer that Keras and this program have needs a row here and, for what its configuration
/// says, a function in layers.cpp or simple_layers.cpp.
constexpr KerasClass kClasses[]{
    {"Dense", keras_rows::dense, kDense},
    {"Conv2D", keras_rows::conv2d, kConvolution},
    {"DepthwiseConv2D", keras_rows::depthwise_conv2d, kDepthwise},
    {"SeparableConv2D", keras_rows::separable_conv2d, kSeparable},
    {"BatchNormalization", keras_rows::batch_norm, kBatchNorm},
    {"LayerNormalization", keras_rows::layer_norm, kLayerNorm},
    {"Normalization", keras_rows::normalization, kNormalization},
    {"Rescaling", keras_rows::rescaling},
    {"PReLU", keras_rows::prelu, kSlopes},
    {"MaxPooling2D", keras_rows::max_pool},
    {"AveragePooling2D", keras_rows::average_pool},
    {"GlobalAveragePooling2D", keras_rows::global_average_pool},
    {"GlobalMaxPooling2D", keras_rows::global_max_pool},
    {"Activation", keras_rows::activation},
    {"ReLU", keras_rows::relu},
    {"LeakyReLU", keras_rows::leaky_relu},
    {"ELU", keras_rows::elu},
    {"Softmax", keras_rows::softmax},
    {"Flatten", keras_rows::flatten},
    {"Reshape", keras_rows::reshape},
    {"ZeroPadding2D", keras_rows::zero_padding},
    {"Cropping2D", keras_rows::cropping},
    {"Resizing", keras_rows::resizing},
    {"Add", keras_rows::add},
    {"Concatenate", keras_rows::concatenate},
    {"Dropout", keras_rows::dropout},
    // These do nothing in inference.
    {"SpatialDropout2D", keras_rows::leave_out},
    {"GaussianDropout", keras_rows::leave_out},
    {"GaussianNoise", keras_rows::leave_out},
    {"AlphaDropout", keras_rows::leave_out},
    {"ActivityRegularization", keras_rows::leave_out},
    {"Identity", keras_rows::leave_out},
    {"RandomBrightness", keras_rows::leave_out},
    {"RandomColorDegeneration", keras_rows::leave_out},
    {"RandomColorJitter", keras_rows::leave_out},
    {"RandomContrast", keras_rows::leave_out},
    {"RandomElasticTransform", keras_rows::leave_out},
    {"RandomErasing", keras_rows::leave_out},
    {"RandomFlip", keras_rows::leave_out},
    {"RandomGaussianBlur", keras_rows::leave_out},
    {"RandomGrayscale", keras_rows::leave_out},
    {"RandomHeight", keras_rows::leave_out},
    {"RandomHue", keras_rows::leave_out},
    {"RandomInvert", keras_rows::leave_out},
    {"RandomPerspective", keras_rows::leave_out},
    {"RandomPosterization", keras_rows::leave_out},
    {"RandomRotation", keras_rows::leave_out},
    {"RandomSaturation", keras_rows::leave_out},
    {"RandomSharpness", keras_rows::leave_out},
    {"RandomShear", keras_rows::leave_out},
    {"RandomTranslation", keras_rows::leave_out},
    {"RandomWidth", keras_rows::leave_out},
    {"RandomZoom", keras_rows::leave_out},
    {"AugMix", keras_rows::leave_out},
    {"CutMix", keras_rows::leave_out},
    {"MixUp", keras_rows::leave_out},
    {"RandAugment", keras_rows::leave_out},
    {"Solarization", keras_rows::leave_out},
    // These are refused with a hint of their own.
    {"Multiply", keras_rows::not_read, {}, kMergeHint},
    {"Subtract", keras_rows::not_read, {}, kMergeHint},
    {"Average", keras_rows::not_read, {}, kMergeHint},
    {"Maximum", keras_rows::not_read, {}, kMergeHint},
    {"Minimum", keras_rows::not_read, {}, kMergeHint},
    {"Dot", keras_rows::not_read, {}, kMergeHint},
    {"RandomCrop", keras_rows::not_read, {}, "crop images before they enter the model, or use Cropping2D"},
    {"CenterCrop", keras_rows::not_read, {}, "use Cropping2D"},
    {"Lambda", keras_rows::not_read, {}, "code inside a file is not run; use layers in its place"},
    {"TFOpLambda", keras_rows::not_read, {}, "use layers such as Add in place of operators"},
};

}  // namespace

const KerasClass* find_keras_class(std::string_view name) {
  const auto* found = std::find_if(std::begin(kClasses), std::end(kClasses),
                                   [&](const KerasClass& row) { return row.name == name; });
  return found == std::end(kClasses) ? nullptr : found;
}

}  // namespace svhn::model
