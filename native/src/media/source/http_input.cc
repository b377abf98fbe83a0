#include "media/source/http_input.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "core/error.h"
#include "core/redact.h"
#include "core/tls.h"
#include "media/source/http_transfer.h"
#include "media/source/location.h"

namespace videopush::media {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kMaxRedirects = 5;
constexpr int kMaxReconnects = 5;
constexpr std::int64_t kReadThrough = 512 * 1024ll;  // cheaper than another request

bool is_redirect(long status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// scheme://host[:port] of a URL without user-info.
std::string origin(const std::string& url) {
  const std::size_t begin = url.find("://");
  return url.substr(0, url.find_first_of("/?#", begin == std::string::npos ? 0 : begin + 3));
}

class HttpInput final : public ByteInput {
 public:
  HttpInput(const HttpOptions& options, const AbortSignal& abort, const IoLimit& limit)
      : options_(options), abort_(abort), limit_(limit), transfer_(options_, abort) {
    request_.url = options_.url;
    open();
  }

  int read(std::uint8_t* out, int size) override;
  void seek(std::int64_t position) override;
  std::int64_t size() const override { return size_; }
  bool seekable() const override { return ranges_ && size_ > 0; }
  std::string content_type() const override { return content_type_; }
  void opened() override { opened_ = true; }

 private:
  void open();
  void follow(const HttpResponse& response);
  void learn(const HttpResponse& response);
  void check_range(const HttpResponse& response) const;
  bool wait();
  void resume();
  void pause(std::chrono::milliseconds duration);
  [[noreturn]] void throw_status(long status) const;
  bool cut_short() const;
  [[noreturn]] void throw_transfer_error() const;
  [[noreturn]] void throw_timeout() const;
  std::string what() const { return "'" + options_.shown + "'"; }

  const HttpOptions options_;
  const AbortSignal& abort_;
  const IoLimit& limit_;
  HttpTransfer transfer_;
  HttpTransfer::Request request_;
  std::int64_t position_ = 0;  // of the next byte that read() returns
  std::int64_t skip_ = 0;      // bytes to drop before it
  std::int64_t size_ = -1;
  std::string etag_, content_type_;
  bool ranges_ = false, opened_ = false;
  int redirects_ = 0, reconnects_ = 0;
};

/// Waits for bytes or the end of the transfer; throws SourceTimeout after too long a silence.
bool HttpInput::wait() {
  const auto silent_until = SteadyClock::now() + std::chrono::milliseconds(options_.silence_ms);
  return transfer_.wait(
      [&] { return opened_ ? SteadyClock::now() >= silent_until : limit_.expired(); });
}

void HttpInput::open() {
  for (;;) {
    transfer_.start(request_);
    if (!wait()) throw_timeout();
    const HttpResponse& response = transfer_.response();
    if (is_redirect(response.status)) {
      follow(response);
      continue;
    }
    if (response.status == 416) {
      throw Error(ErrorCode::SourceEmpty, what() + " is empty (0 bytes)",
                  "check the file on the server");
    }
    if (response.status != 0 && response.status != 200 && response.status != 206) {
      throw_status(response.status);
    }
    if (transfer_.done() && transfer_.buffered() == 0) {
      if (transfer_.result() != CURLE_OK) throw_transfer_error();
      throw Error(ErrorCode::SourceEmpty, what() + " is empty (0 bytes)",
                  "check the file on the server");
    }
    learn(response);
    return;
  }
}

void HttpInput::follow(const HttpResponse& response) {
  if (response.location.empty()) {
    throw Error(ErrorCode::ProtocolError,
                what() + ": the server answered " + std::to_string(response.status) +
                    " (a redirect) without saying where to",
                "check the address and the server's log");
  }
  if (++redirects_ > kMaxRedirects) {
    throw Error(ErrorCode::SourceForbidden, what() + ": more than 5 redirects",
                "give the final address");
  }
  Location target;
  try {
    target = parse_location(response.location);
  } catch (const Error&) {
    target.scheme = Scheme::File;  // refused below
  }
  if (target.scheme != Scheme::Http) {
    throw Error(ErrorCode::SourceForbidden,
                what() + ": redirected to something that is not http or https",
                "give the final address");
  }
  if (request_.url.starts_with("https:") && !target.url.starts_with("https:")) {
    throw Error(ErrorCode::SourceForbidden,
                what() + ": redirected from https to http, which anybody on the way can read",
                "give the final address if you trust the network");
  }
  const bool same_server = origin(target.url) == origin(options_.url);
  // A server of this machine that the user named may send on to itself. Nobody outside had a say.
  const bool stays_here = same_server && transfer_.only_local_peers();
  request_.url = target.url;
  request_.redirected = request_.redirected || !stays_here;
  request_.credentials = same_server;
}

void HttpInput::learn(const HttpResponse& response) {
  check_range(response);
  content_type_ = response.content_type;
  ranges_ = response.status == 206 || response.accepts_ranges;
  size_ = response.status == 206 ? response.range_total : response.content_length;
  etag_ = response.etag;
}

int HttpInput::read(std::uint8_t* out, int size) {
  if (size_ >= 0 && position_ >= size_) return 0;
  for (;;) {
    if (!transfer_.active()) resume();
    const std::size_t dropped = transfer_.take(nullptr, static_cast<std::size_t>(skip_));
    skip_ -= static_cast<std::int64_t>(dropped);
    if (transfer_.buffered() > 0) {
      const std::size_t count = transfer_.take(out, static_cast<std::size_t>(size));
      position_ += static_cast<std::int64_t>(count);
      reconnects_ = 0;
      return static_cast<int>(count);
    }
    if (transfer_.done()) {
      const bool whole = size_ < 0 || position_ >= size_;
      if (transfer_.result() == CURLE_OK && whole) return 0;
      if (!seekable() || ++reconnects_ > kMaxReconnects) throw_transfer_error();
      transfer_.stop();
      pause(std::chrono::milliseconds(reconnects_ == 1 ? 0 : 100 << reconnects_));
      continue;
    }
    if (!wait()) throw_timeout();
  }
}

void HttpInput::seek(std::int64_t position) {
  const std::int64_t ahead = position - position_;
  position_ = position;
  if (transfer_.active() && skip_ + ahead >= 0 && ahead >= 0 && ahead <= kReadThrough) {
    skip_ += ahead;
  } else {
    transfer_.stop();
    skip_ = 0;
  }
}

/// Asks for the rest from position_ on. A failed attempt is left for read() to count.
void HttpInput::resume() {
  skip_ = 0;
  request_.offset = position_;
  request_.if_range = etag_.rfind("W/", 0) == 0 ? "" : etag_;  // weak tags don't qualify
  transfer_.start(request_);
  if (!wait()) throw_timeout();
  const HttpResponse& response = transfer_.response();
  if (response.status == 0) return;  // no answer at all
  if (response.status == 200 && position_ > 0) {
    throw Error(ErrorCode::SourceDisconnected,
                what() + ": changed on the server while it was being read",
                "start again with the new file");
  }
  if (response.status != 200 && response.status != 206) throw_status(response.status);
  check_range(response);
}

/// A range from another place would be taken for the one that was asked for.
void HttpInput::check_range(const HttpResponse& response) const {
  const bool begins_here = response.range_begin == request_.offset;
  const bool unsaid = response.range_begin < 0 && request_.offset == 0;
  if (response.status != 206 || begins_here || unsaid) return;
  throw Error(ErrorCode::ProtocolError, what() + ": the server sent another range than asked for",
              "check the server, or what stands between it and here");
}

void HttpInput::pause(std::chrono::milliseconds duration) {
  pollfd fd{abort_.fd(), POLLIN, 0};
  poll(&fd, 1, static_cast<int>(duration.count()));
  abort_.throw_if_aborted();
}

void HttpInput::throw_status(long status) const {
  const std::string text = what() + ": the server answered " + std::to_string(status);
  switch (status) {
    case 401:
      if (options_.user.empty()) {
        throw Error(ErrorCode::CredentialsMissing, text + " (it asks for credentials)",
                    "give user and password");
      }
      [[fallthrough]];
    case 403:
    case 407:
      throw Error(ErrorCode::CredentialsRefused, text + " (access refused)",
                  "check user, password and permissions");
    case 404:
    case 410:
      throw Error(ErrorCode::SourceNotFound, text + " (not found)", "check the address");
    case 408:
    case 504:
      throw Error(ErrorCode::SourceTimeout, text + " (timeout)", "try again later");
    default:
      throw Error(ErrorCode::ServerRefused, text, "check the address and the server's log");
  }
}

/// A body that ends before the length that the server named for it.
bool HttpInput::cut_short() const {
  const bool ended = transfer_.result() == CURLE_OK || transfer_.result() == CURLE_PARTIAL_FILE;
  return ended && size_ > position_;
}

void HttpInput::throw_transfer_error() const {
  const std::string text = what() + ": " + transfer_.error_text();
  if (cut_short()) {
    throw Error(ErrorCode::SourceDisconnected,
                what() + ": the server sent " + std::to_string(position_) + " of " +
                    std::to_string(size_) + " bytes",
                "check the file on the server, and what stands between it and here");
  }
  if (transfer_.endless_headers()) {
    throw Error(ErrorCode::ProtocolError, what() + ": the server's headers are longer than 256 KiB",
                "check that the address is that of a video");
  }
  if (transfer_.refused_peer()) {
    throw Error(ErrorCode::SourceForbidden,
                what() + ": redirected to a loopback or link-local address",
                "give the final address if you trust it");
  }
  switch (transfer_.result()) {
    case CURLE_COULDNT_RESOLVE_HOST:
      throw Error(ErrorCode::HostUnknown, text, "check the spelling of the host name");
    case CURLE_COULDNT_CONNECT:
      if (transfer_.os_error() == ECONNREFUSED) {
        throw Error(ErrorCode::ConnectRefused, text, "check that the server runs on that port");
      }
      throw Error(ErrorCode::ConnectFailed, text, "check the network");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      throw certificate_refused(what(), transfer_.error_text());
    case CURLE_SSL_CONNECT_ERROR:
      throw Error(ErrorCode::ConnectFailed, text, "check that the server speaks TLS on that port");
    case CURLE_URL_MALFORMAT:
      throw Error(ErrorCode::UrlInvalid, text, "check the address");
    case CURLE_OPERATION_TIMEDOUT:
      throw_timeout();
    case CURLE_WEIRD_SERVER_REPLY:
      throw Error(
          ErrorCode::ProtocolError,
          what() + ": the server's answer is not valid HTTP (" + transfer_.error_text() + ")",
          "check the server, or what stands between it and here");
    default:
      throw Error(ErrorCode::SourceDisconnected, text, "check the network and the server");
  }
}

void HttpInput::throw_timeout() const {
  throw Error(ErrorCode::SourceTimeout, what() + ": the server sent nothing for too long",
              "check the network, or allow more time");
}

}  // namespace

std::unique_ptr<ByteInput> open_http(const HttpOptions& options, const AbortSignal& abort,
                                     const IoLimit& limit) {
  return std::make_unique<HttpInput>(options, abort, limit);
}

}  // namespace videopush::media
