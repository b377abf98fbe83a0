// The encoder at work: from one frame of the input to the units of all outputs.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "media/encode/encoder.h"
#include "sessions/encode/lead_meter.h"
#include "sessions/encode/pipeline_context.h"
#include "sessions/encode/sender_group.h"

namespace videopush::sessions {

/// Belongs to the encode thread, except for `effective`. One bad frame costs itself; an encoder
/// that broke is opened again.
class FrameEncoder {
 public:
  FrameEncoder(const PipelineContext& context, const VideoFormat& format, SenderGroup& senders,
               LeadMeter& lead);

  /// Opens the encoder, or a new one in its place, which begins with a key frame. Errors:
  /// EncoderUnknown, EncoderRejected, InvalidArgument.
  void open();
  bool is_open() const { return encoder_ != nullptr; }
  /// What the senders announce; the encoder is open.
  std::shared_ptr<const Track> track() const;

  void request_key() { force_key_ = true; }  // of the next frame
  /// Throws what the encoder says when it has failed too often in a row.
  void encode(const InputFrame& taken);
  void flush();
  /// Opens a new encoder before the input gives frames again from an earlier one on: its first
  /// picture is the key frame that may have been requested.
  void begin_again();
  int held() const { return encoder_->held(); }  // frames

  std::optional<media::Encoder::Effective> effective() const;  // any thread; once opened

 private:
  struct SideData {  // what goes with a frame past the encoder
    Nanoseconds produced_at = 0;
    bool discontinuity = false;
    SourcePace pace = SourcePace::Any;
  };

  void fail(const InputFrame& taken, const Error& error);
  void fan_out(std::vector<media::EncodedPacket>& packets);

  const PipelineContext& context_;
  const VideoFormat& format_;
  SenderGroup& senders_;
  LeadMeter& lead_;
  std::unique_ptr<media::Encoder> encoder_;
  std::map<std::uint64_t, SideData> side_data_;
  bool force_key_ = false;
  int failures_ = 0;  // in a row
  mutable std::mutex mutex_;
  std::optional<media::Encoder::Effective> effective_;  // under the lock
};

}  // namespace videopush::sessions
