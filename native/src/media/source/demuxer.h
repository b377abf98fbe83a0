// Packets of one named source, opened by libavformat within limits.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/abort.h"
#include "core/av.h"
#include "core/error.h"
#include "core/redact.h"
#include "media/source/byte_io.h"
#include "media/source/location.h"
#include "media/source/multipart_input.h"
#include "media/source/open_fence.h"
#include "media/source/source.h"
#include "media/source/timeline.h"

namespace videopush::media {

constexpr unsigned kMaxStreams = 64;

/// Packets of the source's video track. Errors on construction: see open_source().
class Demuxer {
 public:
  Demuxer(const SourceOptions& options, const AbortSignal& abort);
  ~Demuxer();
  Demuxer(const Demuxer&) = delete;
  Demuxer& operator=(const Demuxer&) = delete;

  AVFormatContext& context() { return *context_; }
  AVStream& video() { return *context_->streams[video_index_]; }
  const Location& location() const { return location_; }
  bool live() const;         // no end is known: a camera, a broadcast, a web stream without length
  bool real_time() const;    // live for certain: its frames come when they are made
  bool seekable() const;     // by bytes, hence rewindable
  bool timestamped() const;  // seek() makes sense
  /// Its clock may jump, so that one timestamp may name several places of it: true of containers
  /// that say so (AVFMT_TS_DISCONT) and of live sources.
  bool may_jump() const;
  std::int64_t size() const;  // bytes, -1 unknown

  /// The next packet of the video track, its timestamps continuous (SourceTimeline); false at the
  /// end, then `fault()` says whether it was a clean one. Throws Aborted only: everything else
  /// waits in fault() until the caller has given out what it has.
  bool read(AVPacket& out);
  const std::optional<Error>& fault() const { return fault_; }
  std::uint64_t unreadable() const { return unreadable_; }  // damaged pieces passed over

  /// Goes to a key frame at or before `timestamp` (the video's time base) as the container's index
  /// has it; false when it can't. It may land elsewhere: the caller checks.
  bool seek(std::int64_t timestamp);
  /// Goes to the packet that begins at a byte; `shift`: what the timeline adds to its timestamps.
  bool seek_to_byte(std::int64_t position, std::int64_t shift);
  /// What the timeline added to the timestamps of the packet that read() gave last, in ticks.
  std::int64_t shift() const { return timeline_->added(); }
  const Discontinuities& discontinuities() const { return timeline_->discontinuities(); }

 private:
  std::unique_ptr<ByteInput> open_input(const SourceOptions& options);
  void open_bytes(const SourceOptions& options);
  void open_camera(std::unique_ptr<ByteInput> input);
  const AVInputFormat* probe_format();
  void open_network(const SourceOptions& options);
  void open_context(const std::string& url, const AVInputFormat* format, AVDictionary** settings);
  void check_track_count() const;
  void find_video(const TrackChoice& choice);
  void begin_timeline();
  bool jump_to(std::int64_t target, int flags, std::int64_t shift);
  bool read_whole(AVPacket& out);
  bool read_any(AVPacket& out);
  bool is_left_over(const AVPacket& packet);
  void stamp_arrival(AVPacket& packet);
  bool go_to_next_part();
  void finish(int result);
  bool is_truncated();
  Error open_error(int result) const;
  Error forbidden_error() const;
  bool read_failed() const { return bytes_ && bytes_->error(); }
  bool broke_off() const;
  std::string what() const { return "'" + location_.shown + "'"; }

  struct ContextDelete {
    void operator()(AVFormatContext* context) const;
  };

  const AbortSignal& abort_;
  Location location_;
  Secrets secrets_;
  IoLimit limit_;
  std::int64_t read_timeout_ms_;
  OpenFence fence_;
  std::unique_ptr<ByteIo> bytes_;     // files and http(s); other schemes are libavformat's
  MultipartInput* camera_ = nullptr;  // what bytes_ reads, when it is that
  std::optional<Nanoseconds> first_arrival_;
  std::int64_t last_stamp_ = -1;
  std::unique_ptr<AVFormatContext, ContextDelete> context_;
  int video_index_ = -1;
  std::optional<SourceTimeline> timeline_;
  std::optional<Error> fault_;
  bool ended_ = false;
  std::int64_t last_tag_ = -1;  // FLV: where the tag of the packet read last begins
  PacketPtr held_ = make_packet(), incoming_ = make_packet();
  std::int64_t read_position_ = 0;  // where the furthest packet so far begins, in bytes
  std::uint64_t unreadable_ = 0;
};

}  // namespace videopush::media
