/// The functions of svhn.h over the classes of svhn.hpp.

#include <algorithm>
#include <exception>
#include <iterator>
#include <mutex>

#include "api/translate.h"
#include "svhn/svhn.h"

struct svhn_model {
  svhn::Model model;
  mutable std::once_flag found{};
  mutable std::vector<svhn::Evaluation> evaluations{};
};

struct svhn_data {
  svhn::Data data;
};

namespace {

using svhn::Error;
using svhn::ErrorCode;

struct LastError {
  std::string text, hint;
};

LastError& last_error() {
  thread_local LastError mine;
  return mine;
}

svhn_status keep(const Error& error) {
  last_error() = {error.what(), error.hint()};
  return static_cast<svhn_status>(error.code());
}

/// Calls `body`. @returns what became of it.
template <typename Body>
svhn_status status_of(const Body& body) {
  try {
    body();
    return SVHN_OK;
  } catch (const Error& error) {
    return keep(error);
  } catch (const std::exception& exception) {
    return keep(svhn::api::public_error(exception));
  }
}

/// @throws Error(usage)
template <typename... Pointers>
void check_pointers(const Pointers*... pointers) {
  if ((... && (pointers != nullptr))) return;
  throw Error(ErrorCode::usage, "a null pointer was given", "see svhn.h");
}

void hand_out(const std::vector<svhn::Answer>& answers, double* probabilities, int* digits) {
  for (const svhn::Answer& answer : answers) {
    if (probabilities != nullptr)
      probabilities = std::copy(answer.probabilities.begin(), answer.probabilities.end(), probabilities);
    if (digits != nullptr) *digits++ = answer.digit;
  }
}

const std::vector<svhn::Evaluation>& evaluations_of(const svhn_model& handle) {
  std::call_once(handle.found, [&] { handle.evaluations = handle.model.evaluations(); });
  return handle.evaluations;
}

}  // namespace

int svhn_abi_version() noexcept {
  return SVHN_ABI_VERSION;
}

const char* svhn_version() noexcept {
  static const std::string text = svhn::version();
  return text.c_str();
}

const char* svhn_last_error() noexcept {
  return last_error().text.c_str();
}

const char* svhn_last_hint() noexcept {
  return last_error().hint.c_str();
}

svhn_status svhn_set_threads(int count) noexcept {
  return status_of([&] { svhn::set_threads(count); });
}

svhn_status svhn_model_open(const char* path, const char* device, int batch_size,
                            svhn_model** model) noexcept {
  return status_of([&] {
    check_pointers(path, model);
    svhn::ModelOptions options;
    if (device != nullptr) options.device = device;
    options.batch_size = batch_size;
    *model = new svhn_model{svhn::Model(path, options)};
  });
}

void svhn_model_close(svhn_model* model) noexcept {
  delete model;
}

svhn_status svhn_model_classify(const svhn_model* model, const svhn_picture* pictures, size_t count,
                                double* probabilities, int* digits) noexcept {
  return status_of([&] {
    check_pointers(model);
    if (count > 0) check_pointers(pictures);
    std::vector<svhn::Picture> list;
    std::transform(pictures, pictures + count, std::back_inserter(list), [](const svhn_picture& one) {
      return svhn::Picture{one.pixels, one.height, one.width, one.stride};
    });
    hand_out(model->model.classify(list), probabilities, digits);
  });
}

svhn_status svhn_model_classify_batch(const svhn_model* model, const uint8_t* images, size_t count,
                                      double* probabilities, int* digits) noexcept {
  return status_of([&] {
    check_pointers(model);
    hand_out(model->model.classify_batch(images, count), probabilities, digits);
  });
}

const char* svhn_model_name(const svhn_model* model) noexcept {
  return model->model.name().c_str();
}

size_t svhn_model_height(const svhn_model* model) noexcept {
  return model->model.height();
}

size_t svhn_model_width(const svhn_model* model) noexcept {
  return model->model.width();
}

int64_t svhn_model_parameters(const svhn_model* model) noexcept {
  return model->model.parameters();
}

const char* svhn_model_label(const svhn_model* model, int index) noexcept {
  const auto& labels = model->model.labels();
  const auto slot = static_cast<std::size_t>(index);
  return slot < labels.size() ? labels[slot].c_str() : nullptr;
}

const char* svhn_model_preprocessing(const svhn_model* model) noexcept {
  return model->model.preprocessing().c_str();
}

int svhn_model_synthetic(const svhn_model* model) noexcept {
  return model->model.synthetic() ? 1 : 0;
}

svhn_status svhn_model_evaluation_count(const svhn_model* model, size_t* count) noexcept {
  return status_of([&] {
    check_pointers(model, count);
    *count = evaluations_of(*model).size();
  });
}

svhn_status svhn_model_evaluation(const svhn_model* model, size_t index,
                                  svhn_evaluation* evaluation) noexcept {
  return status_of([&] {
    check_pointers(model, evaluation);
    const auto& all = evaluations_of(*model);
    if (index >= all.size())
      throw Error(ErrorCode::usage,
                  "evaluation " + std::to_string(index) + " of " + std::to_string(all.size()),
                  "see svhn_model_evaluation_count");
    const svhn::Evaluation& one = all[index];
    *evaluation = {one.data.c_str(), one.split.c_str(), one.synthetic ? 1 : 0, one.images,
                   one.accuracy,     one.accuracy_low,  one.accuracy_high,     one.calibration_error};
  });
}

svhn_status svhn_data_open(const char* path, svhn_data** data) noexcept {
  return status_of([&] {
    check_pointers(path, data);
    *data = new svhn_data{svhn::Data(path)};
  });
}

void svhn_data_close(svhn_data* data) noexcept {
  delete data;
}

size_t svhn_data_size(const svhn_data* data) noexcept {
  return data->data.size();
}

svhn_status svhn_data_rows(const svhn_data* data, int split, const int64_t** rows, size_t* count) noexcept {
  return status_of([&] {
    check_pointers(data, rows, count);
    const auto& all = data->data.rows(static_cast<svhn::Split>(split));
    *rows = all.data();
    *count = all.size();
  });
}

svhn_status svhn_data_image(const svhn_data* data, size_t row, const uint8_t** image) noexcept {
  return status_of([&] {
    check_pointers(data, image);
    *image = data->data.image(row);
  });
}

svhn_status svhn_data_digit(const svhn_data* data, size_t row, int* digit) noexcept {
  return status_of([&] {
    check_pointers(data, digit);
    *digit = data->data.digit(row);
  });
}

int svhn_data_synthetic(const svhn_data* data) noexcept {
  return data->data.synthetic() ? 1 : 0;
}

const char* svhn_data_source(const svhn_data* data) noexcept {
  return data->data.source().c_str();
}
