#pragma once
// What loops over floats are made of; written so that the compiler turns them into vector instructions.
#include <cmath>
#include <cstdint>
#include <cstring>

// One body, compiled by GCC for several instruction sets; the best that the processor has is chosen when the addon is
// loaded. Other compilers make it for the least one.
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__)
#define FOR_EACH_PROCESSOR __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif

#define ALWAYS_INLINE inline __attribute__((always_inline))

ALWAYS_INLINE float Clamp(float x, float low, float high) {
  x = x < low ? low : x;  // not a number stays what it is
  return x > high ? high : x;
}

// e^x, relative error below 2e-7; 2^n times a polynomial on |r| <= ln 2 / 2 (Cephes, expf).
ALWAYS_INLINE float Exp(float x) {
  x = Clamp(x, -87.3f, 88.3f);
  const float n = std::nearbyint(x * 1.44269504088896341f);
  float r = x - n * 0.693359375f;
  r -= n * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const int32_t bits = (static_cast<int32_t>(n) + 127) << 23;
  float power;
  std::memcpy(&power, &bits, sizeof power);
  return p * power;
}

// erf(x), error below 2e-7: a rational function on [-4, 4], beyond which float32 knows only 1 (as in Eigen and XLA).
ALWAYS_INLINE float Erf(float x) {
  x = Clamp(x, -4.0f, 4.0f);
  const float s = x * x;
  float p = -2.72614225801306e-10f;
  p = p * s + 2.77068142495902e-08f;
  p = p * s + -2.10102402082508e-06f;
  p = p * s + -5.69250639462346e-05f;
  p = p * s + -7.34990630326855e-04f;
  p = p * s + -2.95459980854025e-03f;
  p = p * s + -1.60960333262415e-02f;
  float q = -1.45660718464996e-05f;
  q = q * s + -2.13374055278905e-04f;
  q = q * s + -1.68282697438203e-03f;
  q = q * s + -7.37332916720468e-03f;
  q = q * s + -1.42647390514189e-02f;
  return x * p / q;
}

// One round of a 32-bit avalanche hash (Ettinger's "lowbias32"); src/ops/composed-random.ts has the same.
ALWAYS_INLINE uint32_t Scramble(uint32_t x) {
  x = (x ^ (x >> 16)) * 0x7feb352du;
  x = (x ^ (x >> 15)) * 0x846ca68bu;
  return x ^ (x >> 16);
}

inline uint32_t SeedOf(const int32_t* key) {
  return Scramble(Scramble(static_cast<uint32_t>(key[0]) ^ 0x9e3779b9u) ^ static_cast<uint32_t>(key[1]));
}

// Even in [0, 1), of 24 bits: the number that belongs to an element's index.
ALWAYS_INLINE uint32_t Draw(uint32_t seed, uint32_t index) { return Scramble(seed ^ Scramble(index + 0x85ebca6bu)) >> 8; }

// An element is dropped where its draw is below this.
inline uint32_t Threshold(float rate) { return static_cast<uint32_t>(std::ceil(rate * 16777216.0)); }
