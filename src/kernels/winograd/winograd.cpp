#include "kernels/winograd/winograd.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "kernels/hardware.h"
#include "kernels/tensor_memory.h"
#include "kernels/winograd/kernels.h"

namespace svhn::kernels {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kKernel = 3;
constexpr std::int64_t kRows = 12;             ///< Tiles of a product's block.
constexpr std::int64_t kScratch = 160 << 10;   ///< Bytes of a block of tiles; fits the L2 cache.
constexpr std::int64_t kMinInputs = 32;        ///< With fewer, transforms cost more than they save.
constexpr std::int64_t kMaxWeights = 1 << 14;  ///< Limit of O C; each takes 16 transformed numbers.

ImageShape shape_of(const Tensor& x) {
  return {x.size(0), x.size(2), x.size(3), x.size(1)};
}

/// @returns the tiles of a block whose tiles take `bytes` each; a multiple of the product's rows.
std::int64_t block_tiles(std::int64_t bytes, std::int64_t least) {
  return std::max(least, kScratch / bytes / kRows * kRows);
}

Tensor words(std::int64_t count) {
  return at::empty({count}, torch::kFloat32);
}

/// Blocks of tiles, divided into at most one task per thread. The calling thread allocates the scratch
/// memory of all tasks: the allocator keeps less of what other threads free.
struct BlockTasks {
  std::int64_t blocks;
  std::int64_t count;

  BlockTasks(const TileGrid& grid, std::int64_t tiles)
      : blocks((grid.count() + tiles - 1) / tiles),
        count(std::min<std::int64_t>(blocks, at::get_num_threads())) {}

  /// Calls `work(task, block, first)`, tasks in parallel. `first`: the block is the first of its task.
  template <class Work>
  void run(const Work& work) const {
    at::parallel_for(0, count, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t task = begin; task < end; ++task) {
        for (std::int64_t block = task * blocks / count; block < (task + 1) * blocks / count; ++block) {
          work(task, block, block == task * blocks / count);
        }
      }
    });
  }
};

/// Convolves x by transformed kernels, in the layouts of WinogradKernels.
template <class T>
class Convolver {
 public:
  Convolver(const Tensor& x, const Tensor& kernels, const Tensor& bias, const TileGrid& grid)
      : x_(x),
        kernels_(kernels),
        bias_(bias),
        grid_(grid),
        zeros_(at::zeros({grid.in.channels}, x.options())) {}

  void run(const Tensor& y) const {
    const BlockTasks tasks(grid_, tiles_);
    const std::int64_t window_words = kWindowElements * tiles_ * depth_,
                       sums_words = kWindowElements * tiles_ * panel_;
    const Tensor windows = words(tasks.count * window_words), sums = words(tasks.count * sums_words);
    tasks.run([&](std::int64_t task, std::int64_t block, bool /*first*/) {
      run_block({block * tiles_, tiles_}, numbers_in<float>(windows) + task * window_words,
                numbers_in<float>(sums) + task * sums_words, numbers_in<T>(y));
    });
  }

 private:
  void run_block(TileRange range, float* windows, float* sums, T* y) const {
    table_.window_rows(numbers_in<T>(x_), grid_, range, numbers_in<T>(zeros_), windows);
    for (std::int64_t first = 0; first < grid_.out.channels; first += panel_) {
      const float* right = numbers_in<float>(kernels_) + first * kWindowElements * depth_;
      for (std::int64_t i = 0; i < kWindowElements; ++i) {
        table_.multiply({windows + i * tiles_ * depth_, depth_, 1, right + i * depth_ * panel_,
                         sums + i * tiles_ * panel_, tiles_, panel_, depth_, false});
      }
      const float* bias = bias_.defined() ? numbers_in<float>(bias_) + first : nullptr;
      table_.output(sums, grid_, range, first, bias, y);
    }
  }

