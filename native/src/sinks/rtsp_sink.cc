#include "sinks/rtsp_sink.h"

#include <algorithm>
#include <charconv>

#include "core/clock.h"
#include "core/error.h"

namespace videopush::sinks {
namespace {

constexpr std::uint16_t kDefaultPort = 554;  // RFC 2326 section 3.2
constexpr int kMaxRedirects = 5;

/// Whatever timeout it announces, MediaMTX closes a publisher that was silent for 10 s.
constexpr Nanoseconds kLongestSilence = 3 * kSecond;
/// A report goes out with the first unit after this ...
constexpr Nanoseconds kReportAfter = 3 * kSecond;
/// ... and by itself when no unit came until then.
constexpr Nanoseconds kReportAtLast = 3'900'000'000;
constexpr Nanoseconds kDefaultSessionTimeout = 60 * kSecond;  // RFC 2326 section 12.37

std::int64_t to_ms(Nanoseconds ns) { return ns / kMillisecond; }

/// The value of `name=` in a list of parameters separated by ';'.
std::optional<std::string_view> parameter(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(';'), list.size());
    const std::string_view item = trimmed(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
    const std::size_t equals = item.find('=');
    if (equals != std::string_view::npos && same_text(item.substr(0, equals), name)) {
      return item.substr(equals + 1);
    }
  }
  return std::nullopt;
}

/// The number at the front of `text`, which is cut off; nullopt when there is none or it exceeds
/// `most`.
std::optional<int> take_number(std::string_view& text, int most) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || value < 0 || value > most) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

}  // namespace

RtspSink::RtspSink(const SinkOptions& options, Clock& clock)
    : options_(options), clock_(clock), wall_(clock), url_(parse_url(options.url)) {}

RtspSink::~RtspSink() = default;

void RtspSink::connect(const TrackInfo& track, const AbortSignal& abort) {
  connection_.reset();
  recording_ = reporting_ = false;
  prepared_.reset();
  media_ = {};
  session_timeout_ = kDefaultSessionTimeout;
  earlier_packets_ = sent_packets_;
  earlier_octets_ = sent_octets_;

  packetizer_.emplace(track, options_.rtp_timestamp_base, options_.rtp_ssrc);
  bit_rate_ = track.parameters->bit_rate;
  Url url = url_;
  for (int redirects = 0;; ++redirects) {
    try {
      open(url, redirects > 0, abort);
      handshake(abort);
      break;
    } catch (const RtspRedirect& redirect) {
      url = target_of(redirect, redirects);
    }
  }
  connection_->socket().bound_send_buffer(bit_rate_, 0);
  last_write_ = last_request_ = clock_.now();
  recording_ = true;
}

void RtspSink::open(const Url& url, bool redirected, const AbortSignal& abort) {
  const bool same_server = url.authority(kDefaultPort) == url_.authority(kDefaultPort);
  // Whoever redirects could else have them sent to a server of its own.
  Credentials credentials =
      same_server && options_.credentials ? options_.credentials() : Credentials{};
  const auto peers =
      redirected && !options_.local_redirects ? TcpSocket::Peers::Remote : TcpSocket::Peers::Any;
  uri_ = "rtsp://" + url.authority(kDefaultPort) + url.path;
  connection_.emplace(TcpSocket::connect(url.host, url.port != 0 ? url.port : kDefaultPort,
                                         options_.limits.connect_ms, abort, peers),
                      std::move(credentials));
}

/// Where a redirect leads to: at most five, and to RTSP only.
Url RtspSink::target_of(const RtspRedirect& redirect, int redirects) const {
  const auto refuse = [&](const std::string& why) {
    throw Error(ErrorCode::ServerRefused, redirect.message() + " " + why, redirect.action());
  };
  if (redirect.location().empty()) refuse("without saying where to");
  if (redirects == kMaxRedirects) refuse("more than 5 times");
  Url target;
  try {
    target = parse_url(redirect.location());
  } catch (const Error&) {
    refuse("to an address that is not valid");
  }
  if (target.scheme != "rtsp") refuse("to something that is not rtsp");
  return target;
}

