#include "sinks/muxed_sink.h"

extern "C" {
#include <libavutil/dict.h>
}

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <new>
#include <utility>

#include "core/error.h"
#include "sinks/resolve.h"
#include "sinks/tcp_socket.h"
#include "sinks/url.h"

namespace videopush::sinks {
namespace {

constexpr std::uint16_t kRtmpPort = 1935, kRtmpsPort = 443;
constexpr std::string_view kFilePrefix = "file:";

std::string path_of(std::string_view url) {
  if (!is_file_url(url) || !url.starts_with("file")) return std::string(url);
  url.remove_prefix(kFilePrefix.size());
  if (url.starts_with("//")) url.remove_prefix(2);
  return std::string(url);
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool says_credentials(const std::string& line) {
  const std::string text = lower(line);
  return text.find("auth") != std::string::npos || text.find("unauthorized") != std::string::npos ||
         text.find("credential") != std::string::npos;
}

/// libavformat's lines begin with "[rtmp @ 0x...] ".
std::string without_prefix(const std::string& line) {
  const std::size_t end = line.starts_with('[') ? line.find("] ") : std::string::npos;
  return end == std::string::npos ? line : line.substr(end + 2);
}

std::string srt_address(std::string url, const Credentials& credentials) {
  const std::size_t query = url.find('?');
  const std::string account =
      credentials.user.empty() ? "" : ":" + credentials.user + ":" + credentials.password;
  if (query != std::string::npos && url.find("streamid=", query) != std::string::npos) {
    if (account.empty()) return url;
    const std::size_t end = std::min(url.find('&', url.find("streamid=", query)), url.size());
    return url.insert(end, percent_encode(account));
  }
  const std::size_t path = url.find('/', url.find("://") + 3);
  if (path == std::string::npos || path > query) return url;
  const std::string name =
      url.substr(path + 1, query == std::string::npos ? query : query - path - 1);
  const std::string rest = query == std::string::npos ? "" : "&" + url.substr(query + 1);
  return url.substr(0, path) + "?streamid=" + percent_encode("publish:" + name + account) + rest;
}

}  // namespace

bool is_file_url(std::string_view url) {
  return !has_scheme(url) || lower(std::string(url.substr(0, url.find(':')))) == "file";
}

const AVOutputFormat* muxer_of(Protocol protocol, std::string_view url) {
  struct Ending {
    std::string_view suffix, muxer;
  };
  static constexpr std::array<Ending, 4> kEndings = {
      Ending{".mkv", "matroska"}, {".mp4", "mp4"}, {".ts", "mpegts"}, {".flv", "flv"}};
  if (protocol == Protocol::Rtmp) return av_guess_format("flv", nullptr, nullptr);
  if (protocol == Protocol::Srt) return av_guess_format("mpegts", nullptr, nullptr);
  const std::string suffix = lower(std::filesystem::path(path_of(url)).extension().string());
  for (const Ending& each : kEndings) {
    if (each.suffix == suffix) return av_guess_format(each.muxer.data(), nullptr, nullptr);
  }
  throw Error(
      ErrorCode::SchemeUnsupported,
      "cannot push to " + redact(url) + ": the file's ending does not name a known container",
      "supported: files ending in .mkv, .mp4, .ts or .flv, and rtsp://, rtmp://, rtmps://, srt://");
}

std::string address_with_credentials(Protocol protocol, const std::string& url,
                                     const Credentials& credentials) {
  if (protocol == Protocol::Srt) return srt_address(url, credentials);
  if (credentials.user.empty() && credentials.password.empty()) return url;
  const char join = url.find('?') == std::string::npos ? '?' : '&';
  return url + join + "user=" + percent_encode(credentials.user) +
         "&pass=" + percent_encode(credentials.password);
}

std::string unused_name(const std::string& path) {
  const std::filesystem::path given(path);
  std::filesystem::path name = given;
  for (int number = 2; std::filesystem::exists(name); ++number) {
    name = given.parent_path() /
           (given.stem().string() + "-" + std::to_string(number) + given.extension().string());
  }
  return name.string();
}

void MuxedSink::FormatDelete::operator()(AVFormatContext* context) const {
  avio_closep(&context->pb);
  avformat_free_context(context);
}

MuxedSink::MuxedSink(const SinkOptions& options, Protocol protocol, Clock& clock)
    : options_(options),
      protocol_(protocol),
      clock_(clock),
      scratch_(make_packet()),
      continues_(options.continues) {}

MuxedSink::~MuxedSink() { close(0, nullptr); }

bool MuxedSink::wants_global_header() const {
  return (muxer_of(protocol_, options_.url)->flags & AVFMT_GLOBALHEADER) != 0;
}

void MuxedSink::connect(const TrackInfo& track, const AbortSignal& abort) {
  close(0, nullptr);
  if (track.parameters == nullptr || track.time_base.num <= 0 || track.time_base.den <= 0) {
    throw Error(ErrorCode::InvalidArgument, "the track has no parameters or no time base");
  }
  // libavformat handshakes inside of open: one limit for the connection and all answers.
  limit_.emplace(
      abort, std::chrono::milliseconds(options_.limits.connect_ms + options_.limits.response_ms));
  origin_.reset();
  take_av_error();
  open_muxer(track);
  open_target(abort);
  AVDictionary* options = nullptr;
  if (protocol_ == Protocol::Rtmp) av_dict_set(&options, "flvflags", "no_duration_filesize", 0);
  const int result = avformat_write_header(context_.get(), &options);
  av_dict_free(&options);
  if (result < 0) fail(result, During::Connect);
  continues_ = true;
  open_ = true;
}

void MuxedSink::open_muxer(const TrackInfo& track) {
  AVFormatContext* context = nullptr;
  const int result =
      avformat_alloc_output_context2(&context, muxer_of(protocol_, options_.url), nullptr, nullptr);
  if (result < 0) throw std::bad_alloc();
  context_.reset(context);
  context->interrupt_callback = limit_->callback();
  if (protocol_ != Protocol::File) context->flags |= AVFMT_FLAG_FLUSH_PACKETS;
  AVStream* stream = avformat_new_stream(context, nullptr);
  if (stream == nullptr || avcodec_parameters_copy(stream->codecpar, track.parameters) < 0) {
    throw std::bad_alloc();
  }
  stream->codecpar->codec_tag = 0;  // the encoder's tag need not be this container's
  stream->time_base = time_base_ = track.time_base;
  stream->avg_frame_rate = track.frame_rate;
}

void MuxedSink::open_target(const AbortSignal& abort) {
  AVDictionary* options = nullptr;
  std::string address;
  if (protocol_ == Protocol::File) {
    address = std::string(kFilePrefix) + file_path();
  } else {
    const Url url = parse_url(options_.url);
    // libavformat's own look-up knows no limit; one that has just succeeded is not waited for
    // again.
    const std::uint16_t port = url.scheme == "rtmps" ? kRtmpsPort : kRtmpPort;
    resolve(url.host, url.port != 0 ? url.port : port, io_deadline(options_.limits.connect_ms),
            abort);
    const Credentials credentials = options_.credentials ? options_.credentials() : Credentials{};
    // libavformat takes schemes in lower case only.
    const std::string rest = options_.url.substr(options_.url.find("://"));
    address = address_with_credentials(protocol_, url.scheme + rest, credentials);
    if (url.scheme == "rtmp") av_dict_set(&options, "tcp_nodelay", "1", 0);
    if (url.scheme == "srt")
      av_dict_set_int(&options, "connect_timeout", options_.limits.connect_ms, 0);
  }
  const int result = avio_open2(&context_->pb, address.c_str(), AVIO_FLAG_WRITE,
                                &context_->interrupt_callback, &options);
  av_dict_free(&options);
  if (result < 0) fail(result, During::Connect);
}

std::string MuxedSink::file_path() {
  const std::string path = path_of(options_.url);
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    throw Error(ErrorCode::FileNotWritable, path + " is a folder", "name a file");
  }
  return continues_ ? unused_name(path) : path;
}

SendResult MuxedSink::send(const Unit& unit, const AbortSignal& abort) {
  if (!open_) throw Error(ErrorCode::InvalidState, "the output is not connected");
  AVIOContext& io = *context_->pb;
  if (av_packet_ref(scratch_.get(), unit.packet) < 0) throw std::bad_alloc();
  if (unit.key) scratch_->flags |= AV_PKT_FLAG_KEY;
  scratch_->stream_index = 0;
  if (timestamps_from_zero()) {
    if (!origin_) origin_ = scratch_->dts;
    scratch_->pts -= *origin_;
    scratch_->dts -= *origin_;
  }
  av_packet_rescale_ts(scratch_.get(), time_base_, context_->streams[0]->time_base);
  limit_.emplace(abort, std::chrono::milliseconds(options_.limits.write_ms));
  take_av_error();

  const std::int64_t before = avio_tell(&io);
  SendResult result{.offered = clock_.now(), .accepted = 0, .bytes = 0};
  int written = av_write_frame(context_.get(), scratch_.get());
  av_packet_unref(scratch_.get());
  if (written >= 0 && io.error < 0) written = io.error;  // the muxers do not look at it
  if (written < 0) fail(written, During::Write);
  result.accepted = clock_.now();
  result.bytes = static_cast<std::size_t>(std::max<std::int64_t>(avio_tell(&io) - before, 0));
  return result;
}

void MuxedSink::fail(int averror, During during) {
  open_ = false;
  const bool writing = during == During::Write;
  if (averror == AVERROR_EXIT) {
    if (!limit_->expired()) throw Error(ErrorCode::Aborted, "aborted");
    averror = AVERROR(ETIMEDOUT);
  }
  const std::string target = redact(options_.url);
  const std::string said = without_prefix(take_av_error());
  const auto error = [&](ErrorCode code, const std::string& what, const char* action) {
    return Error(code, target + ": " + what, action, averror);
  };
  if (protocol_ == Protocol::File) {
    throw Error::from_averror(
        ErrorCode::FileNotWritable, averror, "cannot write " + target,
        "check that the folder exists, may be written to, and has space left");
  }
  switch (averror) {
    case AVERROR(ECONNREFUSED):
      throw error(ErrorCode::ConnectRefused, "the server refused the connection",
                  "check that the server runs and listens on this port");
    case AVERROR(ETIMEDOUT):
      if (writing)
        throw error(ErrorCode::WriteTimeout, "the server took no more data in time",
                    "check the server's load and the network's bandwidth");
      throw error(ErrorCode::ConnectTimeout, "the server did not complete the connection in time",
                  "check the address, and that a server for this protocol listens there");
    case AVERROR(ECONNRESET):
    case AVERROR(ENOTCONN):
      throw error(ErrorCode::ConnectionReset, "the connection was lost", "");
    case AVERROR(EPIPE):
    case AVERROR_EOF:
      throw error(ErrorCode::ConnectionClosed, "the server closed the connection", "");
    default:
      break;
  }
  if (says_credentials(said)) {
    throw error(ErrorCode::CredentialsRefused,
                "the server refused the user or the password (" + said + ")",
                "check the output's credentials, and that they may publish to this path");
  }
  if (!said.empty())
    throw error(ErrorCode::ServerRefused, said, "see the server's log for its reason");
  throw Error::from_averror(writing ? ErrorCode::ConnectionReset : ErrorCode::ConnectFailed,
                            averror, target);
}

void MuxedSink::close(Nanoseconds limit, std::string* error) {
  if (!context_) return;
  const AbortSignal never;
  const bool in_order = std::exchange(open_, false);
  // After a failure nothing more is said to the server: it could take for ever.
  const Nanoseconds left = in_order ? std::max<Nanoseconds>(limit, 0) : 0;
  limit_.emplace(never, std::chrono::milliseconds(left / 1'000'000));
  int result = 0;
  if (in_order) {
    result = av_write_trailer(context_.get());
    if (result >= 0 && context_->pb != nullptr) result = context_->pb->error;
  }
  const int closed = avio_closep(&context_->pb);
  if (result >= 0 && in_order) result = closed;
  context_.reset();
  limit_.reset();
  if (result < 0 && error != nullptr) {
    *error =
        Error::from_averror(ErrorCode::FileNotWritable, result, redact(options_.url)).message();
  }
}

}  // namespace videopush::sinks
