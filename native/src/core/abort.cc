#include "core/abort.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
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
}

void AbortSignal::throw_if_aborted() const {
  if (aborted()) throw Error(ErrorCode::Aborted, "aborted");
}

IoLimit::IoLimit(const AbortSignal& abort, std::chrono::milliseconds limit)
    : abort_(abort), limit_(limit), until_ns_(0) {
  restart();
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

int IoLimit::interrupt(void* self) noexcept {
  const auto* limit = static_cast<const IoLimit*>(self);
  return limit->abort_.aborted() || limit->expired();
}

}  // namespace videopush
