#include "sinks/srt_socket.h"

#include <netinet/in.h>
#include <srt/access_control.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "sinks/srt_options.h"
#include "sinks/tcp_socket.h"

namespace videopush::sinks {
namespace {

/// Size of libsrt's own buffer: half a second of the largest stream, and no more than a server that
/// stopped reading may swallow.
constexpr int kSendBufferBytes = 4 << 20;

/// libsrt would print to standard error by itself.
void start_library() {
  [[maybe_unused]] static const int started = [] {
    srt_setloglevel(0 /* LOG_EMERG */);
    return srt_startup();
  }();
}

template <typename Value>
void set(SRTSOCKET socket, SRT_SOCKOPT option, Value value) {
  srt_setsockflag(socket, option, &value, sizeof value);
}

std::string where(const SrtTarget& target) {
  return target.host + ":" + std::to_string(target.port);
}

/// Why the connection was not made.
Error connect_error(SRTSOCKET socket, const SrtTarget& target) {
  const int reason = srt_getrejectreason(socket);
  const std::string peer = where(target);
  const std::string words = srt_rejectreason_str(reason);
  switch (reason) {
    case SRT_REJ_UNKNOWN:
    case SRT_REJ_TIMEOUT:
      return Error(ErrorCode::ConnectTimeout, peer + ": no SRT server answers",
                   "check address and port, that a server for SRT listens there, and that no "
                   "firewall drops UDP");
    case SRT_REJ_BADSECRET:
    case SRT_REJ_UNSECURE:
      return Error(ErrorCode::CredentialsRefused,
                   peer + ": the SRT server refused the passphrase (" + words + ")",
                   "check the URL's passphrase=, and whether the server wants one");
    case SRT_REJX_UNAUTHORIZED:
    case SRT_REJX_FORBIDDEN:
      return Error(ErrorCode::CredentialsRefused,
                   peer + ": the SRT server refused the user or the password (" + words + ")",
                   "check the output's credentials, and that they may publish to this path");
    default:
      return Error(ErrorCode::ConnectFailed,
                   peer + ": the SRT server rejects the stream (" + words + ")",
                   "check stream id and credentials, and whether somebody else publishes to the "
                   "same path; the server's log has its reason");
  }
}

}  // namespace

SrtSocket::SrtSocket(SrtSocket&& other) noexcept
    : socket_(std::exchange(other.socket_, SRT_INVALID_SOCK)),
      written_(other.written_),
      acknowledged_(other.acknowledged_) {}

SrtSocket& SrtSocket::operator=(SrtSocket&& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(written_, other.written_);
  std::swap(acknowledged_, other.acknowledged_);
  return *this;
}

SrtSocket::~SrtSocket() { close(); }

void SrtSocket::close() {
  if (open()) srt_close(socket_);
  socket_ = SRT_INVALID_SOCK;
}

SrtSocket SrtSocket::connect(const SrtTarget& target, std::int64_t limit_ms,
                             const AbortSignal& abort) {
  start_library();
  const SrtMode mode = srt_mode(target.query);
  const Nanoseconds until = io_deadline(limit_ms);
  const std::vector<Address> addresses = resolve(target.host, target.port, until, abort);
  if (mode == SrtMode::Listener) {
    SrtSocket made = create(target, until - system_clock().now());
    made.listen(target, addresses.front(), until, abort);
    return made;
  }
  for (std::size_t i = 0;; ++i) {
    const Nanoseconds now = system_clock().now();
    const Nanoseconds share = (until - now) / static_cast<Nanoseconds>(addresses.size() - i);
    SrtSocket made = create(target, share);
    try {
      made.call(target, addresses[i], now + share, mode == SrtMode::Rendezvous, abort);
      return made;
    } catch (const Error& error) {
      const bool silent = error.code() == ErrorCode::ConnectTimeout;
      if (!silent || i + 1 == addresses.size()) throw;
    }
  }
}

/// With all options set, so that it can be connected within `limit`.
SrtSocket SrtSocket::create(const SrtTarget& target, Nanoseconds limit) {
  SrtSocket made(srt_create_socket());
  if (!made.open()) throw Error(ErrorCode::ConnectFailed, srt_getlasterror_str());
  set(made.socket_, SRTO_SNDSYN, false);
  set(made.socket_, SRTO_RCVSYN, false);
  set(made.socket_, SRTO_SENDER, true);
  set(made.socket_, SRTO_CONNTIMEO,
      static_cast<int>(std::max<Nanoseconds>(limit / kMillisecond, 1)));
  set(made.socket_, SRTO_SNDBUF, kSendBufferBytes);
  // What was not acknowledged is sent until it is; else libsrt would drop it as too late, and count
  // it as acknowledged.
  set(made.socket_, SRTO_SNDDROPDELAY, -1);
  set_srt_options(made.socket_, target.query);
  const std::string& id = target.stream_id;
  if (!id.empty() &&
      srt_setsockflag(made.socket_, SRTO_STREAMID, id.data(), static_cast<int>(id.size())) != 0)
    throw Error(ErrorCode::UrlInvalid, "the SRT URL's stream id is longer than 512 bytes",
                "shorten it; user and password are part of it");
  return made;
}

void SrtSocket::call(const SrtTarget& target, const Address& address, Nanoseconds until,
                     bool rendezvous, const AbortSignal& abort) {
  const auto* peer = reinterpret_cast<const sockaddr*>(&address.storage);
  const auto length = static_cast<int>(address.length);
  if (rendezvous) {
    set(socket_, SRTO_RENDEZVOUS, true);
    sockaddr_storage any{};
    any.ss_family = address.storage.ss_family;
    // The port has the same place in the addresses of both families (RFC 3493 section 3.3).
    reinterpret_cast<sockaddr_in*>(&any)->sin_port =
        reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_port;
    if (srt_bind(socket_, reinterpret_cast<const sockaddr*>(&any), length) != 0)
      throw connect_error(socket_, target);
  }
  if (srt_connect(socket_, peer, length) < 0) throw connect_error(socket_, target);
  if (!wait_for(SRT_EPOLL_OUT, until, abort) || srt_getsockstate(socket_) != SRTS_CONNECTED)
    throw connect_error(socket_, target);
}

void SrtSocket::listen(const SrtTarget& target, const Address& address, Nanoseconds until,
                       const AbortSignal& abort) {
  const auto* own = reinterpret_cast<const sockaddr*>(&address.storage);
  if (srt_bind(socket_, own, static_cast<int>(address.length)) != 0 || srt_listen(socket_, 1) != 0)
    throw Error(ErrorCode::ConnectFailed,
                "cannot listen at " + where(target) + ": " + srt_getlasterror_str(),
                "name an address of this machine and a port that is free");
  if (!wait_for(SRT_EPOLL_IN, until, abort))
    throw Error(ErrorCode::ConnectTimeout, where(target) + ": no SRT caller came in time",
                "start the caller, or push to a server as a caller");
  SrtSocket caller(srt_accept(socket_, nullptr, nullptr));
  if (!caller.open()) throw Error(ErrorCode::ConnectFailed, srt_getlasterror_str());
  *this = std::move(caller);
}

/// Until the socket is ready for `events` or broken; false once `until` has passed.
bool SrtSocket::wait_for(int events, Nanoseconds until, const AbortSignal& abort) const {
  const int poll = srt_epoll_create();
  const int watched = events | SRT_EPOLL_ERR, readable = SRT_EPOLL_IN;
  srt_epoll_add_usock(poll, socket_, &watched);
  srt_epoll_add_ssock(poll, abort.fd(), &readable);
  const Nanoseconds left = std::max<Nanoseconds>(until - system_clock().now(), 0);
  SRTSOCKET readable_now, writable_now;
  SYSSOCKET aborted_now;
  int reads = 1, writes = 1, aborts = 1;
  const int seen = srt_epoll_wait(poll, &readable_now, &reads, &writable_now, &writes,
                                  left / kMillisecond, &aborted_now, &aborts, nullptr, nullptr);
  srt_epoll_release(poll);
  abort.throw_if_aborted();
  return seen > 0;
}

void SrtSocket::write(std::span<const std::uint8_t> bytes, Nanoseconds until,
                      const AbortSignal& abort) {
  while (!bytes.empty()) {
    const auto message = bytes.first(std::min(bytes.size(), kMessageBytes));
    const int sent = srt_sendmsg2(socket_, reinterpret_cast<const char*>(message.data()),
                                  static_cast<int>(message.size()), nullptr);
    if (sent > 0) {
      written_ += message.size();
      bytes = bytes.subspan(message.size());
      continue;
    }
    if (srt_getlasterror(nullptr) != SRT_EASYNCSND) {
      delivery();
      throw Error(ErrorCode::ConnectionReset,
                  std::string("the SRT connection was lost: ") + srt_getlasterror_str());
    }
    if (!wait_for(SRT_EPOLL_OUT, until, abort))
      throw Error(ErrorCode::WriteTimeout, "the server took no more data in time",
                  "check the server's load and the network's bandwidth");
  }
}

Delivery SrtSocket::delivery() const {
  std::size_t messages = 0, bytes = 0;
  const bool alive = open() && srt_getsockstate(socket_) == SRTS_CONNECTED;
  // libsrt forgets its buffer when the connection breaks.
  if (alive && srt_getsndbuffer(socket_, &messages, &bytes) >= 0)
    acknowledged_ = std::max(acknowledged_, written_ - std::min<std::uint64_t>(bytes, written_));
  return {.written = written_, .acknowledged = acknowledged_, .alive = alive};
}

Nanoseconds SrtSocket::latency() const {
  int milliseconds = 0, size = sizeof milliseconds;
  if (!open() || srt_getsockflag(socket_, SRTO_PEERLATENCY, &milliseconds, &size) != 0) return 0;
  return milliseconds * kMillisecond;
}

}  // namespace videopush::sinks
