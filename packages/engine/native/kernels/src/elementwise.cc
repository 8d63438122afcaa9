// GELU, dropout, and the choice between gradients and zeros: a pass over memory each.
#include "elementwise.h"

#include <algorithm>
#include <cstring>

#include "parallel.h"
#include "vector.h"

namespace {

constexpr int64_t grain = 1 << 14;

// x P(normal <= x) (Hendrycks & Gimpel 2016)
FOR_EACH_PROCESSOR void GeluRange(const float* x, float* y, int64_t count) {
  for (int64_t i = 0; i < count; i++) y[i] = x[i] * 0.5f * (1.0f + Erf(x[i] * 0.707106781f));
}

FOR_EACH_PROCESSOR void GeluGradientRange(const float* x, const float* dy, float* dx, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    const float cumulative = 0.5f * (1.0f + Erf(x[i] * 0.707106781f));
    dx[i] = dy[i] * (cumulative + x[i] * 0.398942280f * Exp(-0.5f * x[i] * x[i]));
  }
}

// x sigmoid(1.702 x): CLIP's
FOR_EACH_PROCESSOR void QuickGeluRange(const float* x, float* y, int64_t count) {
  for (int64_t i = 0; i < count; i++) y[i] = x[i] / (1.0f + Exp(-1.702f * x[i]));
}

FOR_EACH_PROCESSOR void QuickGeluGradientRange(const float* x, const float* dy, float* dx, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    const float sigmoid = 1.0f / (1.0f + Exp(-1.702f * x[i]));
    dx[i] = dy[i] * sigmoid * (1.0f + 1.702f * x[i] * (1.0f - sigmoid));
  }
}

FOR_EACH_PROCESSOR void DropoutRange(const float* x, float* y, int64_t begin, int64_t end, uint32_t seed,
                                     uint32_t threshold, float scale) {
  for (int64_t i = begin; i < end; i++) {
    y[i] = Draw(seed, static_cast<uint32_t>(i)) < threshold ? 0.0f : x[i] * scale;
  }
}

FOR_EACH_PROCESSOR void DropoutAddRange(const float* x, const float* residual, float* y, int64_t begin, int64_t end,
                                        uint32_t seed, uint32_t threshold, float scale) {
  for (int64_t i = begin; i < end; i++) {
    y[i] = residual[i] + (Draw(seed, static_cast<uint32_t>(i)) < threshold ? 0.0f : x[i] * scale);
  }
}

void Gelu(Run& run, const Attributes& attributes) {
  const int64_t count = SizeOf(run.ShapeOf(0));
  float* y = run.Replace(0, 0);
  const float* x = run.Floats(0);
  if (!run.ok()) return;
  const auto range = attributes.quick ? QuickGeluRange : GeluRange;
  Parallel(count, grain, [=](int64_t begin, int64_t end) { range(x + begin, y + begin, end - begin); });
}

void GeluGradient(Run& run, const Attributes& attributes) {
  const int64_t count = SizeOf(run.ShapeOf(0));
  float* dx = run.Replace(1, 0);
  const float* x = run.Floats(0);
  const float* dy = run.Floats(1);
  if (!run.ok()) return;
  const auto range = attributes.quick ? QuickGeluGradientRange : GeluGradientRange;
  Parallel(count, grain,
           [=](int64_t begin, int64_t end) { range(x + begin, dy + begin, dx + begin, end - begin); });
}

void Dropout(Run& run, const Attributes& attributes) {
  const int64_t count = SizeOf(run.ShapeOf(0));
  float* y = run.Replace(0, 0);
  const float* x = run.Floats(0);
  const int32_t* key = run.Integers(1);
  if (!run.ok()) return;
  const uint32_t seed = SeedOf(key), threshold = Threshold(attributes.rate);
  const float scale = 1.0f / (1.0f - attributes.rate);
  Parallel(count, grain, [=](int64_t begin, int64_t end) { DropoutRange(x, y, begin, end, seed, threshold, scale); });
}

void DropoutAdd(Run& run, const Attributes& attributes) {
  const int64_t count = SizeOf(run.ShapeOf(0));
  float* y = run.Replace(0, 0);
  const float* x = run.Floats(0);
  const float* residual = run.Floats(1);
  const int32_t* key = run.Integers(2);
  if (!run.ok()) return;
  const uint32_t seed = SeedOf(key), threshold = Threshold(attributes.rate);
  const float scale = 1.0f / (1.0f - attributes.rate);
  Parallel(count, grain, [=](int64_t begin, int64_t end) {
    DropoutAddRange(x, residual, y, begin, end, seed, threshold, scale);
  });
}

void ZeroUnless(Run& run, const Attributes&) {
  const int64_t count = SizeOf(run.ShapeOf(1));
  float* y = run.Replace(1, 0);
  const bool* condition = run.Booleans(0);
  const float* x = run.Floats(1);
  if (!run.ok() || (*condition && x == y)) return;
  const bool keep = *condition;
  Parallel(count, grain, [=](int64_t begin, int64_t end) {
    if (keep) std::copy(x + begin, x + end, y + begin);
    else std::fill(y + begin, y + end, 0.0f);
  });
}

}  // namespace

void RegisterElementwise() {
  Register<Gelu, 0>({"ReelbertGelu", {"x: float"}, {"y: float"}, {"quick: bool"}});
  Register<GeluGradient, 0>({"ReelbertGeluGradient", {"x: float", "dy: float"}, {"dx: float"}, {"quick: bool"}});
  Register<Dropout, 0>({"ReelbertDropout", {"x: float", "key: int32"}, {"y: float"}, {"rate: float"}});
  Register<DropoutAdd, 0>(
      {"ReelbertDropoutAdd", {"x: float", "residual: float", "key: int32"}, {"y: float"}, {"rate: float"}});
  Register<ZeroUnless, 1>({"ReelbertZeroUnless", {"condition: bool", "x: float"}, {"y: float"}, {}});
}
