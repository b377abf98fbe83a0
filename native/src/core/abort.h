// One-way cancellation that every wait of the core honours.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

struct AVIOInterruptCB;

namespace videopush {

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
  std::atomic<bool> flag_{false};
  int fd_;
};

/// Time limit plus abort for blocking libav* calls: hand `callback()` to
/// AVFormatContext.interrupt_callback, call `restart()` before each call. libav polls it about
/// every 100 ms (libavformat/network.h POLLING_TIME).
class IoLimit {
 public:
  IoLimit(const AbortSignal& abort, std::chrono::milliseconds limit);
  void restart() noexcept;
  void restart(std::chrono::milliseconds limit) noexcept;
  bool expired() const noexcept;  // the limit (not the abort) has passed
  AVIOInterruptCB callback() noexcept;

 private:
  static int interrupt(void* self) noexcept;
  const AbortSignal& abort_;
  std::chrono::milliseconds limit_;
  std::atomic<std::int64_t> until_ns_;  // CLOCK_MONOTONIC
};

}  // namespace videopush
