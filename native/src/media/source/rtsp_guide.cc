#include "media/source/rtsp_guide.h"

#include <curl/curl.h>
#include <sys/socket.h>

#include <charconv>
#include <cstdint>
#include <memory>
#include <new>
#include <string_view>

#include "core/error.h"
#include "core/local_address.h"
#include "core/url.h"
#include "media/source/http_transfer.h"

namespace videopush::media {
namespace {

constexpr int kMaxRedirects = 5;
constexpr int kWaitSliceMs = 100;
/// Real descriptions have one or two kilobytes, with parameter sets and keys maybe ten.
constexpr std::size_t kMaxHeaderBytes = 64ull * 1024, kMaxBodyBytes = 256ull * 1024;

struct EasyDelete {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct MultiDelete {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};

/// One DESCRIBE, on a connection of its own.
class Describe {
 public:
  Describe(const std::string& url, const Location& credentials, bool remote_only);
  ~Describe() { curl_multi_remove_handle(multi_.get(), easy_.get()); }
  Describe(const Describe&) = delete;
  Describe& operator=(const Describe&) = delete;

  /// false: `limit` has expired. Errors: Aborted.
  bool run(const AbortSignal& abort, const IoLimit& limit);

  bool answered() const { return status() != 0; }
  bool redirects() const { return status() / 100 == 3 && !location_.empty(); }
  const std::string& location() const { return location_; }
  bool out_of_bounds() const { return out_of_bounds_; }
  bool refused_peer() const { return refused_peer_; }
  std::string peer() const;  // its numeric address

 private:
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char*, std::size_t size, std::size_t count, void* self);
  static curl_socket_t on_socket(void* self, curlsocktype, curl_sockaddr* address);
  void configure(const std::string& url, const Location& credentials);
  void read_header(std::string_view line);
  long status() const;

  const bool remote_only_;
  std::unique_ptr<CURLM, MultiDelete> multi_;
  std::unique_ptr<CURL, EasyDelete> easy_;
  std::string location_;
  std::size_t header_bytes_ = 0, body_bytes_ = 0;
  bool out_of_bounds_ = false, refused_peer_ = false;
};

Describe::Describe(const std::string& url, const Location& credentials, bool remote_only)
    : remote_only_(remote_only) {
  initialize_curl();
  multi_.reset(curl_multi_init());
  easy_.reset(curl_easy_init());
  if (!multi_ || !easy_) throw std::bad_alloc();
  configure(url, credentials);
  curl_multi_add_handle(multi_.get(), easy_.get());
}

void Describe::configure(const std::string& url, const Location& credentials) {
  const auto set = [this](CURLoption option, auto value) {
    curl_easy_setopt(easy_.get(), option, value);
  };
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // a look-up that hangs must not hold the closing
  set(CURLOPT_PROTOCOLS_STR, "rtsp");
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_RTSP_STREAM_URI, url.c_str());
  set(CURLOPT_RTSP_REQUEST, static_cast<long>(CURL_RTSPREQ_DESCRIBE));
  set(CURLOPT_USERAGENT, "videopush");
  if (!credentials.user.empty()) {
    set(CURLOPT_USERNAME, credentials.user.c_str());
    set(CURLOPT_PASSWORD, credentials.password.c_str());
    set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC | CURLAUTH_DIGEST));
  }
  set(CURLOPT_HEADERFUNCTION, &Describe::on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &Describe::on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(CURLOPT_OPENSOCKETFUNCTION, &Describe::on_socket);
  set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
}

bool Describe::run(const AbortSignal& abort, const IoLimit& limit) {
  for (;;) {
    abort.throw_if_aborted();
    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    if (running == 0) return true;
    if (limit.expired()) return false;
    curl_waitfd aborted{abort.fd(), CURL_WAIT_POLLIN, 0};
    curl_multi_poll(multi_.get(), &aborted, 1, kWaitSliceMs, nullptr);
  }
}

long Describe::status() const {
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  return status;
}

