#include "interpret/tsne/stencil.h"

namespace svhn::interpret {
namespace {

/// Sums of products of the splines' weights 0, 1, 2 and 3 nodes apart, either way, and half their
/// derivatives.
inline void autocorrelate(const Lanes& t, Lanes* sums, Lanes* slopes) {
  const Lanes u = 1.0F - t;
  const Lanes w[kStencil] = {u * u * u / 6.0F, 2.0F / 3.0F - t * t * (1.0F - t / 2.0F),
                             2.0F / 3.0F - u * u * (1.0F - u / 2.0F), t * t * t / 6.0F};
  const Lanes s[kStencil] = {-u * u / 2.0F, t * (1.5F * t - 2.0F), u * (2.0F - 1.5F * u), t * t / 2.0F};
  for (int apart = 0; apart < kStencil; ++apart) sums[apart] = slopes[apart] = Lanes{};
  for (int i = 0; i < kStencil; ++i) {
    for (int j = 0; j < kStencil; ++j) {
      sums[i < j ? j - i : i - j] += w[i] * w[j];
      slopes[i < j ? j - i : i - j] += s[i] * w[j];
    }
  }
}

}  // namespace

SVHN_VECTOR_CLONES
void read_own(const float* tx, const float* ty, const float* near, float* out) {
  Lanes x, y;
  load(tx, x);
  load(ty, y);
  Lanes columns[kStencil], steep_columns[kStencil], rows[kStencil], steep_rows[kStencil];
  autocorrelate(x, columns, steep_columns);
  autocorrelate(y, rows, steep_rows);
  Lanes results[3] = {};
  for (int c = 0; c < kStencil; ++c) {  // `near` is by column first
    Lanes sum{}, slope{};
    for (int r = 0; r < kStencil; ++r) {
      sum += near[c * kStencil + r] * rows[r];
      slope += near[c * kStencil + r] * steep_rows[r];
    }
    results[0] += columns[c] * sum;
    results[1] += steep_columns[c] * sum;
    results[2] += columns[c] * slope;
  }
  for (int field = 0; field < 3; ++field) store(results[field], out + field * kLanes);
}

}  // namespace svhn::interpret
