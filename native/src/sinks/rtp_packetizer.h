// Access units into interleaved RTP (RFC 3550, and RFC 2326 section 10.12), by libavformat's
// packetizers, under a timestamp base and SSRC of our own: they go on over reconnects.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/av.h"
#include "sinks/sink.h"

struct AVBSFContext;

namespace videopush::sinks {

/// One video track of one connection. RTP sequence numbers begin at random, as RFC 3550 section 5.1
/// wants.
class RtpPacketizer {
 public:
  static constexpr int kClockRate = 90'000;
  /// A whole RTP packet, its header of 12 bytes included. Above 1440 MediaMTX cuts packets again.
  static constexpr int kPacketBytes = 1'400;
  static constexpr std::size_t kSdpBytes = 16'384;

  /// InvalidArgument, CodecUnsupportedByTarget when libavformat can't carry the track.
  RtpPacketizer(const TrackInfo& track, std::uint32_t timestamp_base, std::uint32_t ssrc);
  ~RtpPacketizer();

  /// The session description (RFC 4566) with one media section, "a=control:streamid=0". At most 16
  /// kB, else InvalidArgument.
  std::string sdp() const;

  /// Appends the unit's interleaved frames ('$', channel, length, RTP packet) to `out`. Parameter
  /// sets are repeated before every key frame that does not bring its own.
  void packetize(const Unit& unit, std::uint8_t channel, std::vector<std::uint8_t>& out);

  /// The RTP timestamp of a pts or dts in the track's time base: base + 90 kHz ticks from zero,
  /// modulo 2^32.
  std::uint32_t rtp_time(std::int64_t timestamp) const;
  std::uint32_t packets() const { return packets_; }
  std::uint32_t octets() const { return octets_; }  // RTP payload
  std::uint32_t ssrc() const { return ssrc_; }

 private:
  struct FormatDelete {
    void operator()(AVFormatContext* context) const;
  };
  struct FilterDelete {
    void operator()(AVBSFContext* filter) const;
  };

  void open_muxer();
  void open_filter();
  void on_rtp_packet(const std::uint8_t* data, int size);

  AVRational time_base_;
  std::uint32_t timestamp_base_;
  std::uint32_t ssrc_;
  std::unique_ptr<AVFormatContext, FormatDelete> muxer_;
  std::unique_ptr<AVBSFContext, FilterDelete> repeat_headers_;  // null when the track has none
  PacketPtr scratch_;
  // out_, channel_ and unit_time_ tell the muxer's write callback about the unit at hand.
  std::vector<std::uint8_t>* out_ = nullptr;
  std::uint8_t channel_ = 0;
  std::uint32_t unit_time_ = 0;
  std::uint32_t packets_ = 0;
  std::uint32_t octets_ = 0;
};

}  // namespace videopush::sinks
