// A TCP connection without blocking calls: every wait has a limit and ends on abort.
#pragma once

#include <poll.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/abort.h"
#include "core/clock.h"
#include "core/error.h"
#include "sinks/delivery.h"

namespace videopush::sinks {

/// CLOCK_MONOTONIC in `ms` milliseconds. Limits of I/O are real time, also where a test injects
/// another clock.
Nanoseconds io_deadline(std::int64_t ms);

/// Waits until `fd` is ready for `events` (error and hang-up count); false once `until` has passed,
/// ready or not, so that a loop around it ends however busy the peer keeps the descriptor. Throws
/// Aborted.
bool wait_for(int fd, short events, Nanoseconds until, const AbortSignal& abort);

/// Owns the descriptor; TCP_NODELAY is set. Movable.
class TcpSocket {
 public:
  TcpSocket() = default;
  /// Takes over a connected socket; -1 = none.
  explicit TcpSocket(int fd);
  TcpSocket(TcpSocket&& other) noexcept;
  TcpSocket& operator=(TcpSocket&& other) noexcept;
  ~TcpSocket();

  /// Whom connect() may connect to.
  enum class Peers { Any, Remote };  // Remote: not loopback or link-local (core/local_address.h)

  /// Tries the host's addresses one after the other until one answers; the time left is shared
  /// among those not yet tried. HostUnknown, ConnectRefused, ConnectTimeout, ConnectFailed (of the
  /// last address), ServerRefused (none is remote), Aborted.
  static TcpSocket connect(const std::string& host, std::uint16_t port, std::int64_t limit_ms,
                           const AbortSignal& abort, Peers peers = Peers::Any);

  int fd() const { return fd_; }
  bool open() const { return fd_ >= 0; }

  /// What has arrived by now, 0 when nothing has. ConnectionClosed at the stream's end,
  /// ConnectionReset.
  std::size_t read_some(std::span<std::uint8_t> into);
  /// One sendmsg; what the kernel took, 0 when its buffer is full. ConnectionClosed,
  /// ConnectionReset.
  std::size_t write_some(std::span<const iovec> parts);

  /// Bounds what the kernel queues (SO_SNDBUF): large enough for two of the largest unit seen and
  /// for half a second of the stream; no larger, or a server that stopped reading would be noticed
  /// late. 4 MiB at most; the system's wmem_max may cap it further.
  void bound_send_buffer(std::int64_t bit_rate, std::size_t unit_bytes);
  /// How far the connection has come; also once it is lost.
  Delivery delivery() const { return tcp_delivery(fd_); }
  /// Bytes that the peer has not acknowledged.
  std::size_t backlog() const;
  void shutdown_write();
  /// Reads and forgets until the peer closes; false when `until` passes before. ConnectionReset,
  /// Aborted.
  bool drain(Nanoseconds until, const AbortSignal& abort);
  void close();

 private:
  Error ended(int error);

  int fd_ = -1;
  std::size_t send_buffer_ = 0;
  int lost_ = 0;  // the errno by which the connection was lost
};

}  // namespace videopush::sinks