  const WinogradKernels<T>& table_ = *winograd_kernels<T>();
  Tensor x_, kernels_, bias_;
  TileGrid grid_;
  Tensor zeros_;
  std::int64_t depth_ = grid_.in.channels / table_.pack, panel_ = panel_width(grid_.out.channels);
  std::int64_t tiles_ = block_tiles(kWindowElements * 4 * (depth_ + panel_), kRows);
};

/// @param weight f32 [O,C,3,3]. @param flip swaps O and C and rotates the kernels by 180 degrees, for the
/// gradient of the input. @returns words for `Convolver`.
template <class T>
Tensor transform_weights(const Tensor& weight, bool flip) {
  const Tensor g = (flip ? weight.permute({0, 2, 3, 1}) : weight.permute({1, 2, 3, 0})).contiguous();
  const KernelShape shape{g.size(0), g.size(3)};
  const auto& table = *winograd_kernels<T>();
  const Tensor result = words(kWindowElements * shape.in * shape.out / table.pack);
  const std::int64_t grain = std::max<std::int64_t>(2, kGrainSize / (kWindowElements * shape.out) / 2 * 2);
  at::parallel_for(0, shape.in / 2, grain / 2, [&](std::int64_t begin, std::int64_t end) {
    table.kernel_panels(numbers_in<float>(g), shape, 2 * begin, 2 * end, flip, result.data_ptr());
  });
  return result;
}

/// @param sums f32 [parts][O / panel][16][C][panel]. @returns f32 [O,C,3,3].
template <class T>
Tensor weight_gradient(const Tensor& sums, const Tensor& like) {
  const KernelShape shape{like.size(1), like.size(0)};
  const Tensor g = at::empty({shape.in, kKernel, kKernel, shape.out});
  const std::int64_t grain = std::max<std::int64_t>(1, kGrainSize / (kWindowElements * shape.out));
  at::parallel_for(0, shape.in, grain, [&](std::int64_t begin, std::int64_t end) {
    winograd_kernels<T>()->kernel_gradients(numbers_in<float>(sums), sums.size(0), shape, begin, end,
                                            numbers_in<float>(g));
  });
  return g.permute({3, 0, 1, 2});
}

/// The gradients of kernels and bias, summed separately by each task.
template <class T>
class KernelGradients {
 public:
  KernelGradients(const Tensor& x, const Tensor& gradient, const TileGrid& grid)
      : x_(x), gradient_(gradient), grid_(grid), zeros_(at::zeros({std::max(in_, out_)}, x.options())) {
    const BlockTasks tasks(grid_, tiles_);
    kernels_ = at::empty({tasks.count, kWindowElements * in_ * out_});
    bias_ = at::zeros({tasks.count, out_});
    const std::int64_t window_words = kWindowElements * depth_ * in_,
                       panel_words = kWindowElements * depth_ * out_;
    const Tensor windows = words(tasks.count * window_words), panels = words(tasks.count * panel_words);
    tasks.run([&](std::int64_t task, std::int64_t block, bool first) {
      add_block({block * tiles_, tiles_}, first, task, numbers_in<float>(windows) + task * window_words,
                numbers_in<float>(panels) + task * panel_words);
    });
  }

  [[nodiscard]] const Tensor& kernels() const { return kernels_; }  ///< f32 [parts][O / panel][16][C][panel]
  [[nodiscard]] Tensor bias() const { return bias_.sum(0); }        ///< f32 [O]

 private:
  void add_block(TileRange range, bool first, std::int64_t task, float* windows, float* panels) {
    const std::int64_t panel = panel_width(out_);
    float* sums = numbers_in<float>(kernels_) + task * kWindowElements * in_ * out_;
    table_.window_columns(numbers_in<T>(x_), grid_, range, numbers_in<T>(zeros_), windows);
    table_.gradient_panels(numbers_in<T>(gradient_), grid_, range, numbers_in<T>(zeros_), panels,
                           numbers_in<float>(bias_) + task * out_);
    for (std::int64_t i = 0; i < out_ / panel * kWindowElements; ++i) {
      table_.multiply({windows + i % kWindowElements * depth_ * in_, 1, in_, panels + i * depth_ * panel,
                       sums + i * in_ * panel, in_, panel, depth_, !first});
    }
  }

