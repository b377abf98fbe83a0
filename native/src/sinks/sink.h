// Where encoded units go. A sink belongs to one sender thread; only the abort signal is touched
// from elsewhere.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/abort.h"
#include "core/av.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/tls.h"

namespace videopush::sinks {

enum class Protocol { Rtsp, Rtmp, Srt, File };

struct Credentials {
  std::string user, password;
};  // both empty = none

struct Limits {
  std::int64_t connect_ms = 5'000;  // name look-up and TCP/TLS connect
  std::int64_t response_ms =
      5'000;  // each answer of the handshake; authentication may take MediaMTX 3.1 s
  std::int64_t write_ms = 5'000;  // one unit
};

struct SinkOptions {
  std::string url;                           // without user-info
  std::function<Credentials()> credentials;  // asked at every connect; may throw CredentialsMissing
  Limits limits;
  TlsTrust tls = {};                     // of RTMPS
  std::uint32_t rtp_timestamp_base = 0;  // RTSP: continuous over reconnects
  std::uint32_t rtp_ssrc = 0;
  /// An earlier process of this push has sent already: a file goes on beside its first part
  /// ("name-2.mkv") instead of overwriting it.
  bool continues = false;
  bool local_redirects = false;  // lift the rule on redirect targets; for tests of the rest
};

/// What is published: one video track (audio joins later as a second one).
struct TrackInfo {
  const AVCodecParameters* parameters = nullptr;
  AVRational time_base{1, 1};
  AVRational frame_rate{0, 1};
};

/// One access unit. `packet` has pts and dts in TrackInfo::time_base.
struct Unit {
  const AVPacket* packet;
  bool key;
};

struct SendResult {
  Nanoseconds offered;   // first byte offered to the kernel (s_n)
  Nanoseconds accepted;  // last byte accepted (e_n)
  std::size_t bytes;     // on the wire with the protocol's overhead; of a file, the unit itself
  /// Position behind the unit in the connection's stream, which Sink::acknowledged() reaches when
  /// the unit is sent; 0: it is sent, since nobody acknowledges what is written (a file).
  std::uint64_t end = 0;
};

/// Behind all units of a connection.
inline constexpr std::uint64_t kAllAcknowledged = UINT64_MAX;

class Sink {
 public:
  virtual ~Sink() = default;
  /// Connects, authenticates, announces, until the server has accepted. Typed errors; every wait
  /// has a limit and honours `abort` within 100 ms. A sink that was closed may connect again: keep
  /// it as long as the output exists, so that its sender reports stay on the system clock that was
  /// read when it was made.
  virtual void connect(const TrackInfo& track, const AbortSignal& abort) = 0;
  /// Does what can be done before the unit's deadline (packetizing), so that `send` of the same
  /// unit begins with the system call. Optional; the unit has to be the next one sent.
  virtual void prepare(const Unit&) {}
  /// Sends one unit whole or throws (WriteTimeout, ConnectionClosed, ConnectionReset,
  /// ProtocolError, Aborted): after a throw the sink is to be closed; a unit begun can't be
  /// skipped.
  virtual SendResult send(const Unit& unit, const AbortSignal& abort) = 0;
  /// Socket to watch while waiting for a deadline; -1 when the protocol layer owns it.
  virtual int fd() const { return -1; }
  /// Reads what the server sent. Throws ConnectionClosed/Reset/ServerRefused when it ended the
  /// session.
  virtual void on_readable() {}
  /// Monotonic instant at which something must be sent to keep the session open; kForever = never.
  virtual Nanoseconds keepalive_due() const { return kForever; }
  virtual void keepalive(const AbortSignal&) {}
  /// Bytes that were written and are not acknowledged.
  virtual std::size_t backlog_bytes() const { return 0; }
  /// Units of this connection that end up to here are sent (sinks/delivery.h). Grows while the
  /// connection lasts, and stays as it was at its end until it is closed or made again.
  virtual std::uint64_t acknowledged() const { return kAllAcknowledged; }
  /// How much longer than an exchange of a few messages an orderly end takes.
  virtual Nanoseconds closing_time() const { return 0; }
  /// Ends in order (RTSP TEARDOWN, muxer trailer) within `limit`, at once when aborted: a file
  /// still gets its trailer, which waits for nobody. Never throws; returns what went wrong.
  virtual std::optional<Error> close(Nanoseconds limit, const AbortSignal& abort) = 0;
  /// Ends without a word to the server.
  void drop() {
    static const AbortSignal never;
    close(0, never);
  }
  virtual bool wants_global_header() const = 0;
  /// True when each connection must start at zero (files, and RTMP, whose timestamps end).
  virtual bool timestamps_from_zero() const = 0;
  /// How much media one connection can carry before its timestamps end. The sender makes another
  /// one in time.
  virtual Nanoseconds capacity() const { return kForever; }
  /// Which part of the push the last connection to a file began, from 1 (the file that was named)
  /// to limits::kMaxFileParts. 0 for anything else.
  virtual int file_part() const { return 0; }
};

}  // namespace videopush::sinks
