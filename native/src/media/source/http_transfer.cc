#include "media/source/http_transfer.h"

#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstring>
#include <mutex>
#include <new>

#include "core/error.h"
#include "core/local_address.h"
#include "core/url.h"

namespace videopush::media {
namespace {

constexpr std::size_t kBufferLimit = 1 << 20;
constexpr int kWaitSliceMs = 100;
constexpr std::size_t kMaxTagBytes = 1024;

/// -1 for anything but a number that fits.
std::int64_t length_in(std::string_view digits) {
  std::int64_t value = -1;
  const char* end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, value);
  return read.ec == std::errc() && read.ptr == end && value >= 0 ? value : -1;
}

/// "bytes 0-99/100", "bytes 0-99/*"
void read_range(std::string_view value, HttpResponse& response) {
  constexpr std::string_view kUnit = "bytes ";
  if (!value.starts_with(kUnit)) return;
  value.remove_prefix(kUnit.size());
  const std::size_t dash = value.find('-'), slash = value.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos) return;
  response.range_begin = length_in(value.substr(0, dash));
  response.range_total = length_in(value.substr(slash + 1));
}

}  // namespace

void initialize_curl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

std::string_view header_value(std::string_view line, std::string_view name) {
  if (line.size() <= name.size() || line[name.size()] != ':') return {};
  if (ascii_lower(line.substr(0, name.size())) != name) return {};
  line.remove_prefix(name.size() + 1);
  while (!line.empty() && std::isspace(static_cast<unsigned char>(line.front()))) {
    line.remove_prefix(1);
  }
  while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) {
    line.remove_suffix(1);
  }
  return line;
}

HttpTransfer::HttpTransfer(const HttpOptions& options, const AbortSignal& abort)
    : options_(options), abort_(abort) {
  const char* authorities = options_.tls.authorities();
  initialize_curl();
  multi_ = curl_multi_init();
  easy_ = curl_easy_init();
  if (!multi_ || !easy_) throw std::bad_alloc();
  configure();
  trust(authorities);
}

HttpTransfer::~HttpTransfer() {
  stop();
  curl_easy_cleanup(easy_);
  curl_multi_cleanup(multi_);
  curl_slist_free_all(headers_);
}

void HttpTransfer::configure() {
  const auto set = [this](CURLoption option, auto value) {
    curl_easy_setopt(easy_, option, value);
  };
  set(CURLOPT_ERRORBUFFER, error_);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // a look-up that hangs must not hold the closing
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);  // each hop is checked by the owner
  set(CURLOPT_PROXY, "");           // no proxy, whatever the environment says
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_USERAGENT, "videopush");
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_WRITEFUNCTION, &HttpTransfer::on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(CURLOPT_HEADERFUNCTION, &HttpTransfer::on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_OPENSOCKETFUNCTION, &HttpTransfer::on_socket);
  set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
}

void HttpTransfer::trust(const char* authorities) {
  if (authorities != nullptr) {
    curl_easy_setopt(easy_, CURLOPT_CAINFO, authorities);
    curl_easy_setopt(easy_, CURLOPT_CAPATH, nullptr);  // else the system's would be trusted, too
  }
  const bool skip = options_.tls.insecure_skip_verify;
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYPEER, skip ? 0L : 1L);
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYHOST, skip ? 0L : 2L);
}

void HttpTransfer::start(const Request& request) {
  stop();
  request_ = request;
  if (options_.tls.insecure_skip_verify && !warned_ && request.url.starts_with("https:")) {
    warn_unverified("'" + options_.shown + "'");
    warned_ = true;
  }
  response_ = {};
  header_bytes_ = 0;
  refused_peer_ = false;
  error_[0] = '\0';
  curl_easy_setopt(easy_, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy_, CURLOPT_RANGE, (std::to_string(request.offset) + "-").c_str());
  // A redirected hop must pass on_socket: no connection from before it.
  curl_easy_setopt(easy_, CURLOPT_FRESH_CONNECT, request.redirected ? 1L : 0L);
  const bool credentials = request.credentials && !options_.user.empty();
  curl_easy_setopt(easy_, CURLOPT_USERNAME, credentials ? options_.user.c_str() : nullptr);
  curl_easy_setopt(easy_, CURLOPT_PASSWORD, credentials ? options_.password.c_str() : nullptr);
  curl_easy_setopt(easy_, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC | CURLAUTH_DIGEST));
  curl_slist_free_all(headers_);
  headers_ = nullptr;
  if (!request.if_range.empty()) {
    headers_ = curl_slist_append(nullptr, ("If-Range: " + request.if_range).c_str());
  }
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
  curl_multi_add_handle(multi_, easy_);
  active_ = true;
}

