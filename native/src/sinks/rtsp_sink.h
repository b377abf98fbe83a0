// Publishes to an RTSP server over one TCP connection (RFC 2326: ANNOUNCE, SETUP, RECORD; RTP
// interleaved).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sinks/rtcp.h"
#include "sinks/rtp_packetizer.h"
#include "sinks/rtsp_connection.h"
#include "sinks/sink.h"
#include "sinks/url.h"

namespace videopush::sinks {

class RtspSink final : public Sink {
 public:
  RtspSink(const SinkOptions& options, Clock& clock);
  ~RtspSink() override;

  void connect(const TrackInfo& track, const AbortSignal& abort) override;
  void prepare(const Unit& unit) override;
  SendResult send(const Unit& unit, const AbortSignal& abort) override;
  int fd() const override;
  void on_readable() override;
  Nanoseconds keepalive_due() const override;
  void keepalive(const AbortSignal& abort) override;
  std::size_t backlog_bytes() const override;
  std::uint64_t acknowledged() const override;
  std::optional<Error> close(Nanoseconds limit, const AbortSignal& abort) override;
  /// The SDP's sprop-parameter-sets come from it; in band the sets are repeated before every key
  /// frame.
  bool wants_global_header() const override { return true; }
  bool timestamps_from_zero() const override { return false; }

 private:
  static constexpr std::size_t kInterleavedHeaderBytes = 4;
  using ReportFrame = std::array<std::uint8_t, kInterleavedHeaderBytes + kSenderReportBytes>;
  struct Media {  // what SETUP agreed on
    std::uint8_t rtp_channel = 0, rtcp_channel = 1;
  };

  void open(const Url& url, bool redirected, const AbortSignal& abort);
  Url target_of(const RtspRedirect& redirect, int redirects) const;
  void handshake(const AbortSignal& abort);
  void adopt_session(const RtspMessage& response);
  void adopt_transport(const RtspMessage& response);
  /// The interleaved frame of a sender report for `now`, which RTP time `rtp` stands for.
  ReportFrame report(Nanoseconds now, std::uint32_t rtp) const;
  bool prepared(const Unit& unit) const;
  void write(std::span<const std::uint8_t> first, std::span<const std::uint8_t> second,
             const AbortSignal& abort);

  SinkOptions options_;
  Clock& clock_;
  WallAnchor wall_;
  Url url_;
  std::string uri_;  // of the connection, which may have been redirected

  std::optional<RtspConnection> connection_;
  std::optional<RtpPacketizer> packetizer_;
  std::string keepalive_method_;
  Media media_;
  bool recording_ = false;
  std::int64_t bit_rate_ = 0;
  Nanoseconds session_timeout_ = 0;

  std::vector<std::uint8_t> unit_bytes_;
  std::optional<std::pair<const std::uint8_t*, std::int64_t>> prepared_;  // data and dts

  Nanoseconds last_write_ = 0, last_request_ = 0, last_report_ = 0;
  Nanoseconds last_offered_ = 0;
  std::uint32_t last_rtp_ = 0;  // of the dts sent last
  /// Under one SSRC, so over all connections (RFC 3550 section 6.4.1), modulo 2^32.
  std::uint32_t sent_packets_ = 0, sent_octets_ = 0;
  std::uint32_t earlier_packets_ = 0, earlier_octets_ = 0;  // of the connections before
  bool reporting_ = false;
};

}  // namespace videopush::sinks
