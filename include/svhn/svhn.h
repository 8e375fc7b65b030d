#ifndef SVHN_SVHN_H
#define SVHN_SVHN_H
/* The C interface of libsvhn: the classes of svhn.hpp as opaque handles. C99.
 *
 * Functions that can fail return an svhn_status; svhn_last_error() then says why. What they hand out is left
 * as it was. No exception leaves a function. Where nothing else is said, pointers must not be null; texts are
 * UTF-8, end with a zero and are valid as long as their handle.
 *
 * Threads and files: as svhn.hpp says. Handles may be used by several threads at once, except while they are
 * closed. */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define SVHN_NOEXCEPT noexcept
extern "C" {
#else
#define SVHN_NOEXCEPT
#endif
#ifndef SVHN_API
#define SVHN_API __attribute__((visibility("default")))
#endif

/* Counts changes that programs built against an earlier header do not survive. */
#define SVHN_ABI_VERSION 1
/* Returns the SVHN_ABI_VERSION that the library was built with; it should equal the header's. */
SVHN_API int svhn_abi_version(void) SVHN_NOEXCEPT;
/* Returns "major.minor.patch". */
SVHN_API const char* svhn_version(void) SVHN_NOEXCEPT;

/* The exit codes of the program `svhn`. */
typedef enum svhn_status {
  SVHN_OK = 0,
  SVHN_BUG = 1,     /* a defect of the library */
  SVHN_USAGE = 2,   /* an argument is invalid */
  SVHN_CONFIG = 3,  /* a run's JSON is invalid */
  SVHN_DATA = 4,    /* a data file or a picture is missing, damaged or unusable */
  SVHN_MODEL = 5,   /* a model file is missing, damaged or unusable */
  SVHN_NUMERIC = 6, /* the model gives numbers that are not finite */
  SVHN_DEVICE = 7   /* a device or memory is not usable */
} svhn_status;

/* Return what the last failure of this thread was, one line, and what to do about it, one line or "". They
 * are valid until the next failure of this thread. */
SVHN_API const char* svhn_last_error(void) SVHN_NOEXCEPT;
SVHN_API const char* svhn_last_hint(void) SVHN_NOEXCEPT;

/* Sets the processor threads of all models of the process. count: 1 to 1024; 0: all that it may use. */
SVHN_API svhn_status svhn_set_threads(int count) SVHN_NOEXCEPT;

/* ---- Models */

typedef struct svhn_model svhn_model;

/* A picture in the caller's memory: u8 [height,width,3], each pixel red, green, blue. */
typedef struct svhn_picture {
  const uint8_t* pixels;
  size_t height;
  size_t width;
  size_t stride; /* bytes from one row to the next, at least 3 * width; 0: 3 * width */
} svhn_picture;

/* How well a model did on a split of a prepared file. */
typedef struct svhn_evaluation {
  const char* data;  /* the prepared file's path, as it was given */
  const char* split; /* "train", "val" or "test" */
  int synthetic;     /* not 0: the pictures were drawn by svhn itself */
  int64_t images;
  double accuracy;                    /* 0..1 */
  double accuracy_low, accuracy_high; /* the interval of 95 % around it */
  double calibration_error;           /* 0..1; NaN where it is not known */
} svhn_evaluation;

/* Opens a model or a checkpoint of svhn.
 * device: "cpu", "cuda", "cuda:INDEX" or "auto"; null: "cpu".
 * batch_size: pictures that are computed together; 0: as `svhn predict` does, for the same bits as its
 * answers; 1: soonest for single pictures. model: set on success; close it with svhn_model_close. */
SVHN_API svhn_status svhn_model_open(const char* path, const char* device, int batch_size,
                                     svhn_model** model) SVHN_NOEXCEPT;
/* Null is allowed. */
SVHN_API void svhn_model_close(svhn_model* model) SVHN_NOEXCEPT;

/* Classifies pictures of any size, as `svhn predict` does with files of these pixels; many at once are much
 * faster than one by one.
 * probabilities: [count,10], [i][d] of the digit d; null: not wanted.
 * digits: [count], the most probable ones; null: not wanted. */
SVHN_API svhn_status svhn_model_classify(const svhn_model* model, const svhn_picture* pictures, size_t count,
                                         double* probabilities, int* digits) SVHN_NOEXCEPT;
/* Classifies pictures that have the sides of the model's input already: u8 [count,height,width,3]. */
SVHN_API svhn_status svhn_model_classify_batch(const svhn_model* model, const uint8_t* images, size_t count,
                                               double* probabilities, int* digits) SVHN_NOEXCEPT;

SVHN_API const char* svhn_model_name(const svhn_model* model) SVHN_NOEXCEPT;
/* The sides of its input, pixels. */
SVHN_API size_t svhn_model_height(const svhn_model* model) SVHN_NOEXCEPT;
SVHN_API size_t svhn_model_width(const svhn_model* model) SVHN_NOEXCEPT;
SVHN_API int64_t svhn_model_parameters(const svhn_model* model) SVHN_NOEXCEPT;
/* Returns the name of a class, "0" to "9", in the order of the probabilities; null for an index beyond 0..9.
 */
SVHN_API const char* svhn_model_label(const svhn_model* model, int index) SVHN_NOEXCEPT;
/* Returns what is done with the pixels, in words. */
SVHN_API const char* svhn_model_preprocessing(const svhn_model* model) SVHN_NOEXCEPT;
/* Returns whether it was trained on synthetic digits. */
SVHN_API int svhn_model_synthetic(const svhn_model* model) SVHN_NOEXCEPT;
/* Finds the evaluations of these weights that are kept in the run's folder beside the file, at the first
 * call. count: set to their number. */
SVHN_API svhn_status svhn_model_evaluation_count(const svhn_model* model, size_t* count) SVHN_NOEXCEPT;
SVHN_API svhn_status svhn_model_evaluation(const svhn_model* model, size_t index,
                                           svhn_evaluation* evaluation) SVHN_NOEXCEPT;

/* ---- Prepared files */

typedef struct svhn_data svhn_data;

/* data: set on success; close it with svhn_data_close. */
SVHN_API svhn_status svhn_data_open(const char* path, svhn_data** data) SVHN_NOEXCEPT;
/* Null is allowed. */
SVHN_API void svhn_data_close(svhn_data* data) SVHN_NOEXCEPT;
/* Returns the number of images in the file. */
SVHN_API size_t svhn_data_size(const svhn_data* data) SVHN_NOEXCEPT;
/* rows: set to the rows of a split. split: 0 training, 1 validation, 2 test. count: set to their number. */
SVHN_API svhn_status svhn_data_rows(const svhn_data* data, int split, const int64_t** rows,
                                    size_t* count) SVHN_NOEXCEPT;
/* image: set to u8 [32,32,3], red, green, blue, valid as long as the handle. */
SVHN_API svhn_status svhn_data_image(const svhn_data* data, size_t row, const uint8_t** image) SVHN_NOEXCEPT;
/* digit: set to the digit that an image shows, 0..9. */
SVHN_API svhn_status svhn_data_digit(const svhn_data* data, size_t row, int* digit) SVHN_NOEXCEPT;
/* Returns whether the images were drawn by svhn itself. */
SVHN_API int svhn_data_synthetic(const svhn_data* data) SVHN_NOEXCEPT;
/* Returns the files that it was made of, as it says; may be "". */
SVHN_API const char* svhn_data_source(const svhn_data* data) SVHN_NOEXCEPT;

/* ---- The command line */

/* Runs a command line as the program `svhn` does, for programs that offer it as their own: the result goes to
 * stdout, messages to stderr, and handlers of signals are set. Call it once in a process, and end the process
 * with what it returns. `--nproc` is the program's alone.
 * argc, argv: as those of `main`; the first is not read.
 * Returns the exit code: an svhn_status, or 128 + n after signal n. */
SVHN_API int svhn_command_line(int argc, const char* const* argv) SVHN_NOEXCEPT;

#ifdef __cplusplus
}
#endif
#endif
