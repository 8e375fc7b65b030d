// mat_arff_dump FILE: writes the file's pixels (u8) and then its labels (i64) to stdout.
// mat_arff_dump --time FILE: reads it three times and prints rows, best seconds and peak memory as JSON.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>

#include "core/error.h"
#include "data/source.h"
#include "data/sources/arff_source.h"
#include "data/sources/mat_source.h"

namespace {

svhn::data::RawDigits read(const char* path) {
  const bool arff = svhn::data::detect_source(path).name == "arff";
  return arff ? svhn::data::read_arff(path) : svhn::data::read_mat(path);
}

void dump(const char* path) {
  const auto digits = read(path);
  std::fwrite(digits.images.data(), 1, digits.images.size(), stdout);
  std::fwrite(digits.labels.data(), sizeof(digits.labels[0]), digits.labels.size(), stdout);
}

/// @returns the peak memory of this program; getrusage reports that of the parent process if it is larger.
long peak_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    long value = 0;
    if (word == "VmHWM:" && status >> value) return value;
  }
  return 0;
}

void time_reading(const char* path) {
  using Clock = std::chrono::steady_clock;
  std::size_t rows = 0;
  double best = 1e9;
  for (int run = 0; run < 3; ++run) {
    const auto start = Clock::now();
    rows = read(path).labels.size();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  }
  std::printf("{\"rows\": %zu, \"seconds\": %.6f, \"peak_kib\": %ld}\n", rows, best, peak_kib());
}

}  // namespace

int main(int argc, char** argv) {
  const bool timed = argc == 3 && std::string_view(argv[1]) == "--time";
  if (argc != 2 && !timed) return 2;
  try {
    timed ? time_reading(argv[2]) : dump(argv[1]);
  } catch (const svhn::core::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return static_cast<int>(error.code());
  }
  return 0;
}
