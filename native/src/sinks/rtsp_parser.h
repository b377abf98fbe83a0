// RTSP 1.0 messages out of a byte stream (RFC 2326), interleaved binary data (section 10.12)
// between them. Pure and bounded: no input makes it keep more than one message, and none makes it
// wait for more than its limits allow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace videopush::sinks {

struct RtspHeader {
  std::string name, value;  // as sent, without surrounding white space
};

/// A response (`status` > 0) or a request of the server's.
struct RtspMessage {
  int status = 0;
  std::string reason;       // of a response
  std::string method, uri;  // of a request
  std::vector<RtspHeader> headers;
  std::string body;

  bool is_response() const { return status != 0; }
  /// First value of the header, its name compared without case; nullopt when absent.
  std::optional<std::string_view> header(std::string_view name) const;
  /// The CSeq header as a number; nullopt when absent or no number.
  std::optional<std::uint32_t> cseq() const;
  /// "404 Not Found"
  std::string status_line() const;
};

struct RtspLimits {
  std::size_t line_bytes = 4'096;
  std::size_t headers = 64;
  std::size_t header_bytes = 16'384;  // all lines of a message together
  std::size_t body_bytes = 65'536;
};

/// Compares two ASCII texts without case.
bool same_text(std::string_view a, std::string_view b);
/// `text` without white space at its ends.
std::string_view trimmed(std::string_view text);

class RtspParser {
 public:
  explicit RtspParser(const RtspLimits& limits = {}) : limits_(limits) {}

  /// Adds received bytes. Call `next` until it has nothing more before feeding again.
  void feed(std::span<const std::uint8_t> bytes);
  /// The next whole message; nullopt when more bytes are needed. Interleaved data is passed over
  /// and counted. Throws ProtocolError on anything that is no RTSP or exceeds a limit; the parser
  /// is of no use then.
  std::optional<RtspMessage> next();

  std::uint64_t interleaved_frames() const { return interleaved_frames_; }

 private:
  enum class State { Start, Headers, Body };

  bool skip_interleaved();
  std::optional<std::string_view> take_line();
  void parse_start_line(std::string_view line);
  void parse_header_line(std::string_view line);
  void begin_body();
  std::size_t available() const { return buffer_.size() - position_; }

  RtspLimits limits_;
  std::string buffer_;
  std::size_t position_ = 0;  // first byte not consumed
  std::size_t to_skip_ = 0;   // of an interleaved frame
  std::size_t body_bytes_ = 0;
  std::size_t header_bytes_ = 0;
  State state_ = State::Start;
  RtspMessage message_;
  std::uint64_t interleaved_frames_ = 0;
};

}  // namespace videopush::sinks
