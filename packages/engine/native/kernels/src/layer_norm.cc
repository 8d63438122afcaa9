// Layer normalisation over the last axis (Ba et al. 2016, section 3), a row at a time; its gradient computes mean and
// variance again from x.
#include "layer_norm.h"

#include <algorithm>
#include <vector>

#include "parallel.h"
#include "vector.h"

namespace {

struct Moments {
  float mean, scale;
};

ALWAYS_INLINE Moments MomentsOf(const float* x, int64_t hidden, float epsilon) {
  float sum = 0;
  for (int64_t i = 0; i < hidden; i++) sum += x[i];
  const float mean = sum / hidden;
  float squares = 0;
  for (int64_t i = 0; i < hidden; i++) squares += (x[i] - mean) * (x[i] - mean);
  return {mean, 1.0f / std::sqrt(squares / hidden + epsilon)};
}

FOR_EACH_PROCESSOR void NormRows(const float* x, const float* gamma, const float* beta, float* y, int64_t rows,
                                 int64_t hidden, float epsilon) {
  for (int64_t row = 0; row < rows; row++, x += hidden, y += hidden) {
    const Moments m = MomentsOf(x, hidden, epsilon);
    for (int64_t i = 0; i < hidden; i++) y[i] = (x[i] - m.mean) * m.scale * gamma[i] + beta[i];
  }
}

// Adds up what these rows contribute to the gradients of gamma and beta.
FOR_EACH_PROCESSOR void GradientRows(const float* x, const float* gamma, const float* dy, float* dx, float* dgamma,
                                     float* dbeta, int64_t rows, int64_t hidden, float epsilon) {
  for (int64_t row = 0; row < rows; row++, x += hidden, dy += hidden, dx += hidden) {
    const Moments m = MomentsOf(x, hidden, epsilon);
    float sum = 0, along = 0;
    for (int64_t i = 0; i < hidden; i++) {
      const float normal = (x[i] - m.mean) * m.scale, slope = dy[i] * gamma[i];
      sum += slope;
      along += slope * normal;
      dgamma[i] += dy[i] * normal;
      dbeta[i] += dy[i];
    }
    sum /= hidden;
    along /= hidden;
    for (int64_t i = 0; i < hidden; i++) {
      const float normal = (x[i] - m.mean) * m.scale;
      dx[i] = m.scale * (dy[i] * gamma[i] - sum - normal * along);
    }
  }
}

void LayerNorm(Run& run, const Attributes& attributes) {
  const Shape shape = run.ShapeOf(0);
  const int64_t hidden = shape.back(), rows = hidden == 0 ? 0 : SizeOf(shape) / hidden;
  float* y = run.Replace(0, 0);
  const float *x = run.Floats(0), *gamma = run.Floats(1), *beta = run.Floats(2);
  if (!run.ok()) return;
  const float epsilon = attributes.epsilon;
  Parallel(rows, 16, [=](int64_t begin, int64_t end) {
    NormRows(x + begin * hidden, gamma, beta, y + begin * hidden, end - begin, hidden, epsilon);
  });
}

void LayerNormGradient(Run& run, const Attributes& attributes) {
  const Shape shape = run.ShapeOf(0);
  const int64_t hidden = shape.back(), rows = hidden == 0 ? 0 : SizeOf(shape) / hidden;
  float *dx = run.Replace(2, 0), *dgamma = run.Allocate(1, {hidden}), *dbeta = run.Allocate(2, {hidden});
  const float *x = run.Floats(0), *gamma = run.Floats(1), *dy = run.Floats(2);
  if (!run.ok()) return;
  // Sums of blocks that don't depend on the number of threads, added up in order: the same bits every time.
  const int64_t block = std::max<int64_t>(16, (rows + 63) / 64), blocks = (rows + block - 1) / block;
  std::vector<float> sums(2 * blocks * hidden, 0.0f);
  const float epsilon = attributes.epsilon;
  Parallel(blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; b++) {
      const int64_t first = b * block * hidden;
      float* sum = sums.data() + 2 * b * hidden;
      GradientRows(x + first, gamma, dy + first, dx + first, sum, sum + hidden, std::min(block, rows - b * block),
                   hidden, epsilon);
    }
  });
  std::fill(dgamma, dgamma + hidden, 0.0f);
  std::fill(dbeta, dbeta + hidden, 0.0f);
  for (int64_t b = 0; b < blocks; b++) {
    const float* sum = sums.data() + 2 * b * hidden;
    for (int64_t i = 0; i < hidden; i++) {
      dgamma[i] += sum[i];
      dbeta[i] += sum[hidden + i];
    }
  }
}

}  // namespace

void RegisterLayerNorm() {
  Register<LayerNorm, 0>(
      {"ReelbertLayerNorm", {"x: float", "gamma: float", "beta: float"}, {"y: float"}, {"epsilon: float"}});
  Register<LayerNormGradient, 0, 1, 1>({"ReelbertLayerNormGradient",
                                        {"x: float", "gamma: float", "dy: float"},
                                        {"dx: float", "dgamma: float", "dbeta: float"},
                                        {"epsilon: float"}});
}
