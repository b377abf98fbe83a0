// What the tests of the RTSP publisher share.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/abort.h"
#include "core/clock.h"
#include "core/error.h"
#include "sinks/sink.h"
#include "sinks/target.h"
#include "support/error_of.h"
#include "support/fake_rtsp_server.h"
#include "support/h264_units.h"
#include "support/sim_clock.h"

namespace videopush::test {

constexpr std::uint32_t kTimestampBase = 0xfffff000;  // wraps within the first second
constexpr std::uint32_t kSsrc = 0x12345678;

inline sinks::SinkOptions rtsp_options(const std::string& url,
                                       sinks::Credentials credentials = {}) {
  return {.url = url,
          .credentials = [credentials] { return credentials; },
          .limits = {.connect_ms = 2'000, .response_ms = 2'000, .write_ms = 2'000},
          .rtp_timestamp_base = kTimestampBase,
          .rtp_ssrc = kSsrc};
}

/// A sink connected to a server, with its track and an abort signal nobody sets.
struct Publisher {
  TestTrack track;
  AbortSignal abort;
  std::unique_ptr<sinks::Sink> sink;

  Publisher(const sinks::SinkOptions& options, Clock& clock)
      : sink(sinks::make_sink(options, clock)) {}
  void connect() { sink->connect(track.info(), abort); }
  sinks::SendResult send(const TestUnit& unit) { return sink->send(unit.unit(), abort); }
  std::optional<Error> close(Nanoseconds limit) { return sink->close(limit, abort); }
};

inline std::vector<RtpPacket> rtp_of(const std::vector<FrameSeen>& frames, int channel = 0) {
  std::vector<RtpPacket> out;
  for (const FrameSeen& frame : frames) {
    if (frame.channel == channel) out.push_back(parse_rtp(frame.data));
  }
  return out;
}

inline std::uint32_t u32(const Bytes& data, std::size_t at) {
  return static_cast<std::uint32_t>(data.at(at)) << 24 |
         static_cast<std::uint32_t>(data.at(at + 1)) << 16 |
         static_cast<std::uint32_t>(data.at(at + 2)) << 8 | data.at(at + 3);
}

struct ReportSeen {
  double ntp;  // seconds since 1900
  std::uint32_t rtp, packets, octets;
};

inline std::vector<ReportSeen> reports_of(const std::vector<FrameSeen>& frames, int channel = 1) {
  std::vector<ReportSeen> out;
  for (const FrameSeen& frame : frames) {
    if (frame.channel != channel) continue;
    REQUIRE(u32(frame.data, 0) == 0x80c80006);
    REQUIRE(u32(frame.data, 4) == kSsrc);
    out.push_back({u32(frame.data, 8) + u32(frame.data, 12) / 4294967296.0, u32(frame.data, 16),
                   u32(frame.data, 20), u32(frame.data, 24)});
  }
  return out;
}

}  // namespace videopush::test
