// The byte level of the recorder: reads from a TCP socket that know when their last byte arrived.
// Test support, standalone: shares no code with the publisher that it judges.
#pragma once

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace recorder {

inline std::int64_t now_ns(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
}

/// When the last byte of a read reached this host: nanoseconds of CLOCK_MONOTONIC.
struct Arrival {
  std::int64_t at = 0;
  bool kernel =
      false;  // false: no kernel stamp for these bytes, `at` is when this program saw them
};

/// A connected socket with exact-length reads. TCP stamps an skb when it enters the host and
/// reports the stamp with the read that takes the skb's last byte
/// (Documentation/networking/timestamping.rst, SOF_TIMESTAMPING_RX_SOFTWARE), so a read that ends
/// where the sender's write ended carries the arrival of exactly that byte.
class Wire {
 public:
  explicit Wire(int fd) : fd_(fd) {}
  ~Wire() { ::close(fd_); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  /// Asks the kernel for receive stamps; on the listening socket, accepted ones inherit it.
  static void enable_stamps(int fd) {
    const int flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
    ::setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags);
  }

  /// Exactly `size` bytes, or false at the end of the connection (`error` holds errno, 0 = closed
  /// in order).
  bool read(void* into, std::size_t size) {
    auto* at = static_cast<std::uint8_t*>(into);
    while (size > 0) {
      const ssize_t got = receive(at, size);
      if (got <= 0) return false;
      at += got;
      size -= static_cast<std::size_t>(got);
    }
    return true;
  }

  bool write(const std::string& text) {
    std::size_t sent = 0;
    while (sent < text.size()) {
      const ssize_t n = ::send(fd_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return false;
      sent += static_cast<std::size_t>(n);
    }
    return true;
  }

  /// Arrival of the last byte of the last read.
  Arrival arrival() const { return arrival_; }
  int error() const { return error_; }

 private:
  ssize_t receive(std::uint8_t* into, std::size_t size) {
    iovec part{into, size};
    alignas(cmsghdr) char control[256];
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    ssize_t got;
    do {
      got = ::recvmsg(fd_, &message, 0);
    } while (got < 0 && errno == EINTR);
    error_ = got < 0 ? errno : 0;
    const std::int64_t mono = now_ns(CLOCK_MONOTONIC);
    arrival_ = {mono, false};
    if (got <= 0) return got;
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
      if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPING) continue;
      scm_timestamping stamps;
      std::memcpy(&stamps, CMSG_DATA(c), sizeof stamps);
      const std::int64_t wall = stamps.ts[0].tv_sec * 1'000'000'000LL + stamps.ts[0].tv_nsec;
      // The stamp is wall-clock time; its age is what carries over to the monotonic clock.
      if (wall != 0) arrival_ = {mono - (now_ns(CLOCK_REALTIME) - wall), true};
    }
    return got;
  }

  int fd_;
  int error_ = 0;
  Arrival arrival_;
};

}  // namespace recorder