std::string Describe::peer() const {
  char* address = nullptr;
  curl_easy_getinfo(easy_.get(), CURLINFO_PRIMARY_IP, &address);
  return address != nullptr ? address : "";
}

std::size_t Describe::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& describe = *static_cast<Describe*>(self);
  const std::size_t bytes = size * count;
  describe.header_bytes_ += bytes;
  describe.read_header({data, bytes});
  if (describe.header_bytes_ > kMaxHeaderBytes) describe.out_of_bounds_ = true;
  return describe.out_of_bounds_ ? 0 : bytes;  // 0 ends the transfer
}

void Describe::read_header(std::string_view line) {
  if (const auto value = header_value(line, "location"); value.data()) location_ = value;
  if (const auto value = header_value(line, "content-length"); value.data()) {
    std::uint64_t length = 0;
    const auto read = std::from_chars(value.data(), value.data() + value.size(), length);
    if (read.ec != std::errc() || length > kMaxBodyBytes) out_of_bounds_ = true;
  }
}

std::size_t Describe::on_body(char*, std::size_t size, std::size_t count, void* self) {
  auto& describe = *static_cast<Describe*>(self);
  describe.body_bytes_ += size * count;
  if (describe.body_bytes_ > kMaxBodyBytes) describe.out_of_bounds_ = true;
  return describe.out_of_bounds_ ? 0 : size * count;
}

curl_socket_t Describe::on_socket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& describe = *static_cast<Describe*>(self);
  if (describe.remote_only_ && is_local_address(&address->addr)) {
    describe.refused_peer_ = true;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

[[noreturn]] void forbid(const Location& source, const std::string& why) {
  throw Error(ErrorCode::SourceForbidden, "'" + source.shown + "': " + why,
              "give the final address if you trust it");
}

/// The address that a redirect names.
Location redirect_target(const Location& source, const std::string& location) {
  Location target;
  try {
    target = parse_location(location);
  } catch (const Error&) {
    target.scheme = Scheme::File;  // refused below
  }
  if (target.scheme != Scheme::Rtsp) forbid(source, "redirected to something that is not rtsp");
  return target;
}

std::string authority_of(const std::string& url) { return std::string(split_url(url).authority); }

/// The same URL with the address in place of the name, so that no other look-up can lead elsewhere.
std::string pinned(const std::string& url, const std::string& address) {
  const UrlParts parts = split_url(url);
  const Authority authority = split_authority(parts.authority);
  const bool v6 = address.find(':') != std::string::npos;
  return "rtsp://" + (v6 ? "[" + address + "]" : address) +
         (authority.port != 0 ? ":" + std::to_string(authority.port) : "") +
         std::string(parts.rest);
}

}  // namespace

RtspRoute find_rtsp_route(const Location& source, const AbortSignal& abort, const IoLimit& limit,
                          bool local_redirects) {
  RtspRoute route{.url = source.url};
  const std::string what = "'" + source.shown + "'";
  for (int redirects = 0;; ++redirects) {
    Describe describe(route.url, route.same_server ? source : Location{},
                      route.redirected && !local_redirects);
    if (!describe.run(abort, limit)) {
      throw Error(ErrorCode::SourceTimeout, what + ": could not be opened in time",
                  "check the source, or allow more time");
    }
    if (describe.out_of_bounds()) {
      throw Error(ErrorCode::ProtocolError,
                  what + ": the server's answer is longer than any description of a stream",
                  "check that the address is that of an RTSP server");
    }
    if (describe.refused_peer()) forbid(source, "redirected to a loopback or link-local address");
    if (route.redirected && !describe.answered()) {
      throw Error(ErrorCode::ConnectFailed, what + ": redirected to a server that does not answer",
                  "check the network and the server that redirects");
    }
    if (!describe.redirects()) {
      if (route.redirected) route.url = pinned(route.url, describe.peer());
      return route;
    }
    if (redirects == kMaxRedirects) forbid(source, "more than 5 redirects");
    route.url = redirect_target(source, describe.location()).url;
    route.redirected = true;
    route.same_server = authority_of(route.url) == authority_of(source.url);
  }
}

}  // namespace videopush::media
