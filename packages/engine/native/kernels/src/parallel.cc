// TensorFlow's C interface for kernels gives no access to its own threads, hence a pool.
#include "parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

namespace {

struct Job {
  int64_t count, piece, pieces;
  const std::function<void(int64_t, int64_t)>* body;
  std::atomic<int64_t> next{0};
  int64_t done = 0;  // guarded by the pool's mutex
  std::condition_variable finished;
};

class Pool {
 public:
  explicit Pool(int threads) : threads_(threads) {
    for (int i = 1; i < threads; i++) std::thread([this] { Work(); }).detach();
  }

  int threads() const { return threads_; }

  void Run(const std::shared_ptr<Job>& job) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      jobs_.push_back(job);
    }
    wake_.notify_all();
    TakePieces(*job);
    std::unique_lock<std::mutex> lock(mutex_);
    job->finished.wait(lock, [&] { return job->done == job->pieces; });
    jobs_.erase(std::remove(jobs_.begin(), jobs_.end(), job), jobs_.end());
  }

 private:
  // Whoever takes no piece more has only finished ones behind it.
  void TakePieces(Job& job) {
    int64_t taken = 0;
    for (int64_t i; (i = job.next.fetch_add(1)) < job.pieces; taken++) {
      (*job.body)(i * job.piece, std::min(job.count, (i + 1) * job.piece));
    }
    if (taken == 0) return;
    std::lock_guard<std::mutex> lock(mutex_);
    job.done += taken;
    if (job.done == job.pieces) job.finished.notify_all();
  }

  std::shared_ptr<Job> Unfinished() {
    for (const auto& job : jobs_)
      if (job->next.load() < job->pieces) return job;
    return nullptr;
  }

  void Work() {
    for (;;) {
      std::shared_ptr<Job> job;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        wake_.wait(lock, [&] { return (job = Unfinished()) != nullptr; });
      }
      TakePieces(*job);
    }
  }

  const int threads_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Job>> jobs_;
};

int ThreadCount() {
  const char* chosen = std::getenv("TF_NUM_INTRAOP_THREADS");
  const int given = chosen ? std::atoi(chosen) : 0;
  if (given > 0) return given;
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1u, std::thread::hardware_concurrency());
}

// Never destroyed: its threads may run until the process ends.
Pool& ThePool() {
  static Pool* pool = new Pool(ThreadCount());
  return *pool;
}

}  // namespace

void Parallel(int64_t count, int64_t grain, const std::function<void(int64_t, int64_t)>& body) {
  Pool& pool = ThePool();
  if (count <= grain || pool.threads() == 1) {
    if (count > 0) body(0, count);
    return;
  }
  // A few pieces a thread, so that one that is late doesn't hold up all.
  const int64_t wanted = std::min<int64_t>(4 * pool.threads(), (count + grain - 1) / grain);
  auto job = std::make_shared<Job>();
  job->count = count;
  job->piece = (count + wanted - 1) / wanted;
  job->pieces = (count + job->piece - 1) / job->piece;
  job->body = &body;
  pool.Run(job);
}
