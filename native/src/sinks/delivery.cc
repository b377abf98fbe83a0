#include "sinks/delivery.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>

namespace videopush::sinks {
namespace {

// include/net/tcp_states.h of the kernel, which no header for programs repeats.
constexpr int kClosed = 7, kClosedByPeer = 8;

}  // namespace

std::uint64_t HeldByPeer::released(const Delivery& state, Nanoseconds latency, Nanoseconds now) {
  if (state.acknowledged > acknowledged_) {
    acknowledged_ = state.acknowledged;
    progressed_at_ = now;
    held_.push_back({.position = acknowledged_, .at = now});
  }
  const bool idle = state.alive && state.written == state.acknowledged;
  const Nanoseconds lived_until = idle && now - progressed_at_ >= latency ? now : progressed_at_;
  while (!held_.empty() && held_.front().at + latency <= lived_until) {
    released_ = held_.front().position;
    held_.pop_front();
  }
  return released_;
}

Delivery tcp_delivery(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (fd < 0 || getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return {};
  Delivery out;
  out.written = info.tcpi_bytes_sent - info.tcpi_bytes_retrans + info.tcpi_notsent_bytes;
  // The SYN counts as one byte, the FIN as another.
  const std::uint64_t acknowledged = info.tcpi_bytes_acked - (info.tcpi_bytes_acked > 0 ? 1 : 0);
  out.acknowledged = std::min<std::uint64_t>(acknowledged, out.written);
  out.alive = info.tcpi_state != kClosed && info.tcpi_state != kClosedByPeer;
  return out;
}

}  // namespace videopush::sinks
