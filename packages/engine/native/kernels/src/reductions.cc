// Sums: of a matrix's columns (the gradient of a bias), and of the squares of all elements (of a gradient's norm). What is
// added up by whom depends on the shape alone: the same bits whatever the number of threads.
#include "reductions.h"

#include <algorithm>
#include <vector>

#include "parallel.h"
#include "vector.h"

namespace {

// Sums of `width` columns that begin at x, of rows `stride` apart.
FOR_EACH_PROCESSOR void SumColumns(const float* x, float* sums, int64_t rows, int64_t stride, int64_t width) {
  for (int64_t row = 0; row < rows; row++, x += stride) {
    for (int64_t i = 0; i < width; i++) sums[i] += x[i];
  }
}

FOR_EACH_PROCESSOR float SumSquares(const float* x, int64_t count) {
  float sum = 0;
  for (int64_t i = 0; i < count; i++) sum += x[i] * x[i];
  return sum;
}

void ColumnSums(Run& run, const Attributes&) {
  const Shape shape = run.ShapeOf(0);
  const int64_t columns = shape.back(), rows = columns == 0 ? 0 : SizeOf(shape) / columns;
  float* sums = run.Allocate(0, {columns});
  const float* x = run.Floats(0);
  if (!run.ok()) return;
  std::fill(sums, sums + columns, 0.0f);
  // Pieces of columns in whole cache lines; where there is little to add, one.
  const int64_t piece = rows * columns < (1 << 16) ? columns : 64;
  const int64_t pieces = piece == 0 ? 0 : (columns + piece - 1) / piece;
  Parallel(pieces, 1, [=](int64_t begin, int64_t end) {
    const int64_t first = begin * piece, width = std::min(columns, end * piece) - first;
    SumColumns(x + first, sums + first, rows, columns, width);
  });
}

void HalfSumOfSquares(Run& run, const Attributes&) {
  const int64_t count = SizeOf(run.ShapeOf(0));
  float* half = run.Allocate(0, {});
  const float* x = run.Floats(0);
  if (!run.ok()) return;
  constexpr int64_t block = 1 << 14;
  const int64_t blocks = (count + block - 1) / block;
  std::vector<float> sums(blocks);
  Parallel(blocks, 4, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; b++) sums[b] = SumSquares(x + b * block, std::min(block, count - b * block));
  });
  double sum = 0;
  for (float part : sums) sum += part;
  *half = static_cast<float>(sum / 2);
}

}  // namespace

void RegisterReductions() {
  Register<ColumnSums, 1>({"ReelbertColumnSums", {"x: float", "like: float"}, {"sums: float"}, {}});
  Register<HalfSumOfSquares, scalar>({"ReelbertHalfSumOfSquares", {"x: float"}, {"half: float"}, {}});
}
