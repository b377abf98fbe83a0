#include "sinks/tcp_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/clock.h"
#include "core/error.h"
#include "core/local_address.h"
#include "sinks/resolve.h"

namespace videopush::sinks {
namespace {

constexpr std::size_t kSmallestSendBuffer = 256 * 1024ull, kLargestSendBuffer = 4 << 20;

Error connect_error(const std::string& where, int error) {
  switch (error) {
    case ECONNREFUSED:
      return Error(ErrorCode::ConnectRefused, where + " refused the connection",
                   "check that the server runs and listens on this port");
    case ETIMEDOUT:
      return Error(ErrorCode::ConnectTimeout, where + " did not answer in time",
                   "check the address, and that no firewall drops the packets");
    default:
      return Error(ErrorCode::ConnectFailed,
                   "cannot connect to " + where + ": " + std::strerror(error),
                   "check the address and the network");
  }
}

/// The connection has ended: how? 0 is the end of what the server sends, EPIPE what is said of
/// writing behind it; anything else is no decision of the server's.
Error ended_by(int error) {
  if (error == 0 || error == EPIPE)
    return Error(ErrorCode::ConnectionClosed, "the server closed the connection");
  return Error(ErrorCode::ConnectionReset,
               std::string("the connection was lost: ") + std::strerror(error));
}

/// 0 or an errno; ETIMEDOUT when `until` passed.
int connect_one(const Address& address, Nanoseconds until, const AbortSignal& abort,
                TcpSocket& out) {
  TcpSocket candidate(
      ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!candidate.open()) return errno;
  const auto* target = reinterpret_cast<const sockaddr*>(&address.storage);
  if (::connect(candidate.fd(), target, address.length) != 0) {
    if (errno != EINPROGRESS) return errno;
    if (!wait_for(candidate.fd(), POLLOUT, until, abort)) return ETIMEDOUT;
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(candidate.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return error;
  }
  out = std::move(candidate);
  return 0;
}

}  // namespace

Nanoseconds io_deadline(std::int64_t ms) { return system_clock().now() + ms * kMillisecond; }

bool wait_for(int fd, short events, Nanoseconds until, const AbortSignal& abort) {
  for (;;) {
    abort.throw_if_aborted();
    const Nanoseconds left = until - system_clock().now();
    if (left <= 0) return false;
    const timespec limit{static_cast<time_t>(left / kSecond), static_cast<long>(left % kSecond)};
    pollfd fds[] = {{fd, events, 0}, {abort.fd(), POLLIN, 0}};
    const int ready = ppoll(fds, 2, &limit, nullptr);
    if (ready > 0 && fds[0].revents != 0) return true;
  }
}

TcpSocket::TcpSocket(int fd) : fd_(fd) {
  const int one = 1;
  if (fd >= 0) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

TcpSocket::TcpSocket(TcpSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), send_buffer_(other.send_buffer_), lost_(other.lost_) {}

TcpSocket& TcpSocket::operator=(TcpSocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(send_buffer_, other.send_buffer_);
  std::swap(lost_, other.lost_);
  return *this;
}

TcpSocket::~TcpSocket() { close(); }

void TcpSocket::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

TcpSocket TcpSocket::connect(const std::string& host, std::uint16_t port, std::int64_t limit_ms,
                             const AbortSignal& abort, Peers peers) {
  const Nanoseconds until = io_deadline(limit_ms);
  std::vector<Address> addresses = resolve(host, port, until, abort);
  if (peers == Peers::Remote) {
    std::erase_if(addresses, [](const Address& address) {
      return is_local_address(reinterpret_cast<const sockaddr*>(&address.storage));
    });
    if (addresses.empty()) {
      throw Error(ErrorCode::ServerRefused,
                  "the server redirects to a loopback or link-local address, which is not followed",
                  "give the URL of the server that takes the stream, if you trust it");
    }
  }
  int error = 0;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const Nanoseconds now = system_clock().now();
    const Nanoseconds share = (until - now) / static_cast<Nanoseconds>(addresses.size() - i);
    TcpSocket socket;
    error = connect_one(addresses[i], now + share, abort, socket);
    if (error == 0) return socket;
  }
  throw connect_error(host + ":" + std::to_string(port), error);
}

/// The kernel says once that a connection was lost; from then on it says only that it is closed.
Error TcpSocket::ended(int error) {
  if (lost_ == 0 && error != EPIPE) lost_ = error;
  return ended_by(lost_ == 0 ? error : lost_);
}

std::size_t TcpSocket::read_some(std::span<std::uint8_t> into) {
  for (;;) {
    const ssize_t got = recv(fd_, into.data(), into.size(), 0);
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0) throw ended(0);
    if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
    if (errno != EINTR) throw ended(errno);
  }
}

std::size_t TcpSocket::write_some(std::span<const iovec> parts) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts.data());  // sendmsg(2) does not write through it
  message.msg_iovlen = parts.size();
  for (;;) {
    const ssize_t taken = sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (taken >= 0) return static_cast<std::size_t>(taken);
    if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
    if (errno != EINTR) throw ended(errno);
  }
}

void TcpSocket::bound_send_buffer(std::int64_t bit_rate, std::size_t unit_bytes) {
  const std::size_t want = std::min(std::max({kSmallestSendBuffer, 2 * unit_bytes, send_buffer_,
                                              static_cast<std::size_t>(bit_rate) / 16}),
                                    kLargestSendBuffer);
  if (want == send_buffer_) return;
  send_buffer_ = want;
  // The kernel doubles the value, to have room for its own overhead (socket(7)).
  const int value = static_cast<int>(want);
  if (setsockopt(fd_, SOL_SOCKET, SO_SNDBUFFORCE, &value, sizeof value) != 0) {
    setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &value, sizeof value);
  }
}

std::size_t TcpSocket::backlog() const {
  const Delivery state = delivery();
  return static_cast<std::size_t>(state.written - state.acknowledged);
}

bool TcpSocket::drain(Nanoseconds until, const AbortSignal& abort) {
  std::array<std::uint8_t, 4'096> ignored;
  try {
    while (wait_for(fd_, POLLIN, until, abort)) read_some(ignored);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::ConnectionClosed) return true;
    throw;
  }
  return false;
}

void TcpSocket::shutdown_write() { ::shutdown(fd_, SHUT_WR); }

}  // namespace videopush::sinks
