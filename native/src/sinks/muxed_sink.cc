#include "sinks/muxed_sink.h"

extern "C" {
#include <libavutil/dict.h>
}

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/redact.h"
#include "core/url.h"
#include "sinks/file_error.h"
#include "sinks/marked_socket.h"
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

/// The FLV muxer writes 31 bits of milliseconds, to files and to RTMP alike: after 24.8 days its
/// times go back to zero, which is no roll-over for RTMP, where they have 32 bits (section 5.3.1.3
/// of its specification).
constexpr Nanoseconds kFlvCapacity = (std::int64_t{1} << 31) * kMillisecond;

/// MediaMTX looks at 2 s of media to find the tracks of a stream; somewhat more, to be on the safe
/// side. In seconds.
constexpr double kShortestOnAir = 2.5;

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

MuxedSink::MuxedSink(const SinkOptions& options, Protocol protocol, Clock& clock)
    : options_(options), protocol_(protocol), clock_(clock), continues_(options.continues) {}

MuxedSink::~MuxedSink() { drop(); }

bool MuxedSink::wants_global_header() const {
  return (muxer_of(protocol_, options_.url)->flags & AVFMT_GLOBALHEADER) != 0;
}

void MuxedSink::connect(const TrackInfo& track, const AbortSignal& abort) {
  drop();
  muxer_.emplace(muxer_of(protocol_, options_.url), track);
  // libavformat handshakes inside of open: one limit for the connection and all answers.
  limit_.emplace(
      abort, std::chrono::milliseconds(options_.limits.connect_ms + options_.limits.response_ms));
  trial_.begin();
  bit_rate_ = track.parameters->bit_rate;
  time_base_ = track.time_base;
  first_dts_.reset();
  take_av_error();
  AVFormatContext& context = muxer_->context();
  capacity_ = std::string_view(context.oformat->name) == "flv" ? kFlvCapacity : kForever;
  context.interrupt_callback = limit_->callback();
  open_target(abort);
  AVDictionary* options = nullptr;
  if (protocol_ == Protocol::Rtmp) av_dict_set(&options, "flvflags", "no_duration_filesize", 0);
  // What is written up to the last key frame can be played, also when this process is killed.
  if (std::string_view(context.oformat->name) == "mp4")
    av_dict_set(&options, "movflags", "frag_keyframe+delay_moov+default_base_moof", 0);
  // The Matroska muxer keeps a cluster in memory: no more than a second is lost with the process.
  if (std::string_view(context.oformat->name) == "matroska") {
    av_dict_set(&options, "cluster_time_limit", "1000", 0);
  }
  const int result = avformat_write_header(&context, &options);
  av_dict_free(&options);
  if (result < 0) fail(result, false, abort);
  continues_ = true;
  open_ = true;
}

void MuxedSink::open_target(const AbortSignal& abort) {
  Dictionary options;
  const SocketMark mark;
  std::string address;
  if (protocol_ == Protocol::File) {
    address = "file:" + file_path();
  } else {
    address = network_target(&options.entries, abort);
  }
  if (protocol_ == Protocol::Rtmp)
    av_dict_set_int(&options.entries, "send_buffer_size", mark.send_buffer_bytes(), 0);
  AVFormatContext& context = muxer_->context();
  const int result = avio_open2(&context.pb, address.c_str(), AVIO_FLAG_WRITE,
                                &context.interrupt_callback, &options.entries);
  if (result < 0) fail(result, false, abort);
  if (protocol_ != Protocol::Rtmp) return;
  socket_ = mark.find();
  if (socket_.open()) socket_.bound_send_buffer(bit_rate_, 0);
}

