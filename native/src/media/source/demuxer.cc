#include "media/source/demuxer.h"

extern "C" {
#include <libavutil/dict.h>
#include <libavutil/mem.h>
}

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <vector>

#include "core/tls.h"
#include "core/url.h"
#include "media/source/allow_list.h"
#include "media/source/container_end.h"
#include "media/source/file_input.h"
#include "media/source/http_input.h"
#include "media/source/net_address.h"

namespace videopush::media {
namespace {

constexpr int kIoBuffer = 128 * 1024;
constexpr int kProbeBytes = 5'000'000;
constexpr int kMostDamage = 1000;  // unreadable pieces in a row before giving up
constexpr int kMostStepsLocal = 1 << 20, kMostStepsRemote = 64;

struct Settings {
  AVDictionary* dictionary = nullptr;
  ~Settings() { av_dict_free(&dictionary); }
  void set(const char* key, const std::string& value) {
    av_dict_set(&dictionary, key, value.c_str(), 0);
  }
};

}  // namespace

void Demuxer::IoDelete::operator()(AVIOContext* io) const {
  av_freep(&io->buffer);
  avio_context_free(&io);
}

void Demuxer::ContextDelete::operator()(AVFormatContext* context) const {
  avformat_close_input(&context);
}

Demuxer::Demuxer(const SourceOptions& options, const AbortSignal& abort)
    : abort_(abort),
      location_(parse_location(options.uri)),
      limit_(abort, std::chrono::milliseconds(options.open_timeout_ms)),
      read_timeout_ms_(options.read_timeout_ms) {
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
  find_video();
  if (input_) input_->opened();
}

Demuxer::~Demuxer() {
  // Closing an RTSP session writes TEARDOWN and waits: not longer than this, and not after an
  // abort.
  limit_.restart(std::chrono::milliseconds(500));
}

bool Demuxer::live() const {
  return input_ == nullptr || (location_.scheme == Scheme::Http && input_->size() < 0);
}

bool Demuxer::seekable() const { return input_ && input_->seekable(); }

bool Demuxer::timestamped() const { return has_timestamps(context_->iformat->name); }

std::int64_t Demuxer::size() const { return input_ ? input_->size() : -1; }

void Demuxer::open_bytes(const SourceOptions& options) {
  if (location_.scheme == Scheme::File) {
    input_ = open_file(location_.path);
  } else {
    HttpOptions http;
    http.url = location_.url;
    http.shown = location_.shown;
    http.user = location_.user;
    http.password = location_.password;
    http.silence_ms = options.read_timeout_ms;
    input_ = open_http(http, abort_, limit_);
  }
  auto* buffer = static_cast<std::uint8_t*>(av_malloc(kIoBuffer));
  if (!buffer) throw std::bad_alloc();
  io_.reset(avio_alloc_context(buffer, kIoBuffer, 0, this, &Demuxer::on_read, nullptr,
                               input_->seekable() ? &Demuxer::on_seek : nullptr));
  if (!io_) {
    av_free(buffer);
    throw std::bad_alloc();
  }
  const AVInputFormat* format = nullptr;
  const int result = av_probe_input_buffer2(io_.get(), &format, "", nullptr, 0, 1 << 20);
  if (input_error_) throw *input_error_;
  const std::string name = result < 0 || !format ? "" : format->name;
  if (!is_allowed_format(name)) {
    // The probing left everything it read in the buffer, positioned at the start.
    std::uint8_t head[16] = {};
    avio_read(io_.get(), head, sizeof head);
    throw Error(ErrorCode::SourceUnsupported,
                what() + ": " + refusal(name, {reinterpret_cast<char*>(head), sizeof head}),
                "give a video file such as mp4, mkv, ts or flv", std::min(result, 0));
  }
  Settings settings;
  open_context("", format, &settings.dictionary);
}

void Demuxer::open_network(const SourceOptions& options) {
  require_resolvable(location_.host, abort_, limit_);
  const bool rtsp = location_.scheme == Scheme::Rtsp;
  Settings settings;
  const AVInputFormat* format = nullptr;
  named_url_ = location_.url;
  may_open_ = true;
  if (rtsp) {
    if (options.rtsp_transport != "tcp" && options.rtsp_transport != "udp") {
      throw Error(ErrorCode::InvalidArgument,
                  "RTSP transport '" + options.rtsp_transport + "' is not tcp or udp");
    }
    format = av_find_input_format("rtsp");
    settings.set("rtsp_transport", options.rtsp_transport);
    settings.set("timeout", std::to_string(options.open_timeout_ms * 1000));
    if (!location_.user.empty()) {
      named_url_.insert(named_url_.find("://") + 3, percent_encode(location_.user) + ":" +
                                                        percent_encode(location_.password) + "@");
    }
  } else if (location_.scheme == Scheme::Rtmp) {
    settings.set("rtmp_live", "live");
    verify_certificates(&settings.dictionary);
  } else {
    settings.set("connect_timeout", std::to_string(options.open_timeout_ms));
  }
  settings.set("protocol_whitelist", allowed_protocols(location_, options.rtsp_transport == "udp"));
  open_context(named_url_.c_str(), format, &settings.dictionary);
}

void Demuxer::open_context(const char* url, const AVInputFormat* format, AVDictionary** settings) {
  AVFormatContext* context = avformat_alloc_context();
  if (!context) throw std::bad_alloc();
  context->opaque = this;
  context->interrupt_callback = {&Demuxer::on_interrupt, this};
  open_default_ = context->io_open;
  context->io_open = &Demuxer::on_open;
  context->probesize = kProbeBytes;
  context->max_analyze_duration = (input_ ? 5 : 3) * AV_TIME_BASE;
  if (io_) {
    context->pb = io_.get();
    context->flags |= AVFMT_FLAG_CUSTOM_IO;
  }
  const std::string formats =
      location_.scheme == Scheme::Rtsp ? std::string("rtsp") : allowed_formats();
  av_dict_set(settings, "format_whitelist", formats.c_str(), 0);
  if (io_) av_dict_set(settings, "protocol_whitelist", "none", 0);
  av_dict_set(settings, "enable_drefs", "0", 0);       // mov: no media in other files
  av_dict_set(settings, "use_absolute_path", "0", 0);  // mov: nor by absolute path
  opening_ = context;
  take_av_error();
  const int result = avformat_open_input(&context, url, format, settings);
  opening_ = nullptr;
  if (result < 0) throw open_error(result);
  context_.reset(context);
  check_track_count();
}

/// libavformat's own bound on streams makes some demuxers read on from the wrong place.
void Demuxer::check_track_count() const {
  if (context_->nb_streams <= kMostStreams) return;
  throw Error(ErrorCode::SourceTooLarge,
              what() + " has " + std::to_string(context_->nb_streams) + " tracks, more than 64",
              "remove tracks from it");
}

void Demuxer::find_video() {
  // The largest picture is bounded before any memory for one is taken.
  Settings bound;
  bound.set("max_pixels", std::to_string(kLargestSide * kLargestSide));
  std::vector<AVDictionary*> settings(context_->nb_streams, nullptr);
  for (AVDictionary*& entry : settings) av_dict_copy(&entry, bound.dictionary, 0);
  const int result = avformat_find_stream_info(context_.get(), settings.data());
  for (AVDictionary*& entry : settings) av_dict_free(&entry);
  if (result < 0) throw open_error(result);
  if (input_error_) throw *input_error_;
  if (abort_.aborted() || limit_.expired()) throw open_error(AVERROR_EXIT);
  check_track_count();

  const AVCodec* decoder = nullptr;
  video_index_ = av_find_best_stream(context_.get(), AVMEDIA_TYPE_VIDEO, -1, -1, &decoder, 0);
  if (video_index_ < 0 || (video().disposition & AV_DISPOSITION_ATTACHED_PIC)) {
    const bool no_decoder = video_index_ == AVERROR_DECODER_NOT_FOUND;
    video_index_ = -1;
    throw Error(
        no_decoder ? ErrorCode::SourceUnsupported : ErrorCode::SourceNoVideo,
        what() + (no_decoder ? ": there is no decoder for its video" : " has no video track"),
        no_decoder ? "convert it to H.264 first" : "give a source with video");
  }
  const AVCodecParameters& parameters = *video().codecpar;
  if (parameters.width > kLargestSide || parameters.height > kLargestSide) {
    throw Error(ErrorCode::SourceTooLarge,
                what() + ": pictures of " + std::to_string(parameters.width) + "x" +
                    std::to_string(parameters.height) + " are larger than 8192x8192",
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

bool Demuxer::read(AVPacket& out) {
  if (live()) return !ended_ && read_any(out);
  // One packet is held back, since only the end tells whether the last one is whole.
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
    if (result == AVERROR_INVALIDDATA && !input_error_ && ++damage < kMostDamage) continue;
    if (result < 0) {
      finish(result);
      return false;
    }
    if (out.stream_index == video_index_ && out.buf) {
      unreadable_ += static_cast<std::uint64_t>(damage);
      return true;
    }
    av_packet_unref(&out);
  }
}

/// Decides whether this end is a clean one.
void Demuxer::finish(int result) {
  ended_ = true;
  if (input_error_) {
    fault_ = *input_error_;
  } else if (forbidden_open_) {
    fault_ = Error(ErrorCode::SourceForbidden, what() + " names another file or host, not opened");
  } else if (result == AVERROR_EXIT) {
    fault_ = Error(ErrorCode::SourceTimeout, what() + ": nothing came for too long",
                   "check the network and the source");
  } else if (is_truncated()) {
    // The piece of a packet at the cut is not a frame: a decoder would fill it up from others.
    // Only a transport stream doesn't mark it.
    const bool cut = held_->flags & AV_PKT_FLAG_CORRUPT;
    if (cut || std::strcmp(context_->iformat->name, "mpegts") == 0) av_packet_unref(held_.get());
    fault_ = Error(ErrorCode::SourceTruncated,
                   what() + " is cut short: its last part is missing (" +
                       std::to_string(input_->size()) + " bytes are there)",
                   "copy or download it again");
  } else if (result == AVERROR_EOF) {
    fault_.reset();
  } else if (input_) {
    fault_ = Error::from_averror(ErrorCode::SourceCorrupt, result, what() + " is damaged",
                                 "check the file in a player");
  } else {
    fault_ = network_error(result);
  }
}

bool Demuxer::is_truncated() {
  if (!input_ || live()) return false;
  if (held_->buf && (held_->flags & AV_PKT_FLAG_CORRUPT)) return true;
  if (!input_->seekable()) return false;
  const int steps = location_.scheme == Scheme::File ? kMostStepsLocal : kMostStepsRemote;
  return declared_end(*context_, video_index_, input_->size(), steps) > input_->size();
}

bool Demuxer::seek(std::int64_t timestamp) {
  limit_.restart(std::chrono::milliseconds(read_timeout_ms_));
  input_error_.reset();
  fault_.reset();
  ended_ = false;
  av_packet_unref(held_.get());
  if (io_) io_->error = 0;
  const int result = av_seek_frame(context_.get(), video_index_, timestamp, AVSEEK_FLAG_BACKWARD);
  abort_.throw_if_aborted();
  return result >= 0;
}

int Demuxer::on_read(void* self, std::uint8_t* out, int size) {
  auto& demuxer = *static_cast<Demuxer*>(self);
  try {
    const int count = demuxer.input_->read(out, size);
    demuxer.input_position_ += count;
    return count > 0 ? count : AVERROR_EOF;
  } catch (const Error& error) {  // must not pass through libavformat's frames
    demuxer.input_error_ = error;
    return AVERROR_EXTERNAL;
  }
}

std::int64_t Demuxer::on_seek(void* self, std::int64_t offset, int whence) {
  auto& demuxer = *static_cast<Demuxer*>(self);
  const std::int64_t size = demuxer.input_->size();
  if (whence & AVSEEK_SIZE) return size;
  whence &= ~AVSEEK_FORCE;
  if (whence == SEEK_CUR) offset += demuxer.input_position_;
  if (whence == SEEK_END) offset += size;
  if (offset < 0 || (whence == SEEK_END && size < 0)) return AVERROR(EINVAL);
  demuxer.input_->seek(offset);
  return demuxer.input_position_ = offset;
}

int Demuxer::on_interrupt(void* self) {
  auto& demuxer = *static_cast<Demuxer*>(self);
  // The first call comes from inside the first connection: no further one is allowed (see
  // allowed_protocols). The option is a string of the context's own, cut in place.
  if (demuxer.opening_ && demuxer.location_.scheme == Scheme::Rtsp) {
    char* list = demuxer.opening_->protocol_whitelist;
    char* tcp = list ? std::strstr(list, "tcp") : nullptr;
    if (tcp) *(tcp == list ? tcp : tcp - 1) = '\0';
  }
  const AVIOInterruptCB limit = demuxer.limit_.callback();
  return limit.callback(limit.opaque);
}

/// What libavformat opens by itself: the named URL, once; never anything that the media names.
int Demuxer::on_open(AVFormatContext* context, AVIOContext** io, const char* url, int flags,
                     AVDictionary** settings) {
  auto& demuxer = *static_cast<Demuxer*>(context->opaque);
  if (demuxer.may_open_ && demuxer.named_url_ == url) {
    demuxer.may_open_ = false;
    return demuxer.open_default_(context, io, url, flags, settings);
  }
  demuxer.forbidden_open_ = true;
  return AVERROR(EACCES);
}

}  // namespace videopush::media
