#include "sinks/rtsp_connection.h"

#include <poll.h>

#include <array>
#include <utility>

#include "core/error.h"

namespace videopush::sinks {
namespace {

constexpr std::string_view kUserAgent = "VideoPush";
constexpr std::size_t kReadBytes = 16'384;
/// A server that sends faster than this between two polls is not talking RTSP to a publisher.
constexpr int kMaxReadsAtOnce = 16;
constexpr std::size_t kMaxQueuedBytes = 65'536;
constexpr int kMaxNonces = 3;

constexpr int kUnauthorized = 401, kSessionNotFound = 454;

void add_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

RtspConnection::RtspConnection(TcpSocket socket, Credentials credentials)
    : socket_(std::move(socket)),
      authenticator_(std::move(credentials), random_hex),
      buffer_(kReadBytes) {}

RtspMessage RtspConnection::request(const RtspRequest& request, std::int64_t limit_ms,
                                    const AbortSignal& abort) {
  for (int nonces = 0;; ++nonces) {
    const bool signed_already = authenticator_.has_challenge();
    post(request, limit_ms, abort);
    const RtspMessage response = await(cseq_, io_deadline(limit_ms), request.method, abort);
    if (response.status / 100 == 2) return response;
    if (response.status != kUnauthorized) refuse(request.method, response);
    if (!authenticator_.has_credentials()) {
      throw Error(ErrorCode::CredentialsMissing, "the server wants a user and a password",
                  "give the output its credentials");
    }
    const bool understood = authenticator_.accept(response);
    const bool expired = understood && nonces < kMaxNonces &&
                         (authenticator_.stale() || (nonces == 0 && authenticator_.renewed()));
    if (signed_already && !expired) {  // MediaMTX names no challenge then
      throw Error(ErrorCode::CredentialsRefused,
                  "the server refused the user or the password (" + response.status_line() + ")",
                  "check the output's credentials, and that they may publish to this path");
    }
    if (!understood) {
      throw Error(ErrorCode::ServerRefused,
                  "the server wants credentials by a method that is not supported: " +
                      std::string(response.header("WWW-Authenticate").value_or("none named")),
                  "let the server accept Basic or Digest (MD5, SHA-256) authentication");
    }
  }
}

void RtspConnection::post(const RtspRequest& request, std::int64_t limit_ms,
                          const AbortSignal& abort) {
  const std::string text = serialize(request);
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  write(bytes, {}, limit_ms, abort);
}

std::string RtspConnection::serialize(const RtspRequest& request) {
  std::string out(request.method);
  out.append(" ").append(request.uri).append(" RTSP/1.0\r\n");
  add_header(out, "CSeq", std::to_string(++cseq_));
  add_header(out, "User-Agent", kUserAgent);
  if (!session_.empty()) add_header(out, "Session", session_);
  const std::string authorization = authenticator_.authorization(request.method, request.uri);
  if (!authorization.empty()) add_header(out, "Authorization", authorization);
  for (const RtspHeader& header : request.headers) add_header(out, header.name, header.value);
  if (!request.body.empty()) {
    add_header(out, "Content-Type", request.content_type);
    add_header(out, "Content-Length", std::to_string(request.body.size()));
  }
  return out + "\r\n" + request.body;
}

RtspMessage RtspConnection::await(std::uint32_t cseq, Nanoseconds until, std::string_view method,
                                  const AbortSignal& abort) {
  for (;;) {
    while (auto response = next_response()) {
      const auto number = response->cseq();
      if (!number || *number > cseq) {
        throw Error(ErrorCode::ProtocolError, "the server's answer to " + std::string(method) +
                                                  " bears the number of another request (CSeq)");
      }
      if (*number == cseq && response->status >= 200) return std::move(*response);
    }
    if (!wait_for(socket_.fd(), POLLIN, until, abort)) {
      throw Error(ErrorCode::ResponseTimeout,
                  "the server did not answer " + std::string(method) + " in time",
                  "check that host and port are those of an RTSP server, and its load");
    }
    read_once();
  }
}

void RtspConnection::write(std::span<const std::uint8_t> first,
                           std::span<const std::uint8_t> second, std::int64_t limit_ms,
                           const AbortSignal& abort) {
  const std::string control = std::exchange(queued_, {});
  const std::array<std::span<const std::uint8_t>, 3> pieces = {
      std::span(reinterpret_cast<const std::uint8_t*>(control.data()), control.size()), first,
      second};
  const std::size_t total = control.size() + first.size() + second.size();
  std::size_t done = 0;
  Nanoseconds until = 0;
  for (;;) {
    std::array<iovec, 3> parts;
    std::size_t count = 0, skip = done;
    for (const auto& piece : pieces) {
      const std::size_t gone = std::min(skip, piece.size());
      skip -= gone;
      if (gone == piece.size()) continue;
      parts[count++] = {const_cast<std::uint8_t*>(piece.data()) + gone, piece.size() - gone};
    }
    done += write_some({parts.data(), count});
    if (done == total) return;
    if (until == 0) until = io_deadline(limit_ms);
    if (!wait_for(socket_.fd(), POLLOUT | POLLIN, until, abort)) {
      throw Error(ErrorCode::WriteTimeout, "the server took no more data in time",
                  "check the server's load and the network's bandwidth");
    }
    read_all();
  }
}

/// A server that closes has often said why: its last words make the better error.
std::size_t RtspConnection::write_some(std::span<const iovec> parts) {
  try {
    return socket_.write_some(parts);
  } catch (const Error&) {
    read_all();
    throw;
  }
}

void RtspConnection::on_readable() {
  read_all();
  if (queued_.empty()) return;
  const iovec part{queued_.data(), queued_.size()};
  queued_.erase(
      0, write_some({&part, 1}));  // what the socket does not take now goes before the next unit
}

void RtspConnection::read_all() {
  for (int reads = 0; reads < kMaxReadsAtOnce && read_once(); ++reads) {
    while (const auto response = next_response()) check_late(*response);
  }
}

/// Reads what has arrived and parses it; returns false when nothing had arrived.
bool RtspConnection::read_once() {
  const std::size_t got = socket_.read_some(buffer_);
  parser_.feed(std::span(buffer_).first(got));
  return got > 0;
}

std::optional<RtspMessage> RtspConnection::next_response() {
  while (auto message = parser_.next()) {
    if (message->is_response()) return message;
    serve(*message);
  }
  return std::nullopt;
}

/// Requests of the server's (RFC 2326 section 10: OPTIONS, ANNOUNCE, GET_PARAMETER, SET_PARAMETER,
/// REDIRECT; TEARDOWN by custom).
void RtspConnection::serve(const RtspMessage& request) {
  if (request.method == "TEARDOWN") {
    throw Error(ErrorCode::ConnectionClosed, "the server ended the session (TEARDOWN)");
  }
  if (request.method == "REDIRECT") {
    throw Error(ErrorCode::ServerRefused,
                "the server redirects to another one, which is not followed",
                "give the URL of the server that takes the stream");
  }
  const bool known = request.method == "OPTIONS" || request.method == "GET_PARAMETER" ||
                     request.method == "SET_PARAMETER";
  queued_ += known ? "RTSP/1.0 200 OK\r\n" : "RTSP/1.0 501 Not Implemented\r\n";
  add_header(queued_, "CSeq", request.header("CSeq").value_or("0"));
  queued_ += "\r\n";
  if (queued_.size() > kMaxQueuedBytes) {
    throw Error(ErrorCode::ProtocolError, "the server floods the connection with requests");
  }
}

/// An answer that nobody waits for: to a keep-alive request.
void RtspConnection::check_late(const RtspMessage& response) {
  if (response.status == kUnauthorized) {
    authenticator_.accept(response);  // a new nonce for the next one
  } else if (response.status == kSessionNotFound || response.status / 100 == 3) {
    refuse("the session", response);
  }
}

void RtspConnection::refuse(std::string_view method, const RtspMessage& response) const {
  if (response.status / 100 == 3) throw RtspRedirect(response);
  throw Error(ErrorCode::ServerRefused,
              "the server refused " + std::string(method) + ": " + response.status_line(),
              "see the server's log for its reason");
}

}  // namespace videopush::sinks
