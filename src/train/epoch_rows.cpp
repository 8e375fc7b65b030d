#include "train/epoch_rows.h"

#include "data/batch.h"

namespace svhn::train {

std::vector<std::int64_t> epoch_rows(const TrainOptions& options, const data::PreparedData& data,
                                     std::int64_t epoch, std::int64_t steps) {
  const auto all = data.indices(data::Split::train);
  const auto batch = static_cast<std::size_t>(options.batch_size);
  const std::size_t per_pass = (all.size() + batch - 1) / batch;
  const auto wanted = static_cast<std::size_t>(steps);
  const std::size_t passes = wanted <= per_pass ? 1 : (wanted * batch + all.size() - 1) / all.size();
  std::vector<std::int64_t> rows;
  for (std::size_t pass = 0; pass < passes; ++pass) {
    const auto order =
        data::epoch_order(all, options.seed, static_cast<std::uint64_t>(epoch) * passes + pass, true);
    rows.insert(rows.end(), order.begin(), order.end());
  }
  if (rows.size() > wanted * batch) rows.resize(wanted * batch);
  return rows;
}

}  // namespace svhn::train
