// Runs t-SNE for Python scripts:
//   tsne_dump map IN OUT [KEY=VALUE]...     IN: `points` f32 [N,D]; OUT: `map`
//   tsne_dump gradient IN OUT [KEY=VALUE]... IN: also `map` f32 [N,2]; OUT: gradients by both methods for
//   P of the method given, `conditional`, `indices` (as f32), `distances`
//   tsne_dump place IN OUT [KEY=VALUE]...   IN: `points`, `reference`, `reference_map`; OUT: `map`
//   tsne_dump pca IN OUT [KEY=VALUE]...     IN: `points`; OUT: `scores`
// Keys: perplexity, iterations, method (fft or exact), threads, seed, features (pca_features), exaggeration.
// A summary in JSON goes to stdout.
#include <cstdio>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "interpret/tsne/descent.h"
#include "interpret/tsne/pca.h"
#include "interpret/tsne/tsne.h"
#include "kernels/hardware.h"
#include "network/tensor_io.h"

namespace {

using namespace svhn;
using torch::Tensor;
using Keys = std::map<std::string, std::string>;

Tensor read_array(const formats::SafetensorsFile& file, const std::string& name) {
  const auto& info = file.require(name, formats::DType::f32, {-1, -1});
  Tensor tensor = torch::empty(info.shape, torch::kFloat32);
  const auto bytes = file.bytes(info);
  std::memcpy(tensor.data_ptr(), bytes.data(), bytes.size());
  return tensor;
}

double number(const Keys& keys, const std::string& name, double otherwise) {
  const auto found = keys.find(name);
  return found == keys.end() ? otherwise : std::stod(found->second);
}

interpret::TsneOptions options_of(const Keys& keys) {
  interpret::TsneOptions options;
  options.perplexity = number(keys, "perplexity", options.perplexity);
  options.iterations = static_cast<std::int64_t>(number(keys, "iterations", 1000));
  options.seed = static_cast<std::uint64_t>(number(keys, "seed", 1));
  options.pca_features = static_cast<std::int64_t>(number(keys, "features", 50));
  const auto method = keys.find("method");
  if (method != keys.end() && method->second == "exact") options.method = interpret::TsneMethod::exact;
  return options;
}

nlohmann::json run_map(const formats::SafetensorsFile& in, const std::string& out, const Keys& keys) {
  const auto result = interpret::tsne(read_array(in, "points"), options_of(keys));
  network::write_tensors(out, {{"map", result.map}}, {});
  return {{"kl_divergence", result.kl_divergence},
          {"iterations", result.iterations},
          {"learning_rate", result.learning_rate},
          {"neighbours", result.neighbours},
          {"features", result.features},
          {"neighbour_seconds", result.neighbour_seconds},
          {"seconds", result.seconds}};
}

nlohmann::json run_gradient(const formats::SafetensorsFile& in, const std::string& out, const Keys& keys) {
  const Tensor points = read_array(in, "points"), map = read_array(in, "map");
  const auto options = options_of(keys);
  const auto others = points.size(0) - 1;
  const bool all = options.method == interpret::TsneMethod::exact;
  const auto wanted = std::min(others, static_cast<std::int64_t>(3.0 * options.perplexity + 1.0));
  const auto found = interpret::nearest_neighbours(points, points, {all ? others : wanted, true, {}});
  const Tensor conditional = interpret::conditional_probabilities(found.distances, options.perplexity);
  const auto affinities = interpret::joint_affinities(found, conditional);
  const double exaggeration = number(keys, "exaggeration", 1.0);
  interpret::TsneObjective fft(affinities, interpret::TsneMethod::fft, torch::kCPU);
  interpret::TsneObjective exact(affinities, interpret::TsneMethod::exact, torch::kCPU);
  network::write_tensors(out,
                         {{"fft", fft.gradient(map, exaggeration)},
                          {"exact", exact.gradient(map, exaggeration)},
                          {"conditional", conditional},
                          {"indices", found.indices.to(torch::kFloat32)},
                          {"distances", found.distances}},
                         {});
  return {{"fft", fft.divergence(map, exaggeration)}, {"exact", exact.divergence(map, exaggeration)}};
}

nlohmann::json run_transform(const formats::SafetensorsFile& in, const std::string& out, const Keys& keys) {
  interpret::TransformOptions options;
  options.perplexity = number(keys, "perplexity", options.perplexity);
  options.iterations = static_cast<std::int64_t>(number(keys, "iterations", 250));
  options.method = options_of(keys).method;
  const auto result = interpret::transform(read_array(in, "points"), read_array(in, "reference"),
                                           read_array(in, "reference_map"), options);
  network::write_tensors(out, {{"map", result.map}}, {});
  return {{"kl_divergence", result.kl_divergence}, {"start_kl_divergence", result.start_kl_divergence}};
}

nlohmann::json run_pca(const formats::SafetensorsFile& in, const std::string& out, const Keys& keys) {
  const Tensor points = read_array(in, "points");
  const auto pca = interpret::fit_pca(points, static_cast<std::int64_t>(number(keys, "features", 50)), 1);
  network::write_tensors(out, {{"scores", interpret::project(pca, points)}}, {});
  return {{"components", pca.components.size(0)}};
}

nlohmann::json run(const std::string& what, const std::string& in, const std::string& out, const Keys& keys) {
  const formats::SafetensorsFile file(in, core::ExitCode::data);
  if (what == "map") return run_map(file, out, keys);
  if (what == "gradient") return run_gradient(file, out, keys);
  if (what == "place") return run_transform(file, out, keys);
  if (what == "pca") return run_pca(file, out, keys);
  throw core::Error(core::ExitCode::usage, "unknown command '" + what + "'");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  Keys keys;
  for (int i = 4; i < argc; ++i) {
    const std::string text = argv[i];
    keys[text.substr(0, text.find('='))] = text.substr(text.find('=') + 1);
  }
  try {
    const torch::NoGradGuard no_grad;
    kernels::set_threads(static_cast<int>(number(keys, "threads", 0)));
    std::puts(run(argv[1], argv[2], argv[3], keys).dump().c_str());
    return 0;
  } catch (const core::Error& error) {
    std::fprintf(stderr, "%s; %s\n", error.what(), error.hint().c_str());
    return static_cast<int>(error.code());
  }
}
