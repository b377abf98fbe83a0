// An SRT connection without blocking calls: every wait has a limit and ends on abort.
#pragma once

#include <srt/srt.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/abort.h"
#include "core/clock.h"
#include "sinks/delivery.h"
#include "sinks/resolve.h"

namespace videopush::sinks {

struct SrtTarget {
  std::string host;
  std::uint16_t port = 0;
  std::string query;      // parameters of the URL, see srt_options.h
  std::string stream_id;  // empty = none
};

class SrtSocket {
 public:
  /// What libsrt's live mode (SRTT_LIVE) carries in one message, in bytes: seven packets of
  /// MPEG-TS.
  static constexpr std::size_t kMessageBytes = 1'316;

  SrtSocket() = default;
  SrtSocket(SrtSocket&& other) noexcept;
  SrtSocket& operator=(SrtSocket&& other) noexcept;
  ~SrtSocket();

  /// Tries the host's addresses one after the other until one answers, or waits for a caller where
  /// the URL says mode=listener, within `limit_ms`; the time left is shared among the addresses not
  /// yet tried. Errors: HostUnknown, ConnectTimeout (nobody answers), CredentialsRefused (by
  /// passphrase or by the server's code), ConnectFailed (any other rejection, with libsrt's words),
  /// UrlInvalid, Aborted.
  static SrtSocket connect(const SrtTarget& target, std::int64_t limit_ms,
                           const AbortSignal& abort);

  bool open() const { return socket_ != SRT_INVALID_SOCK; }
  /// Sends `bytes` in messages of kMessageBytes. Errors: WriteTimeout when libsrt's buffer stays
  /// full until `until`, ConnectionReset, Aborted.
  void write(std::span<const std::uint8_t> bytes, Nanoseconds until, const AbortSignal& abort);
  /// Of payload; `acknowledged` by the peer's library. Stays as it was when the connection is lost.
  Delivery delivery() const;
  /// For how long the peer holds what arrives before it hands it on: the negotiated latency.
  Nanoseconds latency() const;
  void close();

 private:
  explicit SrtSocket(SRTSOCKET socket) : socket_(socket) {}
  static SrtSocket create(const SrtTarget& target, Nanoseconds limit);
  bool wait_for(int events, Nanoseconds until, const AbortSignal& abort) const;
  void call(const SrtTarget& target, const Address& address, Nanoseconds until, bool rendezvous,
            const AbortSignal& abort);
  void listen(const SrtTarget& target, const Address& address, Nanoseconds until,
              const AbortSignal& abort);

  SRTSOCKET socket_ = SRT_INVALID_SOCK;
  std::uint64_t written_ = 0;
  mutable std::uint64_t acknowledged_ = 0;  // as far as it was known last
};

}  // namespace videopush::sinks
