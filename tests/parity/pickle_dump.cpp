// Reads a pickle with read_pickled_frame, for pickle_parity.py and pickle_bench.py:
//   pickle_dump FILE          prints the labels, one a line, then the bytes of all images
//   pickle_dump --time FILE   prints one line of JSON: rows, wall-clock and processor seconds, peak memory
#include <chrono>
#include <ctime>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>

#include "core/error.h"
#include "data/sources/pickled.h"

namespace {

int dump(const char* path) {
  const auto digits = svhn::data::read_pickled_frame(path);
  for (const auto label : digits.labels) std::cout << label << '\n';
  std::cout.write(reinterpret_cast<const char*>(digits.images.data()),
                  static_cast<std::streamsize>(digits.images.size()));
  return 0;
}

/// @returns the peak memory of this program; getrusage reports that of the parent process if it is larger.
long peak_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    long kib = 0;
    if (word == "VmHWM:" && status >> kib) return kib;
  }
  return 0;
}

int time_it(const char* path) {
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t processor = std::clock();
  const auto digits = svhn::data::read_pickled_frame(path);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  const double busy = static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC;
  std::cout << "{\"rows\": " << digits.labels.size() << ", \"seconds\": " << seconds.count()
            << ", \"processor_seconds\": " << busy << ", \"peak_kib\": " << peak_kib() << "}\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc == 2) return dump(argv[1]);
    if (argc == 3 && std::string_view(argv[1]) == "--time") return time_it(argv[2]);
  } catch (const svhn::core::Error& error) {
    std::cerr << error.what() << '\n';
    return static_cast<int>(error.code());
  }
  std::cerr << "usage: pickle_dump [--time] FILE\n";
  return 2;
}
