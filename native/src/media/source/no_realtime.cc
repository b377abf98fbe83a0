#include "media/source/no_realtime.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace videopush::media {
namespace {

constexpr __user_cap_header_struct kThisThread{_LINUX_CAPABILITY_VERSION_3, 0};

/// glibc has no wrapper for either call. Returns whether it worked.
bool call(long number, const __user_cap_data_struct* data) {
  __user_cap_header_struct header = kThisThread;
  return syscall(number, &header, data) == 0;
}

}  // namespace

NoRealtime::NoRealtime() noexcept {
  if (!call(SYS_capget, before_.data())) return;
  auto without = before_;
  without[CAP_TO_INDEX(CAP_SYS_NICE)].effective &= ~CAP_TO_MASK(CAP_SYS_NICE);
  changed_ = call(SYS_capset, without.data());
}

NoRealtime::~NoRealtime() {
  if (changed_) call(SYS_capset, before_.data());
}

}  // namespace videopush::media
