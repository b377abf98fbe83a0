// One video decoder on libavcodec: packets in decode order, frames in display order.
#pragma once

#include <cstdint>

#include "core/av.h"
#include "media/source/source.h"

namespace videopush::media {

class Decoder {
 public:
  /// `live`: threads share the slices of a picture, since threads that take a picture each hold
  /// back as many. Errors: SourceUnsupported (no decoder), InvalidArgument (threads).
  Decoder(const AVStream& stream, AVRational frame_rate, const DecodeOptions& options, bool live);

  enum class Result { Frame, NeedsPacket, End };
  /// The next frame, as it is; damaged ones are passed over and counted.
  Result receive(AVFrame& out);
  /// Only after NeedsPacket; nullptr: no more packets, give out what is held.
  void send(const AVPacket* packet);
  void flush();  // forget everything held: before packets from another place of the stream
  std::uint64_t errors() const { return errors_; }

 private:
  CodecContextPtr context_;
  std::uint64_t errors_ = 0;
};

/// Timestamps of decoded frames that strictly increase: what the rest of the pipeline and every
/// muxer rely on. The packets' jumps are gone by then (SourceTimeline).
class FrameClock {
 public:
  /// `step`: nominal frame interval in the stream's time base.
  explicit FrameClock(std::int64_t step) : step_(step) {}
  /// The frame's own timestamp where it has one that moves on, else one tick after the last. None:
  /// the last one plus its duration.
  std::int64_t place(std::int64_t timestamp, std::int64_t duration);
  std::uint64_t guessed() const { return guessed_; }
  void reset();

 private:
  std::int64_t step_;
  std::int64_t last_ = AV_NOPTS_VALUE, last_duration_ = 0;
  std::uint64_t guessed_ = 0;
};

}  // namespace videopush::media
