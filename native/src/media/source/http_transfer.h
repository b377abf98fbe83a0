// One HTTP request at a time on libcurl, pulled by the caller: no thread, bounded memory.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/abort.h"
#include "media/source/http_input.h"

namespace videopush::media {

/// Once per process, before anything else of libcurl.
void initialize_curl();

/// The value when `line` is the header `name` (lower case), else an empty view with null data.
std::string_view header_value(std::string_view line, std::string_view name);

/// What the server said about the resource, from the headers of the last response.
struct HttpResponse {
  long status = 0;
  std::int64_t content_length = -1;
  /// From Content-Range: bytes BEGIN-b/TOTAL (RFC 9110 section 14.4); -1 = not named, or nonsense.
  std::int64_t range_begin = -1, range_total = -1;
  bool accepts_ranges = false;
  std::string etag;
  std::string content_type;  // lower case, with its parameters
  std::string location;      // absolute redirect target
};

/// GET of `url` from a byte offset on. Waits are slices of at most 100 ms in which `abort` is
/// watched too; `expired` says when to give up.
class HttpTransfer {
 public:
  HttpTransfer(const HttpOptions& options, const AbortSignal& abort);
  ~HttpTransfer();
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;

  struct Request {
    std::string url;
    std::int64_t offset = 0;
    std::string if_range;     // entity tag that must still hold, "" = none
    bool redirected = false;  // refuse loopback and link-local peers
    bool credentials = true;  // send user and password
  };
  void start(const Request& request);
  void stop();
  bool active() const { return active_; }

  /// Waits until the first body byte or the end of the transfer; false when `expired` said so.
  /// Errors: Aborted.
  bool wait(const std::function<bool()>& expired);
  const HttpResponse& response();
  bool done() const { return done_; }
  CURLcode result() const { return result_; }
  bool endless_headers() const { return header_bytes_ > kMaxHeaderBytes; }
  bool refused_peer() const { return refused_peer_; }  // the rule on redirected peers struck
  /// No address outside of this machine or link was tried, over all requests.
  bool only_local_peers() const { return only_local_peers_; }
  long os_error() const;
  std::string error_text() const;

  std::size_t buffered() const { return buffer_.size() - consumed_; }
  std::size_t take(std::uint8_t* out, std::size_t size);  // out = nullptr: drop

 private:
  /// Of one transfer, challenges included: libcurl keeps what it reads.
  static constexpr std::size_t kMaxHeaderBytes = 256ull * 1024;

  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static curl_socket_t on_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  void configure();
  void trust(const char* authorities);
  void collect_result();

  const HttpOptions& options_;
  const AbortSignal& abort_;
  CURLM* multi_ = nullptr;
  CURL* easy_ = nullptr;
  curl_slist* headers_ = nullptr;
  char error_[CURL_ERROR_SIZE] = {};
  Request request_;
  HttpResponse response_;
  std::size_t header_bytes_ = 0;
  std::vector<std::uint8_t> buffer_;
  std::size_t consumed_ = 0;
  bool active_ = false, done_ = false, paused_ = false, refused_peer_ = false, warned_ = false;
  bool only_local_peers_ = true;
  CURLcode result_ = CURLE_OK;
};

}  // namespace videopush::media