/// The address to open; fills in the options to open it with.
std::string MuxedSink::network_target(AVDictionary** options, const AbortSignal& abort) {
  const Credentials credentials = options_.credentials ? options_.credentials() : Credentials{};
  with_credentials_ = !credentials.user.empty() || !credentials.password.empty();
  const TargetAddress target = target_address(protocol_, options_.url, credentials);
  const Url url = parse_url(target.url);
  // libavformat's own look-up knows no limit; one that has just succeeded will not hang.
  resolve(url.host, url.port, io_deadline(options_.limits.connect_ms), abort);
  if (url.scheme == "rtmp") av_dict_set(options, "tcp_nodelay", "1", 0);
  if (url.scheme == "rtmps") set_trust(options, options_.tls, redact_url(options_.url));
  if (!target.application.empty()) {
    av_dict_set(options, "rtmp_app", target.application.c_str(), 0);
    av_dict_set(options, "rtmp_playpath", target.stream_key.c_str(), 0);
  }
  return target.url;
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
  AVIOContext& io = *muxer_->context().pb;
  limit_.emplace(abort, std::chrono::milliseconds(options_.limits.write_ms));
  take_av_error();
  const auto size = static_cast<std::size_t>(unit.packet->size);
  if (socket_.open()) socket_.bound_send_buffer(bit_rate_, size);

  const std::int64_t before = avio_tell(&io);
  SendResult result{.offered = clock_.now(), .accepted = 0, .bytes = size};
  const int written = muxer_->write(unit, timestamps_from_zero());
  if (written < 0) fail(written, true, abort);
  result.accepted = clock_.now();
  if (protocol_ == Protocol::File) return result;
  result.bytes = static_cast<std::size_t>(std::max<std::int64_t>(avio_tell(&io) - before, 0));
  result.end = socket_.delivery().written;
  if (result.end == 0) result.end = static_cast<std::uint64_t>(avio_tell(&io));
  trial_.offered(result.offered);
  note_media(unit);
  return result;
}

void MuxedSink::note_media(const Unit& unit) {
  first_dts_ = first_dts_.value_or(unit.packet->dts);
  media_end_ = unit.packet->dts + unit.packet->duration;
}

/// A server can't say that it has accepted a stream and never shown it.
void MuxedSink::warn_if_short() const {
  if (protocol_ != Protocol::Rtmp || !first_dts_) return;
  const double seconds = static_cast<double>(media_end_ - *first_dts_) * av_q2d(time_base_);
  if (seconds > kShortestOnAir) return;
  log_warning(
      redact_url(options_.url) +
      ": the stream was shorter than 2.5 s; RTMP servers such as MediaMTX look at the first "
      "2 s before they put a stream on air, so nobody may have seen it");
}

std::uint64_t MuxedSink::acknowledged() const {
  if (protocol_ == Protocol::File) return kAllAcknowledged;
  if (!muxer_ || !trial_.over(clock_.now())) return 0;
  const Delivery state = socket_.delivery();
  return state.written > 0 ? state.acknowledged : kAllAcknowledged;
}

/// libavformat reads what the server says only when it writes.
void MuxedSink::on_readable() {
  if (!open_ || !socket_.open() || socket_.delivery().alive) return;
  open_ = false;
  throw Error(ErrorCode::ConnectionClosed,
              redact_url(options_.url) + ": the server closed the connection");
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
  if (!muxer_) return std::nullopt;
  const bool in_order = std::exchange(open_, false);
  // After a failure nothing more is said to the server: it could take for ever.
  const Nanoseconds left = in_order ? std::max<Nanoseconds>(limit, 0) : 0;
  const Nanoseconds until = io_deadline(left / kMillisecond);
  static const AbortSignal never;
  const bool is_file = protocol_ == Protocol::File;
  limit_.emplace(is_file ? never : abort, std::chrono::milliseconds(left / kMillisecond));
  AVFormatContext& context = muxer_->context();
  int result = 0;
  if (in_order) {
    result = av_write_trailer(&context);
    if (result >= 0 && context.pb != nullptr) result = context.pb->error;
  }
  const int closed = avio_closep(&context.pb);
  if (result >= 0 && in_order) result = closed;
  muxer_.reset();
  limit_.reset();
  const std::string target = redact_url(options_.url);
  TcpSocket socket = std::exchange(socket_, TcpSocket());
  if (result < 0) {
    if (is_file) return file_error(result, target);
    return Error::from_averror(ErrorCode::ConnectionClosed, result, target);
  }
  if (in_order) warn_if_short();
  return in_order && socket.open() ? await_end(socket, until, abort) : std::nullopt;
}

/// What the kernel still holds would be lost if the socket were closed with unread input.
std::optional<Error> MuxedSink::await_end(TcpSocket& socket, Nanoseconds until,
                                          const AbortSignal& abort) {
  try {
    socket.shutdown_write();
    if (socket.drain(until, abort) || socket.backlog() == 0) return std::nullopt;
  } catch (const Error& error) {
    return error;
  }
  return Error(
      ErrorCode::WriteTimeout,
      redact_url(options_.url) + ": the server did not take the last of the stream in time",
      "check the server's load and the network's bandwidth");
}

}  // namespace videopush::sinks