void RtspSink::handshake(const AbortSignal& abort) {
  const auto ask = [&](const RtspRequest& request) {
    return connection_->request(request, options_.limits.response_ms, abort);
  };
  const RtspMessage options = ask({.method = "OPTIONS", .uri = uri_});
  const std::string_view offered = options.header("Public").value_or("");
  keepalive_method_ =
      offered.find("GET_PARAMETER") != std::string_view::npos ? "GET_PARAMETER" : "OPTIONS";

  ask({.method = "ANNOUNCE",
       .uri = uri_,
       .headers = {},
       .content_type = "application/sdp",
       .body = packetizer_->sdp()});
  // The control attribute of our own description, resolved as every server does it: appended.
  const std::string control = uri_ + (uri_.ends_with('/') ? "" : "/") + "streamid=0";
  const RtspMessage setup =
      ask({.method = "SETUP",
           .uri = control,
           .headers = {{"Transport", "RTP/AVP/TCP;unicast;interleaved=0-1;mode=record"}}});
  adopt_session(setup);
  adopt_transport(setup);
  ask({.method = "RECORD", .uri = uri_, .headers = {{"Range", "npt=0.000-"}}});
}

/// RFC 2326 section 12.37: "Session: id[;timeout=seconds]".
void RtspSink::adopt_session(const RtspMessage& response) {
  const std::string_view value = response.header("Session").value_or("");
  const std::string_view id = trimmed(value.substr(0, value.find(';')));
  if (id.empty())
    throw Error(ErrorCode::ProtocolError, "the server's answer to SETUP names no session");
  connection_->set_session(std::string(id));
  std::string_view timeout = parameter(value, "timeout").value_or("");
  if (const auto seconds = take_number(timeout, 86'400); seconds && *seconds > 0) {
    session_timeout_ = *seconds * kSecond;
  }
}

/// RFC 2326 section 12.39. The server may choose other channels than it was asked for.
void RtspSink::adopt_transport(const RtspMessage& response) {
  const std::string_view value = response.header("Transport").value_or("");
  const std::string_view protocol = trimmed(value.substr(0, value.find(';')));
  if (!same_text(protocol, "RTP/AVP/TCP")) {
    throw Error(ErrorCode::ProtocolError,
                "the server's answer to SETUP does not agree to RTP over TCP",
                "let the server accept RTSP over TCP (interleaved)");
  }
  std::string_view channels = parameter(value, "interleaved").value_or("0-1");
  const auto rtp = take_number(channels, 254);
  if (!rtp)
    throw Error(ErrorCode::ProtocolError, "the server's answer to SETUP has no valid channels");
  media_.rtp_channel = static_cast<std::uint8_t>(*rtp);
  if (channels.starts_with('-')) channels.remove_prefix(1);
  media_.rtcp_channel = static_cast<std::uint8_t>(take_number(channels, 255).value_or(*rtp + 1));
}

void RtspSink::prepare(const Unit& unit) {
  if (!packetizer_) throw Error(ErrorCode::InvalidState, "the output is not connected");
  unit_bytes_.clear();
  packetizer_->packetize(unit, media_.rtp_channel, unit_bytes_);
  prepared_ = {unit.packet->data, unit.packet->dts};
}

bool RtspSink::prepared(const Unit& unit) const {
  return prepared_ && prepared_->first == unit.packet->data &&
         prepared_->second == unit.packet->dts;
}

SendResult RtspSink::send(const Unit& unit, const AbortSignal& abort) {
  if (!recording_) throw Error(ErrorCode::InvalidState, "the output is not connected");
  if (!prepared(unit)) prepare(unit);
  prepared_.reset();
  connection_->socket().bound_send_buffer(bit_rate_, unit_bytes_.size());
  const std::uint32_t rtp = packetizer_->rtp_time(unit.packet->dts);

  ReportFrame frame;
  std::span<const std::uint8_t> report_bytes;
  SendResult result{.offered = clock_.now(), .accepted = 0, .bytes = 0};
  if (!reporting_ || result.offered - last_report_ >= kReportAfter) {
    frame = report(result.offered, rtp);
    report_bytes = frame;
    last_report_ = result.offered;
    reporting_ = true;
  }
  write(report_bytes, unit_bytes_, abort);
  result.accepted = clock_.now();
  result.bytes = report_bytes.size() + unit_bytes_.size();
  result.end = connection_->socket().delivery().written;
  last_offered_ = result.offered;
  last_rtp_ = rtp;
  sent_packets_ = earlier_packets_ + packetizer_->packets();
  sent_octets_ = earlier_octets_ + packetizer_->octets();
  return result;
}

RtspSink::ReportFrame RtspSink::report(Nanoseconds now, std::uint32_t rtp) const {
  const auto packet = make_sender_report({.ssrc = packetizer_->ssrc(),
                                          .wall = wall_.at(now),
                                          .rtp_timestamp = rtp,
                                          .packets = sent_packets_,
                                          .octets = sent_octets_});
  ReportFrame out = {'$', media_.rtcp_channel, 0, kSenderReportBytes};
  std::copy(packet.begin(), packet.end(), out.begin() + kInterleavedHeaderBytes);
  return out;
}

int RtspSink::fd() const { return connection_ ? connection_->socket().fd() : -1; }

void RtspSink::on_readable() {
  if (!recording_) return;
  try {
    connection_->on_readable();
  } catch (...) {
    recording_ = false;
    throw;
  }
}

Nanoseconds RtspSink::keepalive_due() const {
  if (!recording_) return kForever;
  // Most servers keep a session open while RTP arrives, but not all do: a keep-alive request is
  // sent twice per session timeout.
  Nanoseconds due = std::min(last_write_ + kLongestSilence, last_request_ + session_timeout_ / 2);
  if (reporting_) due = std::min(due, last_report_ + kReportAtLast);
  return due;
}

void RtspSink::keepalive(const AbortSignal& abort) {
  if (!recording_) return;
  const Nanoseconds now = clock_.now();
  if (reporting_ && now >= last_report_ + kReportAtLast) {
    const auto ticks = static_cast<std::uint32_t>(
        av_rescale_q(now - last_offered_, kNanosecond, {1, RtpPacketizer::kClockRate}));
    write(report(now, last_rtp_ + ticks), {}, abort);
    last_report_ = now;
  }
  if (now >= std::min(last_write_ + kLongestSilence, last_request_ + session_timeout_ / 2)) {
    try {
      connection_->post({.method = keepalive_method_, .uri = uri_}, options_.limits.write_ms,
                        abort);
    } catch (...) {
      recording_ = false;
      throw;
    }
    last_write_ = last_request_ = now;
  }
}

std::size_t RtspSink::backlog_bytes() const {
  return connection_ ? connection_->socket().backlog() : 0;
}

std::uint64_t RtspSink::acknowledged() const {
  return connection_ ? connection_->socket().delivery().acknowledged : 0;
}

void RtspSink::write(std::span<const std::uint8_t> first, std::span<const std::uint8_t> second,
                     const AbortSignal& abort) {
  try {
    connection_->write(first, second, options_.limits.write_ms, abort);
  } catch (...) {
    recording_ = false;  // perhaps in the middle of a frame: nothing may follow it
    throw;
  }
  last_write_ = clock_.now();
}

std::optional<Error> RtspSink::close(Nanoseconds limit, const AbortSignal& abort) {
  if (!connection_) return std::nullopt;
  std::optional<Error> failure;
  const Nanoseconds until = io_deadline(to_ms(limit));
  try {
    if (recording_) {
      recording_ = false;
      const std::int64_t answer = std::min(to_ms(limit), options_.limits.response_ms);
      connection_->request({.method = "TEARDOWN", .uri = uri_}, answer, abort);
      // What the kernel still holds is lost if the socket is closed with unread input; so wait for
      // their end.
      connection_->socket().shutdown_write();
      connection_->socket().drain(until, abort);
    }
  } catch (const Error& ended) {
    if (ended.code() != ErrorCode::ConnectionClosed) failure = ended;
  }
  connection_.reset();
  packetizer_.reset();
  return failure;
}

}  // namespace videopush::sinks
