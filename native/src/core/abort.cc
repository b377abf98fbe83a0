#include "core/abort.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "core/av.h"
#include "core/error.h"

namespace videopush {
namespace {

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// Ignored by default and used by nobody here; a handler that exists ends a poll(2) just as well.
constexpr int kWakeSignal = SIGURG;

void handle_wake_signal() {
  static const bool done = [] {
    struct sigaction present{};
    sigaction(kWakeSignal, nullptr, &present);
    if (present.sa_handler != SIG_DFL && present.sa_handler != SIG_IGN) return true;
    struct sigaction action{};
    action.sa_handler = [](int) {};
    sigemptyset(&action.sa_mask);
    return sigaction(kWakeSignal, &action, nullptr) == 0;
  }();
  (void)done;
}

}  // namespace

AbortSignal::AbortSignal() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (fd_ < 0) {
    throw Error(ErrorCode::Internal, std::string("eventfd: ") + std::strerror(errno),
                "raise the limit of open files (ulimit -n)");
  }
}

AbortSignal::~AbortSignal() { close(fd_); }

void AbortSignal::abort() noexcept {
  flag_.store(true, std::memory_order_release);
  const std::uint64_t one = 1;
  // Can only fail when the counter is full, which means that it is readable already.
  [[maybe_unused]] const ssize_t written = write(fd_, &one, sizeof one);
  const std::scoped_lock lock(mutex_);
  for (const IoLimit* limit : limits_) limit->wake();
}

void AbortSignal::throw_if_aborted() const {
  if (aborted()) throw Error(ErrorCode::Aborted, "aborted");
}

IoLimit::IoLimit(const AbortSignal& abort, std::chrono::milliseconds limit)
    : abort_(abort), limit_(limit), until_ns_(0) {
  restart();
  handle_wake_signal();
  const std::scoped_lock lock(abort_.mutex_);
  abort_.limits_.push_back(this);
}

IoLimit::~IoLimit() {
  const std::scoped_lock lock(abort_.mutex_);
  std::erase(abort_.limits_, this);
}

void IoLimit::restart() noexcept { restart(limit_); }

void IoLimit::restart(std::chrono::milliseconds limit) noexcept {
  const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(limit).count();
  until_ns_.store(now_ns() + ns, std::memory_order_relaxed);
}

bool IoLimit::expired() const noexcept {
  return now_ns() >= until_ns_.load(std::memory_order_relaxed);
}

AVIOInterruptCB IoLimit::callback() noexcept { return {&IoLimit::interrupt, this}; }

void IoLimit::wake() const noexcept {
  const pid_t thread = thread_.load();
  if (thread != 0) tgkill(getpid(), thread, kWakeSignal);
}

int IoLimit::interrupt(void* self) noexcept {
  static thread_local const pid_t this_thread = gettid();
  auto* limit = static_cast<IoLimit*>(self);
  // This comes before the check of the flag: an abort after it finds the thread that is about to
  // wait.
  limit->thread_.store(this_thread);
  return limit->abort_.aborted() || limit->expired();
}

}  // namespace videopush
