// One-way cancellation that every wait of the core honours.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <vector>

struct AVIOInterruptCB;

namespace videopush {

class IoLimit;

/// Set once, from any thread; never reset. Waits watch `fd()` (an eventfd, readable once aborted)
/// in poll(2); code inside libav* watches the flag through `IoLimit`.
class AbortSignal {
 public:
  AbortSignal();
  ~AbortSignal();
  AbortSignal(const AbortSignal&) = delete;
  AbortSignal& operator=(const AbortSignal&) = delete;

  void abort() noexcept;
  bool aborted() const noexcept { return flag_.load(std::memory_order_acquire); }
  int fd() const noexcept { return fd_; }
  /// Throws Error(Aborted) when aborted.
  void throw_if_aborted() const;

 private:
  friend class IoLimit;
  std::atomic<bool> flag_{false};
  int fd_;
  mutable std::mutex mutex_;
  mutable std::vector<IoLimit*> limits_;  // libav calls that may have to be woken
};

/// Time limit plus abort for blocking libav* calls: hand `callback()` to
/// AVFormatContext.interrupt_callback, call `restart()` before each call. libav asks it before each
/// wait of at most 100 ms (libavformat/network.h POLLING_TIME), which bounds how late a limit is
/// noticed; an abort cuts the wait short by a SIGURG to the thread that waits, which does nothing
/// but end its poll(2) with EINTR.
class IoLimit {
 public:
  IoLimit(const AbortSignal& abort, std::chrono::milliseconds limit);
  ~IoLimit();
  IoLimit(const IoLimit&) = delete;
  IoLimit& operator=(const IoLimit&) = delete;
  void restart() noexcept;
  void restart(std::chrono::milliseconds limit) noexcept;
  bool expired() const noexcept;  // the limit (not the abort) has passed
  AVIOInterruptCB callback() noexcept;

 private:
  friend class AbortSignal;
  static int interrupt(void* self) noexcept;
  void wake() const noexcept;
  const AbortSignal& abort_;
  std::chrono::milliseconds limit_;
  std::atomic<std::int64_t> until_ns_;  // CLOCK_MONOTONIC
  std::atomic<pid_t> thread_{0};        // that asked last: the one under libav
};

}  // namespace videopush
