// One RTSP control connection: requests and their answers, authentication, and interleaved data on
// the same socket. Knows nothing of media.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/abort.h"
#include "core/error.h"
#include "sinks/rtsp_auth.h"
#include "sinks/rtsp_parser.h"
#include "sinks/tcp_socket.h"

namespace videopush::sinks {

struct RtspRequest {
  std::string_view method;
  std::string uri;
  std::vector<RtspHeader> headers =
      {};  // without CSeq, Session, Authorization, User-Agent and Content-*
  std::string content_type = {}, body = {};
};

/// The server has answered a request with 3xx: ServerRefused for whoever does not follow it.
class RtspRedirect : public Error {
 public:
  explicit RtspRedirect(const RtspMessage& response)
      : Error(ErrorCode::ServerRefused, "the server redirects (" + response.status_line() + ")",
              "give the URL of the server that takes the stream"),
        location_(response.header("Location").value_or("")) {}
  const std::string& location() const { return location_; }  // as the server wrote it, maybe ""

 private:
  std::string location_;
};

class RtspConnection {
 public:
  RtspConnection(TcpSocket socket, Credentials credentials);

  /// Sends a request and waits for its answer; a challenge is answered once (again while the server
  /// calls the nonce stale, or when it had given the nonce for an earlier request). Returns only a
  /// 2xx. Throws ResponseTimeout, RtspRedirect, ServerRefused (with the status line),
  /// CredentialsMissing, CredentialsRefused, ProtocolError, ConnectionClosed, ConnectionReset,
  /// Aborted.
  RtspMessage request(const RtspRequest& request, std::int64_t limit_ms, const AbortSignal& abort);

  /// Sends a request without waiting; `on_readable` sees the answer.
  void post(const RtspRequest& request, std::int64_t limit_ms, const AbortSignal& abort);

  /// Sends `first` and `second` as one piece, after control bytes that are still queued: one
  /// sendmsg, the rest as the socket takes it, reading what the server says meanwhile. WriteTimeout
  /// when `limit_ms` passes.
  void write(std::span<const std::uint8_t> first, std::span<const std::uint8_t> second,
             std::int64_t limit_ms, const AbortSignal& abort);

  /// Reads what has arrived: answers the server's requests, checks answers to posted ones, passes
  /// over RTCP. Throws ConnectionClosed, ConnectionReset, ServerRefused, ProtocolError when the
  /// session is over.
  void on_readable();

  void set_session(std::string id) { session_ = std::move(id); }
  TcpSocket& socket() { return socket_; }
  const TcpSocket& socket() const { return socket_; }

 private:
  std::string serialize(const RtspRequest& request);
  RtspMessage await(std::uint32_t cseq, Nanoseconds until, std::string_view method,
                    const AbortSignal& abort);
  std::size_t write_some(std::span<const iovec> parts);
  void read_all();
  bool read_once();
  std::optional<RtspMessage> next_response();
  void serve(const RtspMessage& request);
  void check_late(const RtspMessage& response);
  [[noreturn]] void refuse(std::string_view method, const RtspMessage& response) const;

  TcpSocket socket_;
  Authenticator authenticator_;
  RtspParser parser_;
  std::string session_;
  std::string queued_;  // control bytes that wait for the end of the unit under way
  std::uint32_t cseq_ = 0;
  std::vector<std::uint8_t> buffer_;
};

}  // namespace videopush::sinks
