/// Images per second of the batch loader of a run, on the calling thread.
///     augment_bench CONFIG ROUNDS
/// Prints a JSON document: the rates with and without the config's augmentation, one of each per round.

#include <cstdlib>
#include <ctime>
#include <iostream>
#include <nlohmann/json.hpp>

#include "config/run_config.h"
#include "core/error.h"
#include "data/augment/augment.h"
#include "data/batch.h"

namespace {

using namespace svhn;

double processor_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

/// @returns images a second of one pass over the training images.
double pass_rate(data::BatchLoader& loader, std::span<const std::int64_t> rows, const data::ImageHook& hook) {
  const double start = processor_seconds();
  loader.start(rows, hook);
  while (loader.next() != nullptr) continue;
  return static_cast<double>(rows.size()) / (processor_seconds() - start);
}

nlohmann::json measure(const config::RunConfig& config, int rounds) {
  const data::PreparedData prepared(config.data.file);
  const data::Preprocessing preprocessing{config.data.preprocess, prepared.statistics(data::Split::train)};
  const auto plan = data::plan_for(preprocessing, prepared, data::Split::train);
  data::BatchLoader loader(prepared, plan, {config.train.batch_size, false, {}});
  const auto rows = prepared.indices(data::Split::train);
  pass_rate(loader, rows, {});  // Reads and verifies the file's pages.
  nlohmann::json result{{"augmented", nlohmann::json::array()}, {"plain", nlohmann::json::array()}};
  for (int round = 0; round < rounds; ++round) {
    result["plain"].push_back(pass_rate(loader, rows, [](std::span<float>, std::int64_t) {}));
    const auto hook = data::augment_hook(config.data.augment.value(), plan, config.train.seed,
                                         static_cast<std::uint64_t>(round));
    result["augmented"].push_back(pass_rate(loader, rows, hook));
  }
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: augment_bench CONFIG ROUNDS\n";
    return 2;
  }
  try {
    std::cout << measure(config::load_run_config(argv[1], {}), std::atoi(argv[2])) << "\n";
    return 0;
  } catch (const core::Error& error) {
    std::cerr << error.what() << "\n";
    return static_cast<int>(error.code());
  }
}
