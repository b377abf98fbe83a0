#include "media/source/demuxer.h"

extern "C" {
#include <libavutil/dict.h>
}

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/limits.h"
#include "core/tls.h"
#include "core/url.h"
#include "media/source/allow_list.h"
#include "media/source/container_end.h"
#include "media/source/file_input.h"
#include "media/source/http_input.h"
#include "media/source/net_address.h"
#include "media/source/rtsp_guide.h"
#include "media/source/source_errors.h"
#include "media/source/spool_input.h"
#include "media/source/video_track.h"

namespace videopush::media {
namespace {

constexpr int kProbeBytes = 5'000'000;
constexpr int kMaxDamage = 1000;  // unreadable pieces in a row before giving up
constexpr int kMaxStepsLocal = 1 << 20, kMaxStepsRemote = 64;

}  // namespace

void Demuxer::ContextDelete::operator()(AVFormatContext* context) const {
  avformat_close_input(&context);
}

Demuxer::Demuxer(const SourceOptions& options, const AbortSignal& abort)
    : abort_(abort),
      location_(parse_location(options.uri)),
      limit_(abort, std::chrono::milliseconds(options.open_timeout_ms)),
      read_timeout_ms_(options.read_timeout_ms),
      fence_(location_, limit_) {
  if (!options.user.empty()) {
    location_.user = options.user;
    location_.password = options.password;
  }
  std::vector<std::string> secrets = secrets_in(options.uri);
  secrets.insert(secrets.end(), {location_.user, location_.password});
  secrets_.set(secrets);
  abort_.throw_if_aborted();
  const bool bytes = location_.scheme == Scheme::File || location_.scheme == Scheme::Http;
  bytes ? open_bytes(options) : open_network(options);
  find_video(options.track);
  begin_timeline();
  if (bytes_) bytes_->input().opened();
}

Demuxer::~Demuxer() {
  // Closing an RTSP session writes TEARDOWN and waits: not longer than this, and not after an
  // abort.
  limit_.restart(std::chrono::milliseconds(500));
}

/// A body of a web server without a length is a live stream, unless the container says how long it
/// lasts.
bool Demuxer::live() const {
  if (!bytes_) return true;
  const bool says_duration = context_ && context_->duration > 0 &&
                             context_->duration_estimation_method != AVFMT_DURATION_FROM_BITRATE;
  return location_.scheme == Scheme::Http && size() < 0 && !says_duration;
}

bool Demuxer::real_time() const { return !bytes_ || camera_; }

bool Demuxer::seekable() const { return bytes_ && bytes_->input().seekable(); }

bool Demuxer::may_jump() const {
  return live() || (context_->iformat->flags & AVFMT_TS_DISCONT) != 0;
}

bool Demuxer::timestamped() const { return has_timestamps(context_->iformat->name); }

std::int64_t Demuxer::size() const { return bytes_ ? bytes_->input().size() : -1; }

std::unique_ptr<ByteInput> Demuxer::open_input(const SourceOptions& options) {
  if (location_.scheme == Scheme::File) return open_file(location_.path);
  HttpOptions http;
  http.url = location_.url;
  http.shown = location_.shown;
  http.user = location_.user;
  http.password = location_.password;
  http.silence_ms = options.read_timeout_ms;
  http.tls = options.tls;
  return open_http(http, abort_, limit_);
}

void Demuxer::open_bytes(const SourceOptions& options) {
  std::unique_ptr<ByteInput> input = open_input(options);
  if (is_multipart(input->content_type())) return open_camera(std::move(input));
  const bool could_seek = input->seekable();
  input = spool_if_needed(std::move(input), {.shown = location_.shown});
  // Fetching takes as long as it takes; what follows has its own time.
  if (!could_seek && input->seekable())
    limit_.restart(std::chrono::milliseconds(options.open_timeout_ms));
  bytes_ = std::make_unique<ByteIo>(std::move(input));
  const AVInputFormat* format = probe_format();
  Dictionary settings;
  // A program whose tracks move to other PIDs keeps its tracks.
  settings.set("merge_pmt_versions", "1");
  open_context("", format, &settings.entries);
}

void Demuxer::open_camera(std::unique_ptr<ByteInput> input) {
  auto parts = std::make_unique<MultipartInput>(std::move(input), location_.shown);
  camera_ = parts.get();
  bytes_ = std::make_unique<ByteIo>(std::move(parts));
  Dictionary settings;
  open_context("", av_find_input_format("mpjpeg"), &settings.entries);
}

/// The format of the bytes. SourceUnsupported: none that is read.
const AVInputFormat* Demuxer::probe_format() {
  const AVInputFormat* format = nullptr;
  const int result = av_probe_input_buffer2(bytes_->context(), &format, "", nullptr, 0, 1 << 20);
  if (read_failed()) throw *bytes_->error();
  const std::string name = result < 0 || !format ? "" : format->name;
  if (!is_allowed_format(name)) {
    // The probing left everything it read in the buffer, positioned at the start.
    std::uint8_t head[16] = {};
    avio_read(bytes_->context(), head, sizeof head);
    throw Error(ErrorCode::SourceUnsupported,
                what() + ": " + refusal(name, {reinterpret_cast<char*>(head), sizeof head}),
                "give a video file such as mp4, mkv, ts or flv", std::min(result, 0));
  }
  return format;
}

void Demuxer::open_network(const SourceOptions& options) {
  require_resolvable(location_.host, abort_, limit_);
  const bool rtsp = location_.scheme == Scheme::Rtsp;
  Dictionary settings;
  const AVInputFormat* format = nullptr;
  std::string url = location_.url;
  if (rtsp) {
    if (options.rtsp_transport != "tcp" && options.rtsp_transport != "udp") {
      throw Error(ErrorCode::InvalidArgument,
                  "RTSP transport '" + options.rtsp_transport + "' is not tcp or udp");
    }
    const RtspRoute route = find_rtsp_route(location_, abort_, limit_);
    url = location_.url = route.url;
    if (!route.same_server) location_.user = location_.password = "";
    format = av_find_input_format("rtsp");
    settings.set("rtsp_transport", options.rtsp_transport);
    settings.set("timeout", std::to_string(options.open_timeout_ms * 1000));
    if (!location_.user.empty()) {
      url.insert(url.find("://") + 3,
                 percent_encode(location_.user) + ":" + percent_encode(location_.password) + "@");
    }
  } else if (location_.scheme == Scheme::Rtmp) {
    settings.set("rtmp_live", "live");
    if (url.starts_with("rtmps:")) set_trust(&settings.entries, options.tls, what());
  } else {
    settings.set("connect_timeout", std::to_string(options.open_timeout_ms));
  }
  settings.set("protocol_whitelist", allowed_protocols(location_, options.rtsp_transport == "udp"));
  open_context(url, format, &settings.entries);
}

void Demuxer::open_context(const std::string& url, const AVInputFormat* format,
                           AVDictionary** settings) {
  AVFormatContext* context = avformat_alloc_context();
  if (!context) throw std::bad_alloc();
  fence_.enclose(*context, url);
  context->probesize = kProbeBytes;
  context->correct_ts_overflow = 0;  // SourceTimeline tells a wrapped clock from a restarted one
  context->max_analyze_duration = std::int64_t{bytes_ ? 5 : 3} * AV_TIME_BASE;
  if (bytes_) {
    context->pb = bytes_->context();
    context->flags |= AVFMT_FLAG_CUSTOM_IO;
  }
  if (camera_) {  // one picture tells its size, and no number of them a rate
    context->max_analyze_duration = 1;
    context->fps_probe_size = 0;
  }
  const std::string formats = camera_                            ? "mpjpeg"
                              : location_.scheme == Scheme::Rtsp ? "rtsp"
                                                                 : allowed_formats();
  av_dict_set(settings, "format_whitelist", formats.c_str(), 0);
  if (bytes_) av_dict_set(settings, "protocol_whitelist", "none", 0);
  av_dict_set(settings, "enable_drefs", "0", 0);       // mov: no media in other files
  av_dict_set(settings, "use_absolute_path", "0", 0);  // mov: nor by absolute path
  take_av_error();
  const int result = avformat_open_input(&context, fence_.url().c_str(), format, settings);
  fence_.opened();
  if (result < 0) throw open_error(result);
  context_.reset(context);
  check_track_count();
}

/// libavformat's own bound on streams makes some demuxers read on from the wrong place.
void Demuxer::check_track_count() const {
  if (context_->nb_streams <= kMaxStreams) return;
  throw Error(ErrorCode::SourceTooLarge,
              what() + " has " + std::to_string(context_->nb_streams) + " tracks, more than 64",
              "remove tracks from it");
}

void Demuxer::find_video(const TrackChoice& choice) {
  // The largest picture is bounded before any memory for one is taken.
  Dictionary bound;
  bound.set("max_pixels", std::to_string(limits::kSide.most * limits::kSide.most));
  std::vector<AVDictionary*> settings(context_->nb_streams, nullptr);
  for (AVDictionary*& entry : settings) av_dict_copy(&entry, bound.entries, 0);
  const int result = avformat_find_stream_info(context_.get(), settings.data());
  for (AVDictionary*& entry : settings) av_dict_free(&entry);
  if (result < 0) throw open_error(result);
  if (read_failed() && !broke_off()) throw *bytes_->error();
  if (abort_.aborted() || limit_.expired()) throw open_error(AVERROR_EXIT);
  check_track_count();

  video_index_ = choose_video(*context_, choice, what());
  const AVCodecParameters& parameters = *video().codecpar;
  if (std::max(parameters.width, parameters.height) > limits::kSide.most) {
    throw Error(ErrorCode::SourceTooLarge,
                what() + ": its pictures are " + std::to_string(parameters.width) + "x" +
                    std::to_string(parameters.height) + "; width and height must be at most " +
                    std::to_string(limits::kSide.most),
                "scale it down first");
  }
  if (parameters.width <= 0 || parameters.height <= 0) {
    throw Error(ErrorCode::SourceCorrupt, what() + ": no picture could be found in its video",
                "check the file in a player");
  }
  for (unsigned i = 0; i < context_->nb_streams; ++i) {
    const bool wanted = static_cast<int>(i) == video_index_;
    context_->streams[i]->discard = wanted ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
  }
}

void Demuxer::begin_timeline() {
  if (camera_) {  // libavformat assumes 25 frames per second
    video().time_base = {1, 90'000};
    video().avg_frame_rate = video().r_frame_rate = {0, 1};
  }
  const AVRational rate =
      video().avg_frame_rate.num > 0 ? video().avg_frame_rate : video().r_frame_rate;
  std::vector<TimedTrack> tracks;
  for (unsigned i = 0; i < context_->nb_streams; ++i) {
    const AVRational time_base = context_->streams[i]->time_base;
    const std::int64_t nominal = rate.num > 0 ? av_rescale_q(1, av_inv_q(rate), time_base) : 1;
    tracks.push_back({time_base, nominal});
  }
  // libavformat gives 64 bits to a clock that never wraps.
  const int bits = video().pts_wrap_bits < 63 ? video().pts_wrap_bits : 0;
  // FLV files are mostly recordings of live streams, with the timestamps that these had.
  const bool recorded = std::string_view(context_->iformat->name) == "flv";
  const Nanoseconds longest_gap =
      may_jump() || recorded ? kLongestGapOfStreams : kLongestGapOfFiles;
  timeline_.emplace(TimelineLimits{longest_gap, bits}, tracks);
}

Error Demuxer::open_error(int result) const {
  if (abort_.aborted()) return Error(ErrorCode::Aborted, "aborted");
  if (read_failed()) return *bytes_->error();
  if (fence_.broken()) return forbidden_error();
  if (limit_.expired()) {
    return Error(ErrorCode::SourceTimeout, what() + ": could not be opened in time",
                 "check the source, or allow more time", result);
  }
  return unopened_error(location_, bytes_ != nullptr, result);
}

Error Demuxer::forbidden_error() const {
  return Error(ErrorCode::SourceForbidden, what() + " names another file or host, not opened",
               "give that source itself, if you trust it");
}

bool Demuxer::read(AVPacket& out) {
  for (;;) {
    if (const PacketPtr placed = timeline_->take()) {
      av_packet_move_ref(&out, placed.get());
      return true;
    }
    PacketPtr packet = make_packet();
    if (read_whole(*packet)) {
      timeline_->add(std::move(packet), live() ? system_clock().now() : 0);
    } else if (timeline_->waits()) {
      timeline_->flush();
    } else {
      return false;
    }
  }
}

/// What came before a body broke off is played; the error is that of its end.
bool Demuxer::broke_off() const {
  return read_failed() && bytes_->error()->code() == ErrorCode::SourceDisconnected &&
         std::any_of(context_->streams, context_->streams + context_->nb_streams,
                     [](const AVStream* stream) { return stream->codecpar->width > 0; });
}

/// The next packet as the container has it.
bool Demuxer::read_whole(AVPacket& out) {
  if (live()) return !ended_ && read_any(out);
  // One packet is held back, since only the end shows whether the last one is whole.
  if (!held_->buf && !ended_) read_any(*held_);
  if (held_->buf && !ended_) read_any(*incoming_);
  if (!held_->buf) return false;
  av_packet_move_ref(&out, held_.get());
  av_packet_move_ref(held_.get(), incoming_.get());
  return true;
}

/// The next packet of the video track as libavformat gives it; false at the end.
bool Demuxer::read_any(AVPacket& out) {
  for (int damage = 0;;) {
    limit_.restart(std::chrono::milliseconds(read_timeout_ms_));
    const int result = av_read_frame(context_.get(), &out);
    abort_.throw_if_aborted();
    if (result == AVERROR_INVALIDDATA && !read_failed() && ++damage < kMaxDamage) continue;
    if (result == AVERROR_EOF && go_to_next_part()) continue;
    if (result < 0) {
      finish(result);
      return false;
    }
    if (out.stream_index == video_index_ && out.buf) {
      if (out.pos >= 0) last_tag_ = out.pos;
      unreadable_ += static_cast<std::uint64_t>(damage);
      if (!is_left_over(out)) {
        if (camera_) stamp_arrival(out);
        return true;
      }
      ++unreadable_;
    }
    av_packet_unref(&out);
  }
}

/// Of a track that moves to another PID, libavformat gives out the last picture only at the end of
/// the stream, long after those that follow it.
bool Demuxer::is_left_over(const AVPacket& packet) {
  if (packet.pos < 0 || std::strcmp(context_->iformat->name, "mpegts") != 0) return false;
  const bool behind = packet.pos < read_position_;
  read_position_ = std::max(read_position_, packet.pos);
  return behind;
}

/// Gives a picture of a camera the time at which it came.
void Demuxer::stamp_arrival(AVPacket& packet) {
  const Nanoseconds arrival = camera_->take_arrival();
  first_arrival_ = first_arrival_.value_or(arrival);
  const std::int64_t ticks =
      av_rescale_q(arrival - *first_arrival_, kNanosecond, video().time_base);
  last_stamp_ = std::max(ticks, last_stamp_ + 1);
  packet.pts = packet.dts = last_stamp_;
  packet.duration = 0;
}

/// The end of a part is not the end of the source.
bool Demuxer::go_to_next_part() {
  if (!seekable() || live() || read_failed() || last_tag_ < 0) return false;
  const int steps = location_.scheme == Scheme::File ? kMaxStepsLocal : kMaxStepsRemote;
  const std::int64_t part = next_part(*context_, last_tag_, steps);
  if (part < 0 || part >= size()) return false;
  last_tag_ = part;
  return av_seek_frame(context_.get(), video_index_, part, AVSEEK_FLAG_BYTE) >= 0;
}

/// Decides whether this end is a clean one.
void Demuxer::finish(int result) {
  ended_ = true;
  if (read_failed()) {
    if (held_->flags & AV_PKT_FLAG_CORRUPT) av_packet_unref(held_.get());
    fault_ = *bytes_->error();
  } else if (fence_.broken()) {
    fault_ = forbidden_error();
  } else if (result == AVERROR_EXIT) {
    fault_ = Error(ErrorCode::SourceTimeout, what() + ": nothing came for too long",
                   "check the network and the source");
  } else if (is_truncated()) {
    // The piece of a packet at the cut is not a frame: a decoder would fill it up from others.
    // Only a transport stream doesn't mark it.
    const bool cut = held_->flags & AV_PKT_FLAG_CORRUPT;
    if (cut || std::strcmp(context_->iformat->name, "mpegts") == 0) av_packet_unref(held_.get());
    fault_ = Error(ErrorCode::SourceTruncated,
                   what() + " is cut short: its last part is missing (" + std::to_string(size()) +
                       " bytes are available)",
                   "copy or download it again");
  } else if (result == AVERROR_EOF) {
    fault_.reset();
  } else if (bytes_) {
    fault_ = Error::from_averror(ErrorCode::SourceCorrupt, result, what() + " is damaged",
                                 "check the file in a player");
  } else {
    fault_ = network_error(location_, result);
  }
}

bool Demuxer::is_truncated() {
  if (!bytes_ || live()) return false;
  if (held_->buf && (held_->flags & AV_PKT_FLAG_CORRUPT)) return true;
  if (!seekable()) return false;
  const int steps = location_.scheme == Scheme::File ? kMaxStepsLocal : kMaxStepsRemote;
  return declared_end(*context_, video_index_, size(), steps) > size();
}

bool Demuxer::seek(std::int64_t timestamp) { return jump_to(timestamp, 0, 0); }

bool Demuxer::seek_to_byte(std::int64_t position, std::int64_t shift) {
  if (context_->iformat->flags & AVFMT_NO_BYTE_SEEK) return false;
  return jump_to(position, AVSEEK_FLAG_BYTE, shift);
}

bool Demuxer::jump_to(std::int64_t target, int flags, std::int64_t shift) {
  limit_.restart(std::chrono::milliseconds(read_timeout_ms_));
  if (bytes_) bytes_->clear_error();
  fault_.reset();
  ended_ = false;
  last_tag_ = -1;
  av_packet_unref(held_.get());
  read_position_ = 0;
  timeline_->reset(video_index_, shift);
  const int result =
      av_seek_frame(context_.get(), video_index_, target, flags | AVSEEK_FLAG_BACKWARD);
  abort_.throw_if_aborted();
  return result >= 0;
}

}  // namespace videopush::media
