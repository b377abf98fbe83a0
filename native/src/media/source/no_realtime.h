// Keeps a library from making its threads more urgent than ours.
#pragma once

#include <linux/capability.h>

#include <array>

namespace videopush::media {

/// While it exists, neither the calling thread nor a thread made by it may claim a real-time
/// priority: its effective capabilities lack CAP_SYS_NICE (capabilities(7): they are a thread's
/// own, and inherited by its children). SVT-AV1 run by root would otherwise put its threads and
/// its caller at SCHED_FIFO 99, in front of the senders.
class NoRealtime {
 public:
  NoRealtime() noexcept;
  ~NoRealtime();
  NoRealtime(const NoRealtime&) = delete;
  NoRealtime& operator=(const NoRealtime&) = delete;

 private:
  bool changed_ = false;
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> before_{};
};

}  // namespace videopush::media
