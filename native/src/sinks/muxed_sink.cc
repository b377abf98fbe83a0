#include "sinks/muxed_sink.h"

extern "C" {
#include <libavutil/dict.h>
}

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <new>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/limits.h"
#include "core/redact.h"
#include "core/tls.h"
#include "core/url.h"
#include "sinks/file_error.h"
#include "sinks/muxed_address.h"
#include "sinks/resolve.h"
#include "sinks/tcp_socket.h"
#include "sinks/url.h"

namespace videopush::sinks {
namespace {

/// What the server says of credentials stands only in libavformat's log line.
bool says_credentials(std::string_view line) {
  constexpr std::string_view kWords[] = {"auth", "Auth", "nauthorized", "credential"};
  return std::any_of(std::begin(kWords), std::end(kWords), [line](std::string_view word) {
    return line.find(word) != std::string_view::npos;
  });
}

struct Ending {
  ErrorCode code;
  const char* what;
  const char* action;
};

/// The ends of a connection that bear an error number of their own; null for any other.
const Ending* known_ending(int averror, bool writing) {
  static constexpr Ending kRefused = {ErrorCode::ConnectRefused,
                                      "the server refused the connection",
                                      "check that the server runs and listens on this port"};
  static constexpr Ending kSlow = {ErrorCode::WriteTimeout, "the server took no more data in time",
                                   "check the server's load and the network's bandwidth"};
  static constexpr Ending kSilent = {
      ErrorCode::ConnectTimeout, "the server did not complete the connection in time",
      "check the address, and that a server for this protocol listens there"};
  static constexpr Ending kReset = {ErrorCode::ConnectionReset, "the connection was lost", ""};
  static constexpr Ending kClosed = {ErrorCode::ConnectionClosed,
                                     "the server closed the connection", ""};
  switch (averror) {
    case AVERROR(ECONNREFUSED):
      return &kRefused;
    case AVERROR(ETIMEDOUT):
      return writing ? &kSlow : &kSilent;
    case AVERROR(ECONNRESET):
    case AVERROR(ENOTCONN):
      return &kReset;
    case AVERROR(EPIPE):
    case AVERROR_EOF:
      return &kClosed;
    default:
      return nullptr;
  }
}

}  // namespace

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

MuxedSink::~MuxedSink() { drop(); }

bool MuxedSink::wants_global_header() const {
  return (muxer_of(protocol_, options_.url)->flags & AVFMT_GLOBALHEADER) != 0;
}

void MuxedSink::connect(const TrackInfo& track, const AbortSignal& abort) {
  drop();
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
  // The Matroska muxer keeps a cluster in memory: no more than a second is lost with the process.
  if (std::string_view(context_->oformat->name) == "matroska") {
    av_dict_set(&options, "cluster_time_limit", "1000", 0);
  }
  const int result = avformat_write_header(context_.get(), &options);
  av_dict_free(&options);
  if (result < 0) fail(result, false, abort);
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
  context->flags |= AVFMT_FLAG_FLUSH_PACKETS;  // what was sent is out of this process
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
    address = "file:" + file_path();
  } else {
    const Credentials credentials = options_.credentials ? options_.credentials() : Credentials{};
    with_credentials_ = !credentials.user.empty() || !credentials.password.empty();
    const TargetAddress target = target_address(protocol_, options_.url, credentials);
    const Url url = parse_url(target.url);
    // libavformat's own look-up knows no limit; one that has just succeeded will not hang.
    resolve(url.host, url.port, io_deadline(options_.limits.connect_ms), abort);
    address = target.url;
    if (url.scheme == "rtmp") av_dict_set(&options, "tcp_nodelay", "1", 0);
    if (url.scheme == "rtmps") verify_certificates(&options);
    if (protocol_ == Protocol::Srt) {
      av_dict_set_int(&options, "connect_timeout", options_.limits.connect_ms, 0);
      if (!target.stream_id.empty()) av_dict_set(&options, "streamid", target.stream_id.c_str(), 0);
    }
  }
  const int result = avio_open2(&context_->pb, address.c_str(), AVIO_FLAG_WRITE,
                                &context_->interrupt_callback, &options);
  av_dict_free(&options);
  if (result < 0) fail(result, false, abort);
}

std::string MuxedSink::file_path() {
  const std::string path = local_path(options_.url).value();
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    throw Error(ErrorCode::FileNotWritable, path + " is a folder", "name a file");
  }
  part_ = continues_ ? unused_part(path, limits::kMaxFileParts) : 1;
  return part_name(path, part_);
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
  if (written < 0) fail(written, true, abort);
  result.accepted = clock_.now();
  const std::int64_t moved =
      protocol_ == Protocol::File ? unit.packet->size : avio_tell(&io) - before;
  result.bytes = static_cast<std::size_t>(std::max<std::int64_t>(moved, 0));
  return result;
}

/// Turns what a call of libavformat's returned into a typed error.
void MuxedSink::fail(int averror, bool writing, const AbortSignal& abort) {
  open_ = false;
  abort.throw_if_aborted();
  const std::string target = redact_url(options_.url);
  if (protocol_ == Protocol::File) throw file_error(averror, target);
  const std::string said = take_av_error();
  if (limit_->expired()) averror = AVERROR(ETIMEDOUT);
  if (const Ending* ending = known_ending(averror, writing)) {
    throw Error(ending->code, target + ": " + ending->what, ending->action, averror);
  }
  if (protocol_ == Protocol::Srt && !writing) {
    throw Error(
        ErrorCode::ConnectFailed, target + ": no SRT server answers, or it rejects the stream",
        "check address, stream id and credentials; the server's log has its reason", averror);
  }
  if (!writing && says_certificate(said)) throw certificate_refused(target, said, averror);
  if (says_credentials(said)) {
    throw Error(with_credentials_ ? ErrorCode::CredentialsRefused : ErrorCode::CredentialsMissing,
                target + ": the server refused the user or the password (" + said + ")",
                "check the output's credentials, and that they may publish to this path", averror);
  }
  if (!said.empty()) {
    throw Error(ErrorCode::ServerRefused, target + ": " + said,
                "see the server's log for its reason", averror);
  }
  throw Error::from_averror(writing ? ErrorCode::ConnectionReset : ErrorCode::ConnectFailed,
                            averror, target);
}

std::optional<Error> MuxedSink::close(Nanoseconds limit, const AbortSignal& abort) {
  if (!context_) return std::nullopt;
  const bool in_order = std::exchange(open_, false);
  // After a failure nothing more is said to the server: it could take for ever.
  const Nanoseconds left = in_order ? std::max<Nanoseconds>(limit, 0) : 0;
  static const AbortSignal never;
  const bool is_file = protocol_ == Protocol::File;
  limit_.emplace(is_file ? never : abort, std::chrono::milliseconds(left / kMillisecond));
  int result = 0;
  if (in_order) {
    result = av_write_trailer(context_.get());
    if (result >= 0 && context_->pb != nullptr) result = context_->pb->error;
  }
  const int closed = avio_closep(&context_->pb);
  if (result >= 0 && in_order) result = closed;
  context_.reset();
  limit_.reset();
  if (result >= 0) return std::nullopt;
  const std::string target = redact_url(options_.url);
  if (is_file) return file_error(result, target);
  return Error::from_averror(ErrorCode::ConnectionClosed, result, target);
}

}  // namespace videopush::sinks
