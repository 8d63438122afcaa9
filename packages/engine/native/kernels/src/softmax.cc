// Attention's probabilities: softmax over keys of scale * scores + mask, a row at a time; and the gradient of the
// scores, through dropout of the probabilities.
// scores [batch, heads, queries, keys]; mask [batch or 1, 1, queries or 1, keys or 1], added
#include "softmax.h"

#include <algorithm>
#include <vector>

#include "parallel.h"
#include "vector.h"

namespace {

// In lanes: a single running maximum isn't made into vector instructions. What is not a number is passed over.
ALWAYS_INLINE float Largest(const float* x, int64_t count) {
  constexpr int width = 16;
  float lanes[width];
  for (int lane = 0; lane < width; lane++) lanes[lane] = -INFINITY;
  int64_t i = 0;
  for (; i + width <= count; i += width) {
    for (int lane = 0; lane < width; lane++) lanes[lane] = x[i + lane] > lanes[lane] ? x[i + lane] : lanes[lane];
  }
  for (; i < count; i++) lanes[0] = x[i] > lanes[0] ? x[i] : lanes[0];
  float most = lanes[0];
  for (int lane = 1; lane < width; lane++) most = lanes[lane] > most ? lanes[lane] : most;
  return most;
}

FOR_EACH_PROCESSOR void SoftmaxRow(const float* scores, const float* mask, float* y, int64_t keys, float scale) {
  for (int64_t i = 0; i < keys; i++) y[i] = scores[i] * scale + mask[i];
  const float most = Largest(y, keys);
  float sum = 0;
  for (int64_t i = 0; i < keys; i++) {
    y[i] = Exp(y[i] - most);
    sum += y[i];
  }
  const float share = 1.0f / sum;
  for (int64_t i = 0; i < keys; i++) y[i] *= share;
}

FOR_EACH_PROCESSOR void GradientRow(const float* y, const float* dy, float* dx, int64_t keys, int64_t index,
                                    uint32_t seed, uint32_t threshold, float kept, float scale) {
  float along = 0;
  for (int64_t i = 0; i < keys; i++) {
    const float d = Draw(seed, static_cast<uint32_t>(index + i)) < threshold ? 0.0f : dy[i] * kept;
    dx[i] = d;
    along += d * y[i];
  }
  for (int64_t i = 0; i < keys; i++) dx[i] = scale * y[i] * (dx[i] - along);
}

// Same extent, or one for all.
bool Fits(int64_t extent, int64_t full) { return extent == full || extent == 1; }

void MaskedSoftmax(Run& run, const Attributes& attributes) {
  const Shape shape = run.ShapeOf(0), of = run.ShapeOf(1);
  if (shape.size() != 4 || of.size() != 4 || of[1] != 1 || !Fits(of[0], shape[0]) || !Fits(of[2], shape[2]) ||
      !Fits(of[3], shape[3])) {
    return run.Fail("scores are [batch, heads, queries, keys], a mask [batch or 1, 1, queries or 1, keys or 1]");
  }
  const int64_t heads = shape[1], queries = shape[2], keys = shape[3], rows = shape[0] * heads * queries;
  float* y = run.Replace(0, 0);
  const float *scores = run.Floats(0), *mask = run.Floats(1);
  if (!run.ok()) return;
  const int64_t queryStride = of[2] == 1 ? 0 : of[3], batchStride = of[0] == 1 ? 0 : of[2] * of[3];
  const std::vector<float> same(of[3] == keys ? 0 : keys);
  const float scale = attributes.scale;
  Parallel(rows, std::max<int64_t>(1, 16384 / std::max<int64_t>(keys, 1)), [&](int64_t begin, int64_t end) {
    std::vector<float> filled(same);
    for (int64_t row = begin; row < end; row++) {
      const float* added = mask + row / (heads * queries) * batchStride + row % queries * queryStride;
      if (of[3] != keys) {
        std::fill(filled.begin(), filled.end(), *added);
        added = filled.data();
      }
      SoftmaxRow(scores + row * keys, added, y + row * keys, keys, scale);
    }
  });
}

void MaskedSoftmaxGradient(Run& run, const Attributes& attributes) {
  const Shape shape = run.ShapeOf(0);
  const int64_t keys = shape.back(), rows = keys == 0 ? 0 : SizeOf(shape) / keys;
  float* dx = run.Replace(1, 0);
  const float *y = run.Floats(0), *dy = run.Floats(1);
  const int32_t* key = run.Integers(2);
  if (!run.ok()) return;
  const uint32_t seed = SeedOf(key), threshold = Threshold(attributes.rate);
  const float kept = 1.0f / (1.0f - attributes.rate), scale = attributes.scale;
  Parallel(rows, std::max<int64_t>(1, 16384 / std::max<int64_t>(keys, 1)), [=](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      GradientRow(y + row * keys, dy + row * keys, dx + row * keys, keys, row * keys, seed, threshold, kept, scale);
    }
  });
}

}  // namespace

void RegisterSoftmax() {
  Register<MaskedSoftmax, 0>({"ReelbertMaskedSoftmax", {"scores: float", "mask: float"}, {"y: float"}, {"scale: float"}});
  Register<MaskedSoftmaxGradient, 0>({"ReelbertMaskedSoftmaxGradient",
                                      {"y: float", "dy: float", "key: int32"},
                                      {"dx: float"},
                                      {"rate: float", "scale: float"}});
}
