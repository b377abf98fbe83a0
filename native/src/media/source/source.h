// Where frames come from: files, http(s), rtsp, rtmp, srt, and the generated test pattern.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/abort.h"
#include "core/av.h"
#include "core/format.h"
#include "core/tls.h"
#include "media/picture/layout.h"
#include "media/source/timeline.h"

namespace videopush::media {

struct TestPattern {
  int width = 1280, height = 720;
  AVRational rate{30, 1};
  double duration_seconds = 0;       // 0 = endless
  std::string pattern = "testsrc2";  // testsrc2, smptehdbars, testsrc
};

/// Which video track is read, where a source has several.
struct TrackChoice {
  std::optional<int> program;  // number of an MPEG program
  /// Ordinal among the video tracks (of the program) from 0, `id:N` or `id:0xN` (a PID, a track
  /// number), or `lang:xxx` in any code of ISO 639; empty = the best one.
  std::string name;
};

struct SourceOptions {
  /// Path, file:, http(s)://, rtsp://, rtmp(s)://, srt://; empty with a test_pattern.
  std::string uri;
  std::optional<TestPattern> test_pattern;
  std::string user, password;             // for http and rtsp; never part of uri in messages
  std::string rtsp_transport = "tcp";     // tcp | udp
  std::int64_t open_timeout_ms = 10'000;  // connect, redirects and probing together
  std::int64_t read_timeout_ms = 10'000;
  TrackChoice track;
  TlsTrust tls = {};  // of https and rtmps
};

struct AudioTrack {
  std::string codec;
  int sample_rate;
  int channels;
  std::int64_t bit_rate;
};

struct VideoTrack {
  int index;  // of the stream
  int id;     // the container's own (a PID, a track number), -1 where it has none
  std::string language, codec;
  int width, height;
  bool is_default;
  bool cover;                 // or a thumbnail: a picture about the film, not the film
  std::vector<int> programs;  // numbers of the MPEG programs that it belongs to
};

/// What the source is, measured: never the decoder context's defaults. 0 / empty = unknown.
struct SourceDescriptor {
  std::string container;  // libavformat's demuxer name
  double duration_seconds = 0;
  double start_seconds = 0;
  std::int64_t bit_rate = 0;  // of the video, b/s
  bool seekable = false, live = false, finite = true;
  bool real_time = false;  // live for certain: a web stream without length can also be a file
  int stream_index = 0, stream_count = 1;
  std::string codec, profile;    // "h264", "High"
  VideoFormat format;            // of the decoded picture, before scaling; time_base = the stream's
  std::int64_t frame_count = 0;  // exact when the container counts, else estimated
  bool frame_count_exact = false;
  bool variable_frame_rate = false;
  int gop_frames = 0;      // longest seen distance between key frames
  int reorder_frames = 0;  // B-frame delay: the largest number of frames that precede one in decode
                           // order and follow it in display order
  Orientation orientation;  // what the display must do to show it upright
  bool interlaced = false;  // by the container or the codec; pictures say it one by one
  /// What becomes of its pictures, in words: in a push with the default settings when it is from
  /// probe(), else as whoever has the descriptor reads or pushes them.
  std::vector<std::string> changes;
  std::vector<VideoTrack> videos;
  std::vector<AudioTrack> audio;
};

/// Where a frame lies in its source: enough for another process to come back to it, whatever the
/// timestamps of the source are like.
struct Place {
  /// In place of a key position: the timestamp was made up, after one that did not move on, and is
  /// the same again only when the source is read from its beginning.
  static constexpr std::int64_t kFromStart = -2;

  std::int64_t pts = 0;  // of the frame, as FrameSource::next() gave it
  /// Byte of the source at which the key frame that it depends on begins; -1 = unknown, or
  /// kFromStart.
  std::int64_t key_position = -1;
  /// What the source's timeline had added to the timestamps at that key frame, in its ticks.
  std::int64_t shift = 0;
};

/// Frames in display order, each exactly once. Not thread-safe but for abort.
class FrameSource {
 public:
  virtual ~FrameSource() = default;
  virtual const SourceDescriptor& descriptor() const = 0;
  /// Next frame. pts in descriptor().format.time_base, strictly increasing, never missing (guessed
  /// when the container has none; see SourceTimeline for clocks that jump); duration filled in from
  /// the rate when unknown; full-range "J" pixel formats as the plain format with a range tag.
  /// false: end of the source, all delayed frames were given; again at every further call. Throws
  /// Error: SourceCorrupt, SourceTruncated, SourceTimeout, SourceDisconnected (each after what
  /// could be decoded was given), SourceTooLarge, Aborted.
  virtual bool next(AVFrame& out) = 0;
  /// The place of the frame that next() gave last.
  virtual Place place() const = 0;
  /// The next frame will be the first with at least this pts, exactly, whatever the container's
  /// index is like; past the last one: the end. Without a key position a source whose clock may
  /// jump is read from its beginning, and so is one whose clock turns out to have jumped although
  /// its container has only one. Errors: NotSeekable, and those of open_source().
  virtual void seek(const Place& place) = 0;
  /// Timestamps that were corrected so far.
  virtual Discontinuities discontinuities() const = 0;
  /// Packets that could not be decoded so far.
  virtual std::uint64_t decode_errors() const = 0;
  virtual std::uint64_t packets_read() const = 0;
};

/// What pictures become when nothing else is asked for: what every viewer can show.
inline ConvertOptions for_viewers() {
  return {.pixel_format = AV_PIX_FMT_YUV420P, .background = 0x000000};
}

struct DecodeOptions {
  int threads = 0;  // 0 = one for each available processor, at most 4
};

/// Opens within open_timeout, reads up to 10 s of media or 8 MB of a local file ahead to measure it
/// (1 MB over http; nothing of a live source). Protocol and format allow-lists; at most 5
/// redirects, http(s) only, never to loopback or link-local addresses; no playlist that opens other
/// files. Errors: UrlInvalid, SchemeUnsupported, SourceNotFound, SourceForbidden,
/// SourceUnsupported, SourceEmpty, SourceNoVideo, SourceCorrupt, SourceTooLarge, SourceTimeout,
/// CredentialsRefused, HostUnknown, ConnectRefused, Aborted.
std::unique_ptr<FrameSource> open_source(const SourceOptions& options, const DecodeOptions& decode,
                                         const AbortSignal& abort);

/// Opens and measures more thoroughly (reads packets up to 10 s of media or 32 MB to find GOP
/// length, reorder depth and rate).
SourceDescriptor probe(const SourceOptions& options, const AbortSignal& abort);

/// Whether pictures of a source that is interlaced, or is not, are deinterlaced from the first on.
inline bool deinterlaces(Deinterlace mode, bool interlaced) {
  return mode == Deinterlace::Always || (mode == Deinterlace::Auto && interlaced);
}

}  // namespace videopush::media
