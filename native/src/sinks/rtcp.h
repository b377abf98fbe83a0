// RTCP sender reports: which wall-clock instant an RTP timestamp stands for.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/clock.h"

namespace videopush::sinks {

/// Wall time for reports: CLOCK_REALTIME read once, carried on by the monotonic clock, so that a
/// clock stepped later changes nothing that is sent.
class WallAnchor {
 public:
  explicit WallAnchor(const Clock& clock) : offset_(clock.wall_now() - clock.now()) {}
  /// Nanoseconds since 1970 at a monotonic instant.
  Nanoseconds at(Nanoseconds monotonic) const { return offset_ + monotonic; }

 private:
  Nanoseconds offset_;
};

struct SenderReport {
  std::uint32_t ssrc = 0;
  Nanoseconds wall = 0;             // since 1970
  std::uint32_t rtp_timestamp = 0;  // of the same instant
  std::uint32_t packets = 0;        // RTP packets sent before this report
  std::uint32_t octets = 0;         // their payload
};

inline constexpr std::size_t kSenderReportBytes = 60;

/// A compound packet of a sender report (RFC 3550 section 6.4.1) and the SDES CNAME that has to go
/// with it (section 6.1). The name is made of the SSRC, which is random and lasts as long as the
/// stream (RFC 7022).
std::array<std::uint8_t, kSenderReportBytes> make_sender_report(const SenderReport& report);

}  // namespace videopush::sinks
