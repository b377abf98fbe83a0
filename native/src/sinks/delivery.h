// When is a unit sent? What a socket has taken is not yet at the server: a connection that dies
// loses what lies in this machine's buffers and in the network. So each unit goes through these
// states:
//
//   offered        its last byte was accepted by the socket. Pacing counts this instant
//                  (SendResult::offered, accepted), the ledger does not.
//   acknowledged   the peer has it: its kernel (TCP, read from TCP_INFO) or its SRT library has
//                  acknowledged the position behind the unit's last byte (SendResult::end), and its
//                  latency has passed.
//   sent           acknowledged, over a connection on which the server has accepted the publish:
//                  RTSP has answered RECORD, SRT its handshake, RTMP NetStream.Publish.Start, and
//                  the trial has passed in which servers of RTMP and SRT refuse a stream after
//                  that. Only now the ledger counts it.
//
// When a connection dies, units that were offered and not sent are either offered again on the next
// one, or counted as dropped(network): see sessions/encode/delivery_window.h. A connection that
// ends in order was read to its end, so that all of its units are sent.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "core/clock.h"

namespace videopush::sinks {

/// Positions in a connection's stream, in bytes from its beginning. Both only grow.
struct Delivery {
  std::uint64_t written = 0;       // what the kernel has taken
  std::uint64_t acknowledged = 0;  // what the peer's kernel has acknowledged
  bool alive = true;               // false: reset, or closed by the peer
};

/// How long a server may take to end a stream that it has let begin, because of its path, its key
/// or another publisher: for RTMP, MediaMTX decides once it has read 2 s of media.
class Trial {
 public:
  /// A connection is made.
  void begin() { first_offered_.reset(); }
  void offered(Nanoseconds at) { first_offered_ = first_offered_.value_or(at); }
  bool over(Nanoseconds now) const { return first_offered_ && now - *first_offered_ >= kLength; }

 private:
  static constexpr Nanoseconds kLength = 3 * kSecond;
  std::optional<Nanoseconds> first_offered_;
};

/// An SRT peer holds what it has acknowledged for the negotiated latency before its reader gets it,
/// and forgets it when it dies before. That it lived on shows in later acknowledgements, or, when
/// nothing is left to acknowledge, in that the connection still stands.
class HeldByPeer {
 public:
  /// The position up to which the peer's reader has the stream; called at every poll.
  std::uint64_t released(const Delivery& state, Nanoseconds latency, Nanoseconds now);

 private:
  struct Acknowledged {
    std::uint64_t position;
    Nanoseconds at;
  };
  std::deque<Acknowledged> held_;
  std::uint64_t acknowledged_ = 0, released_ = 0;
  Nanoseconds progressed_at_ = 0;
};

/// By TCP_INFO (tcp(7), linux/tcp.h: struct tcp_info), which stays readable after the connection's
/// end. All zero where a kernel keeps no such counts, and for no socket: everything written counts
/// as acknowledged then.
Delivery tcp_delivery(int fd);

}  // namespace videopush::sinks