  const WinogradKernels<T>& table_ = *winograd_kernels<T>();
  Tensor x_, gradient_;
  TileGrid grid_;
  std::int64_t in_ = grid_.in.channels, out_ = grid_.out.channels;
  Tensor zeros_;
  // The sums are read and written once per block, so a block has many tiles.
  std::int64_t tiles_ = block_tiles(kWindowElements * (in_ + out_) * std::int64_t{sizeof(T)}, 72);
  std::int64_t depth_ = tiles_ / table_.pack;
  Tensor kernels_, bias_;
};

/// AMX multiplies far faster than vector instructions.
bool has_amx() {
  const auto features = cpu_features();
  return std::find(features.begin(), features.end(), "amx_bf16") != features.end();
}

struct WinogradConvolution : torch::autograd::Function<WinogradConvolution> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weight, const Tensor& bias,
                        std::int64_t padding) {
    const Tensor in = x.contiguous(at::MemoryFormat::ChannelsLast);
    const std::int64_t shrink = 2 * padding - (kKernel - 1);
    const Tensor y = at::empty({x.size(0), weight.size(0), x.size(2) + shrink, x.size(3) + shrink},
                               x.options().requires_grad(false), at::MemoryFormat::ChannelsLast);
    const TileGrid grid{shape_of(x), shape_of(y), padding};
    const Tensor offset = bias.contiguous();
    with_type(x, [&](auto type) {
      using T = decltype(type);
      const Tensor kernels = transform_weights<T>(weight.detach(), false);
      Convolver<T>(in, kernels, offset, grid).run(y);
    });
    context->save_for_backward({in, weight});
    context->saved_data["padding"] = padding;
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1];
    const std::int64_t padding = context->saved_data["padding"].toInt();
    const Tensor gradient = gradients[0].contiguous(at::MemoryFormat::ChannelsLast);
    variable_list result(4);
    with_type(x, [&](auto type) {
      using T = decltype(type);
      if (context->needs_input_grad(0)) {
        result[0] = at::empty(x.sizes(), x.options(), at::MemoryFormat::ChannelsLast);
        const TileGrid grid{shape_of(gradient), shape_of(x), kKernel - 1 - padding};
        Convolver<T>(gradient, transform_weights<T>(weight, true), {}, grid).run(result[0]);
      }
      const bool wanted = context->needs_input_grad(1) || context->needs_input_grad(2);
      if (!wanted) return;
      const KernelGradients<T> sums(x, gradient, {shape_of(x), shape_of(gradient), padding});
      result[1] = weight_gradient<T>(sums.kernels(), weight);
      result[2] = sums.bias();
    });
    return result;
  }
};

}  // namespace

bool winograd_supports(const Tensor& x, const Tensor& weight) {
  if (!x.device().is_cpu() || x.dim() != 4 || x.numel() == 0 || weight.scalar_type() != torch::kFloat32)
    return false;
  const bool narrow = x.scalar_type() == torch::kBFloat16;
  static const bool bfloat16 = winograd_kernels<std::uint16_t>() != nullptr && !has_amx();
  if (narrow ? !bfloat16 : x.scalar_type() != torch::kFloat32) return false;
  const std::int64_t out = weight.size(0), in = weight.size(1);
  return weight.size(2) == kKernel && weight.size(3) == kKernel && in >= kMinInputs &&
         in % kChannelBlock == 0 && out % kChannelBlock == 0 && in * out <= kMaxWeights &&
         x.size(2) >= kKernel && x.size(3) >= kKernel;
}

Tensor winograd_convolution(const Tensor& x, const Tensor& weight, const Tensor& bias, std::int64_t padding) {
  const Tensor offset = bias.defined() ? bias : at::zeros({weight.size(0)});
  return WinogradConvolution::apply(x, weight, offset, padding);
}

}  // namespace svhn::kernels
