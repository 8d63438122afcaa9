#pragma once
#include <cstdint>
#include <functional>

// Runs `body(begin, end)` over [0, count) in pieces of at least `grain`, on the calling thread and on the pool's, and
// returns when all is done. The pool has as many threads as TF_NUM_INTRAOP_THREADS says, else as there are processors
// for this process. Pieces are the same whatever thread takes them.
void Parallel(int64_t count, int64_t grain, const std::function<void(int64_t, int64_t)>& body);
