// Classifies a picture: classify MODEL PICTURE.ppm
// Build: c++ -std=c++17 classify.cpp $(pkg-config --cflags --libs svhn) -o classify
#include <cstdio>
#include <fstream>
#include <string>
#include <svhn/svhn.hpp>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 3) return std::fputs("usage: classify MODEL PICTURE.ppm\n", stderr), 2;
  std::ifstream file(argv[2], std::ios::binary);
  std::string kind;
  std::size_t width = 0, height = 0, most = 0;
  file >> kind >> width >> height >> most;
  file.get();
  if (!file || kind != "P6" || most != 255 || width > 10'000 || height > 10'000)
    return std::fputs("not a binary PPM file\n", stderr), 4;
  std::vector<std::uint8_t> pixels(3 * width * height);
  file.read(reinterpret_cast<char*>(pixels.data()), static_cast<std::streamsize>(pixels.size()));
  try {
    const svhn::Model model(argv[1]);
    const svhn::Answer answer = model.classify(svhn::Picture{pixels.data(), height, width});
    std::printf("%s says %d\n", model.name().c_str(), answer.digit);
    for (std::size_t i = 0; i < answer.probabilities.size(); ++i)
      std::printf("%s %.17g\n", model.labels()[i].c_str(), answer.probabilities[i]);
  } catch (const svhn::Error& error) {
    std::fprintf(stderr, "%s\n%s\n", error.what(), error.hint().c_str());
    return static_cast<int>(error.code());
  }
}
