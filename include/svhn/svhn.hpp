#ifndef SVHN_SVHN_HPP
#define SVHN_SVHN_HPP
/// The C++ interface of libsvhn: classify pictures of digits by a trained model, look at prepared data.
///
///     svhn::Model model("model.safetensors");
///     svhn::Answer answer = model.classify({pixels, height, width});
///
/// Needs C++17. What fails throws svhn::Error; std::bad_alloc may be thrown, too.
///
/// Threads: objects may be used by several threads at once, except while they are moved or destroyed. Calls
/// of one Model are computed one after the other, each by `threads()` threads; calls of several Models at the
/// same time share the processor. Results do not depend on it.
///
/// Files are mapped into memory. Keep them as they are while an object that has opened one is in use: where a
/// file becomes shorter, the next access ends the process with SIGBUS, as with any mapped file.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#ifndef SVHN_API
#define SVHN_API __attribute__((visibility("default")))
#endif

namespace svhn {

/// What kind of failure an Error is; the exit codes of the program `svhn`.
enum class ErrorCode : int {
  bug = 1,      ///< A defect of the library.
  usage = 2,    ///< An argument is invalid.
  config = 3,   ///< A run's JSON is invalid.
  data = 4,     ///< A data file or a picture is missing, damaged or unusable.
  model = 5,    ///< A model file is missing, damaged or unusable.
  numeric = 6,  ///< The model gives numbers that are not finite.
  device = 7,   ///< A device or memory is not usable.
};

/// The exception of this library: one line in `what()`, and a line about what to do.
class SVHN_API Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message, std::string hint);
  Error(const Error&) noexcept;
  Error& operator=(const Error&) = delete;
  ~Error() override;
  [[nodiscard]] ErrorCode code() const noexcept;
  [[nodiscard]] const std::string& hint() const noexcept;  ///< May be empty.

 private:
  ErrorCode code_;
  std::shared_ptr<const std::string> hint_;
};

/// @returns the version of the library, "major.minor.patch".
SVHN_API std::string version();

/// @returns the processor threads that models compute with; at first all that this process may use.
SVHN_API int threads();
/// Sets their number for all models of the process, also that of LibTorch's and OpenBLAS' threads.
/// @param count 1 to 1024; 0: all that this process may use. @throws Error(usage)
SVHN_API void set_threads(int count);

/// A picture in the caller's memory: u8 [height,width,3], each pixel red, green, blue.
struct Picture {
  const std::uint8_t* pixels = nullptr;
  std::size_t height = 0;  ///< 1 to 2^28 pixels in all.
  std::size_t width = 0;
  std::size_t stride = 0;  ///< Bytes from one row to the next, at least 3 * width; 0: 3 * width.
};

/// What a model says of a picture.
struct Answer {
  int digit = 0;                           ///< The most probable one.
  double probability = 0.0;                ///< Of that digit.
  std::array<double, 10> probabilities{};  ///< [d]: of the digit d; their sum is 1.
};

/// How well a model did on a split of a prepared file, by `svhn evaluate`.
struct Evaluation {
  std::string data;           ///< The prepared file's path, as it was given.
  std::string split;          ///< "train", "val" or "test".
  bool synthetic = false;     ///< Whether the pictures were drawn by svhn itself.
  std::int64_t images = 0;    ///< Of the split.
  double accuracy = 0.0;      ///< 0..1
  double accuracy_low = 0.0;  ///< The interval of 95 % around it, Wilson's.
  double accuracy_high = 0.0;
  double calibration_error = 0.0;  ///< The expected one, 0..1; NaN where it is not known.
  std::string fingerprint;  ///< Of the split's images, labels and preprocessing: equal of what is comparable.
};

struct ModelOptions {
  std::string device = "cpu";  ///< "cpu", "cuda", "cuda:INDEX", or "auto": CUDA where there is a device.
  bool bfloat16 = false;       ///< Faster on some processors, less exact.
  /// Pictures that are computed together; fewer are filled up, so that a picture's answer does not depend on
  /// others. 0: as `svhn predict` does (128 of 32x32 pixels), for the same bits as its answers. 1 answers
  /// single pictures soonest; its probabilities may differ in their last digits.
  int batch_size = 0;
};

/// A trained model.
class SVHN_API Model {
 public:
  /// Opens a model or a checkpoint of svhn. @throws Error(model), Error(device), Error(usage)
  explicit Model(const std::string& path, const ModelOptions& options = {});
  ~Model();
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;

  /// Classifies a picture of any size: it is resized as `svhn predict` resizes, and gets the same answer as a
  /// file of these pixels. @throws Error(usage) for sizes that are not allowed, Error(numeric)
  [[nodiscard]] Answer classify(const Picture& picture) const;
  /// Classifies several; much faster than one by one.
  [[nodiscard]] std::vector<Answer> classify(const std::vector<Picture>& pictures) const;
  /// Classifies pictures that have the sides of the model's input already.
  /// @param images u8 [count,height(),width(),3], red, green, blue.
  [[nodiscard]] std::vector<Answer> classify_batch(const std::uint8_t* images, std::size_t count) const;

  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] std::size_t height() const noexcept;  ///< Of its input, pixels.
  [[nodiscard]] std::size_t width() const noexcept;
  [[nodiscard]] std::int64_t parameters() const noexcept;
  /// @returns the name of each class, in the order of Answer::probabilities: "0" to "9".
  [[nodiscard]] const std::array<std::string, 10>& labels() const noexcept;
  /// @returns what is done with the pixels, in words: "greyscale, then scaled to 0..1 by …".
  [[nodiscard]] const std::string& preprocessing() const noexcept;
  /// @returns whether it was trained on synthetic digits.
  [[nodiscard]] bool synthetic() const noexcept;
  /// Reads the evaluations of these weights that are kept in the run's folder beside the file; often none.
  /// @throws Error(data) when one of them is damaged.
  [[nodiscard]] std::vector<Evaluation> evaluations() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The parts of a prepared file.
enum class Split : int { train = 0, val = 1, test = 2 };

/// A prepared file: what `svhn preprocess` writes.
class SVHN_API Data {
 public:
  /// @throws Error(data) when it is missing, damaged or no prepared file.
  explicit Data(const std::string& path);
  ~Data();
  Data(Data&&) noexcept;
  Data& operator=(Data&&) noexcept;

  [[nodiscard]] std::size_t size() const noexcept;  ///< Images in the file.
  /// @returns the rows of a split, each less than `size()`.
  [[nodiscard]] const std::vector<std::int64_t>& rows(Split split) const;
  /// @returns u8 [32,32,3], red, green, blue; valid as long as this object.
  /// @throws Error(data) when the image is damaged, Error(usage) when there is no such row.
  [[nodiscard]] const std::uint8_t* image(std::size_t row) const;
  /// @returns the digit that an image shows, 0..9. @throws Error(usage) when there is no such row.
  [[nodiscard]] int digit(std::size_t row) const;
  /// @returns whether the images were drawn by svhn itself.
  [[nodiscard]] bool synthetic() const noexcept;
  /// @returns the files that it was made of, as it says; may be empty.
  [[nodiscard]] const std::string& source() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace svhn
#endif
