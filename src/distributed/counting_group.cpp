#include "distributed/counting_group.h"

namespace svhn::distributed {

std::unique_ptr<Pending> CountingGroup::start_sum(const torch::Tensor& tensor) {
  summed_bytes_ += static_cast<std::int64_t>(tensor.nbytes());
  ++sums_;
  return group_.start_sum(tensor);
}

}  // namespace svhn::distributed
