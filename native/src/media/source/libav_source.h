// A FrameSource on libavformat and libavcodec.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "core/error.h"
#include "media/source/decoder.h"
#include "media/source/demuxer.h"
#include "media/source/measure.h"
#include "media/source/source.h"

namespace videopush::media {

/// How much of the source is measured when it is opened; what was read for it is not read twice.
struct ScanLimits {
  double seconds;
  std::int64_t bytes;
};

class LibavSource final : public FrameSource {
 public:
  LibavSource(const SourceOptions& options, const DecodeOptions& decode,
              const ScanLimits& local_scan, const AbortSignal& abort);

  const SourceDescriptor& descriptor() const override { return descriptor_; }
  bool next(AVFrame& out) override;
  Place place() const override { return place_; }
  void seek(const Place& place) override;
  Discontinuities discontinuities() const override;
  std::uint64_t decode_errors() const override;
  std::uint64_t packets_read() const override { return packets_read_; }

 private:
  struct ReadAhead {
    PacketPtr packet;
    std::int64_t shift;  // what the timeline added to its timestamps
  };

  void open();
  void scan(const ScanLimits& limits);
  void look_at_first_picture();
  void describe_by(const AVFrame& picture);
  bool next_packet(AVPacket& out);
  bool decode(AVFrame& out);
  void finish_picture(AVFrame& frame);
  void end();
  bool reachable_forward(std::int64_t pts) const;
  bool go_to(const Place& place);
  bool seek_by_time(const Place& place);
  bool seek_by_byte(const Place& key, std::int64_t pts);
  bool land(std::int64_t pts);
  void remember_key(const AVPacket& packet);
  void locate(const AVFrame& frame);
  void restart();
  void read_from_start();
  void forget_position();

  SourceOptions options_;
  DecodeOptions decode_options_;
  const AbortSignal& abort_;
  std::unique_ptr<Demuxer> demuxer_;
  std::unique_ptr<Decoder> decoder_;
  std::optional<PacketScan> scan_;
  SourceDescriptor descriptor_;
  std::optional<FrameClock> clock_;
  PacketPtr packet_;
  std::int64_t packet_shift_ = 0;     // what the timeline added to the timestamps of packet_
  std::deque<ReadAhead> read_ahead_;  // packets that scan() read
  FramePtr pending_;                  // decoded, to be given out next
  bool at_start_ = true;              // this pass began at the source's beginning
  bool want_key_packet_ = false;      // after a seek: what comes before it can't be decoded
  bool finished_ = false;
  std::optional<Error> fault_;
  std::deque<Place> keys_;                    // key packets in the decoder, the oldest shown first
  Place place_;                               // of the last frame decoded
  std::optional<Place> first_;                // of the source's first frame, once it was seen
  std::int64_t last_pts_ = AV_NOPTS_VALUE;    // of the last frame decoded in this pass
  std::int64_t skip_until_ = INT64_MIN;       // frames before it are dropped
  std::optional<std::int64_t> expected_key_;  // key_position of the first one that is not dropped
  std::uint64_t packets_read_ = 0, closed_errors_ = 0, frames_ = 0;
  Discontinuities closed_jumps_;  // of the demuxers before this one
};

}  // namespace videopush::media