void HttpTransfer::stop() {
  if (active_) curl_multi_remove_handle(multi_, easy_);
  active_ = done_ = paused_ = false;
  buffer_.clear();
  consumed_ = 0;
}

bool HttpTransfer::wait(const std::function<bool()>& expired) {
  if (paused_ && buffered() == 0) {
    paused_ = false;
    curl_easy_pause(easy_, CURLPAUSE_CONT);
  }
  for (;;) {
    abort_.throw_if_aborted();
    int running = 0;
    curl_multi_perform(multi_, &running);
    collect_result();
    if (buffered() > 0 || done_) return true;
    if (expired()) return false;
    curl_waitfd aborted{abort_.fd(), CURL_WAIT_POLLIN, 0};
    curl_multi_poll(multi_, &aborted, 1, kWaitSliceMs, nullptr);
  }
}

void HttpTransfer::collect_result() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    done_ = true;
    result_ = message->data.result;
  }
}

const HttpResponse& HttpTransfer::response() {
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &response_.status);
  curl_off_t length = -1;
  curl_easy_getinfo(easy_, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  response_.content_length = length;
  char* location = nullptr;
  curl_easy_getinfo(easy_, CURLINFO_REDIRECT_URL, &location);
  response_.location = location ? location : "";
  return response_;
}

long HttpTransfer::os_error() const {
  long error = 0;
  curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &error);
  return error;
}

std::string HttpTransfer::error_text() const {
  return error_[0] ? error_ : curl_easy_strerror(result_);
}

std::size_t HttpTransfer::take(std::uint8_t* out, std::size_t size) {
  const std::size_t count = std::min(size, buffered());
  if (out) std::memcpy(out, buffer_.data() + consumed_, count);
  consumed_ += count;
  if (consumed_ == buffer_.size()) {
    buffer_.clear();
    consumed_ = 0;
  }
  return count;
}

std::size_t HttpTransfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<HttpTransfer*>(self);
  const std::size_t bytes = size * count;
  long status = 0;
  curl_easy_getinfo(transfer.easy_, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200 && status != 206) return CURL_WRITEFUNC_ERROR;  // an error page is no media
  if (transfer.buffered() + bytes > kBufferLimit) {
    transfer.paused_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  transfer.buffer_.insert(transfer.buffer_.end(), data, data + bytes);
  return bytes;
}

std::size_t HttpTransfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<HttpTransfer*>(self);
  HttpResponse& response = transfer.response_;
  const std::string_view line(data, size * count);
  transfer.header_bytes_ += line.size();
  if (transfer.endless_headers()) return 0;        // ends the transfer
  if (line.rfind("HTTP/", 0) == 0) response = {};  // the next response of a chain (401, then 200)
  if (auto value = header_value(line, "accept-ranges"); value.data()) {
    response.accepts_ranges = value == "bytes";
  } else if (value = header_value(line, "etag"); value.data()) {
    response.etag = value.size() <= kMaxTagBytes ? value : "";  // it is sent back
  } else if (value = header_value(line, "content-type"); value.data()) {
    response.content_type = ascii_lower(value);
  } else if (value = header_value(line, "content-range"); value.data()) {
    read_range(value, response);
  }
  return size * count;
}

curl_socket_t HttpTransfer::on_socket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<HttpTransfer*>(self);
  const bool local = is_local_address(&address->addr);
  transfer.only_local_peers_ = transfer.only_local_peers_ && local;
  if (transfer.request_.redirected && !transfer.options_.local_redirects && local) {
    transfer.refused_peer_ = true;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

}  // namespace videopush::media
