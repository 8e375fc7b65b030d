#include "interpret/tsne/fft.h"

#include <cmath>
#include <utility>

#include "interpret/tsne/vector.h"

namespace svhn::interpret {
namespace {

constexpr std::int64_t kElement = 2 * kLanes;
constexpr float kSin60 = 0.866025403784438647F;
constexpr float kCos72 = 0.309016994374947424F;
constexpr float kSin72 = 0.951056516295153572F;
constexpr float kCos144 = -0.809016994374947424F;
constexpr float kSin144 = 0.587785252292473129F;

/// A complex number in each lane.
struct Pair {
  Lanes re, im;
};

SVHN_INLINE void add(const Pair& a, const Pair& b, Pair& out) {
  out = {a.re + b.re, a.im + b.im};
}

SVHN_INLINE void subtract(const Pair& a, const Pair& b, Pair& out) {
  out = {a.re - b.re, a.im - b.im};
}

/// a - i b and a + i b.
SVHN_INLINE void turn(const Pair& a, const Pair& b, Pair& less, Pair& more) {
  less = {a.re + b.im, a.im - b.re};
  more = {a.re - b.im, a.im + b.re};
}

SVHN_INLINE void butterfly2(Pair* x) {
  const Pair a = x[0];
  add(a, x[1], x[0]);
  subtract(a, x[1], x[1]);
}

SVHN_INLINE void butterfly3(Pair* x) {
  Pair sum, difference;
  add(x[1], x[2], sum);
  subtract(x[1], x[2], difference);
  const Pair middle{x[0].re - 0.5F * sum.re, x[0].im - 0.5F * sum.im};
  const Pair across{kSin60 * difference.re, kSin60 * difference.im};
  add(x[0], sum, x[0]);
  turn(middle, across, x[1], x[2]);
}

SVHN_INLINE void butterfly4(Pair* x) {
  Pair even, odd, even_apart, odd_apart;
  add(x[0], x[2], even);
  add(x[1], x[3], odd);
  subtract(x[0], x[2], even_apart);
  subtract(x[1], x[3], odd_apart);
  add(even, odd, x[0]);
  subtract(even, odd, x[2]);
  turn(even_apart, odd_apart, x[1], x[3]);
}

SVHN_INLINE void butterfly5(Pair* x) {
  Pair outer, inner, outer_apart, inner_apart;
  add(x[1], x[4], outer);
  add(x[2], x[3], inner);
  subtract(x[1], x[4], outer_apart);
  subtract(x[2], x[3], inner_apart);
  const Pair first{x[0].re + kCos72 * outer.re + kCos144 * inner.re,
                   x[0].im + kCos72 * outer.im + kCos144 * inner.im};
  const Pair second{x[0].re + kCos144 * outer.re + kCos72 * inner.re,
                    x[0].im + kCos144 * outer.im + kCos72 * inner.im};
  const Pair first_across{kSin72 * outer_apart.re + kSin144 * inner_apart.re,
                          kSin72 * outer_apart.im + kSin144 * inner_apart.im};
  const Pair second_across{kSin144 * outer_apart.re - kSin72 * inner_apart.re,
                           kSin144 * outer_apart.im - kSin72 * inner_apart.im};
  x[0] = {x[0].re + outer.re + inner.re, x[0].im + outer.im + inner.im};
  turn(first, first_across, x[1], x[4]);
  turn(second, second_across, x[2], x[3]);
}

template <int radix>
SVHN_INLINE void butterfly(Pair* x) {
  if constexpr (radix == 2) butterfly2(x);
  if constexpr (radix == 3) butterfly3(x);
  if constexpr (radix == 4) butterfly4(x);
  if constexpr (radix == 5) butterfly5(x);
}

template <int radix>
SVHN_INLINE void pass(const float* from, float* to, std::int64_t groups, std::int64_t stride,
                      const float* factors) {
  for (std::int64_t group = 0; group < groups; ++group, factors += 2 * (radix - 1)) {
    for (std::int64_t q = 0; q < stride; ++q) {
      Pair x[radix];
      for (int k = 0; k < radix; ++k) load(from + kElement * (q + stride * (group + groups * k)), x[k]);
      butterfly<radix>(x);
      float* place = to + kElement * (q + stride * radix * group);
      store(x[0], place);
      for (int k = 1; k < radix; ++k) {
        const float re = factors[2 * k - 2], im = factors[2 * k - 1];
        const Pair turned{x[k].re * re - x[k].im * im, x[k].re * im + x[k].im * re};
        store(turned, place + kElement * stride * k);
      }
    }
  }
}

SVHN_VECTOR_CLONES
void run_pass(int radix, const float* from, float* to, std::int64_t groups, std::int64_t stride,
              const float* factors) {
  if (radix == 2) pass<2>(from, to, groups, stride, factors);
  if (radix == 3) pass<3>(from, to, groups, stride, factors);
  if (radix == 4) pass<4>(from, to, groups, stride, factors);
  if (radix == 5) pass<5>(from, to, groups, stride, factors);
}

}  // namespace

LaneTransform::LaneTransform(std::int64_t length) : length_(length) {
  std::int64_t left = length, stride = 1;
  for (const int radix : {4, 2, 3, 5}) {
    for (; left % radix == 0; left /= radix, stride *= radix) {
      Pass pass{radix, left / radix, stride, {}};
      for (std::int64_t group = 0; group < pass.groups; ++group) {
        for (std::int64_t k = 1; k < radix; ++k) {
          const double angle =
              -2.0 * std::acos(-1.0) * static_cast<double>(group * k) / static_cast<double>(left);
          pass.factors.push_back(static_cast<float>(std::cos(angle)));
          pass.factors.push_back(static_cast<float>(std::sin(angle)));
        }
      }
      passes_.push_back(std::move(pass));
    }
  }
}

float* LaneTransform::forward(float* values, float* scratch) const {
  for (const Pass& pass : passes_) {
    run_pass(pass.radix, values, scratch, pass.groups, pass.stride, pass.factors.data());
    std::swap(values, scratch);
  }
  return values;
}

}  // namespace svhn::interpret
