/// corrupt_dump NAME SEVERITY SEED: reads images of 3072 bytes from the standard input, rows 0, 1, …, and
/// writes them corrupted.
#include <array>
#include <cstdio>
#include <cstdlib>

#include "data/corrupt/corrupter.h"

int main(int argc, char** argv) {
  if (argc != 4) return EXIT_FAILURE;
  const svhn::data::Corrupter corrupter(argv[1], std::atoi(argv[2]), std::strtoull(argv[3], nullptr, 10));
  std::array<std::uint8_t, svhn::data::kImageBytes> image{}, changed{};
  for (std::int64_t row = 0; std::fread(image.data(), 1, image.size(), stdin) == image.size(); ++row) {
    corrupter.apply(image, row, changed);
    std::fwrite(changed.data(), 1, changed.size(), stdout);
  }
  return EXIT_SUCCESS;
}
