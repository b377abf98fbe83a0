#include "sinks/rtsp_parser.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "core/error.h"
#include "core/url.h"

namespace videopush::sinks {
namespace {

[[noreturn]] void broken(const std::string& why) {
  throw Error(ErrorCode::ProtocolError, "the server's answer is no valid RTSP: " + why,
              "check that host and port are those of an RTSP server");
}

/// Server text inside a message for people: short, and printable.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const unsigned char c : text.substr(0, 60))
    out += c >= ' ' && c < 0x7f ? static_cast<char>(c) : '?';
  return out + (text.size() > 60 ? "...\"" : "\"");
}

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (text.empty() || error != std::errc{} || end != last) return std::nullopt;
  return value;
}

/// A method or header name: letters, digits and the few signs of RFC 2326's `token` in use.
bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == '!' || c == '+';
  });
}

}  // namespace

bool same_text(std::string_view a, std::string_view b) { return ascii_lower(a) == ascii_lower(b); }

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::optional<std::string_view> RtspMessage::header(std::string_view name) const {
  for (const RtspHeader& each : headers) {
    if (same_text(each.name, name)) return each.value;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> RtspMessage::cseq() const {
  const auto value = header("CSeq");
  return value ? parse_number<std::uint32_t>(*value) : std::nullopt;
}

std::string RtspMessage::status_line() const { return std::to_string(status) + " " + reason; }

void RtspParser::feed(std::span<const std::uint8_t> bytes) {
  buffer_.erase(0, position_);
  position_ = 0;
  buffer_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::optional<RtspMessage> RtspParser::next() {
  for (;;) {
    if (state_ == State::Body) {
      if (available() < body_bytes_) return std::nullopt;
      message_.body = buffer_.substr(position_, body_bytes_);
      position_ += body_bytes_;
      state_ = State::Start;
      return std::exchange(message_, {});
    }
    if (state_ == State::Start) {
      if (skip_interleaved()) continue;
      if (to_skip_ > 0 || available() == 0 || buffer_[position_] == '$') return std::nullopt;
    }
    const auto line = take_line();
    if (!line) return std::nullopt;
    if (state_ == State::Start) {
      parse_start_line(*line);
    } else if (!line->empty()) {
      parse_header_line(*line);
    } else {
      begin_body();
    }
  }
}

/// RFC 2326 section 10.12: '$', channel, length in 16 bits, data. True when something was consumed.
bool RtspParser::skip_interleaved() {
  constexpr std::size_t kFrameHeader = 4;
  if (to_skip_ == 0 && available() >= kFrameHeader && buffer_[position_] == '$') {
    const auto high = static_cast<unsigned char>(buffer_[position_ + 2]);
    const auto low = static_cast<unsigned char>(buffer_[position_ + 3]);
    to_skip_ = kFrameHeader + (static_cast<std::size_t>(high) << 8) + low;
    ++interleaved_frames_;
  }
  const std::size_t skipped = std::min(to_skip_, available());
  position_ += skipped;
  to_skip_ -= skipped;
  return skipped > 0;
}

/// Up to the next line feed, which with the carriage return before it is consumed and left out.
std::optional<std::string_view> RtspParser::take_line() {
  const std::size_t end = buffer_.find('\n', position_);
  const std::size_t length = std::min(end, buffer_.size()) - position_;
  if (length > limits_.line_bytes) broken("a line is too long");
  if (end == std::string::npos) {
    // Garbage without a line end is to be recognised now, not when the wait for the rest has run
    // out.
    if (state_ == State::Start &&
        std::isupper(static_cast<unsigned char>(buffer_[position_])) == 0 &&
        buffer_[position_] != '\r') {
      broken("it begins with " + quoted(std::string_view(buffer_).substr(position_)));
    }
    return std::nullopt;
  }
  std::string_view line(buffer_.data() + position_, length);
  position_ = end + 1;
  header_bytes_ += length + 1;
  if (header_bytes_ > limits_.header_bytes) broken("its headers are too large");
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

void RtspParser::parse_start_line(std::string_view line) {
  if (line.empty()) {  // tolerated between messages (RFC 2326 section 4)
    header_bytes_ = 0;
    return;
  }
  constexpr std::string_view kVersion = "RTSP/1.0";
  const std::size_t first = line.find(' ');
  if (line.starts_with("RTSP/")) {
    if (first == std::string_view::npos || line.substr(0, first) != kVersion) {
      broken("unknown version in " + quoted(line));
    }
    const std::string_view rest = line.substr(first + 1);
    const auto status = parse_number<int>(rest.substr(0, 3));
    if (!status || *status < 100 || *status > 599 || (rest.size() > 3 && rest[3] != ' ')) {
      broken("no status code in " + quoted(line));
    }
    message_.status = *status;
    message_.reason = trimmed(rest.substr(3));
  } else {
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || last == first || line.substr(last + 1) != kVersion ||
        !is_token(line.substr(0, first))) {
      broken("it begins with " + quoted(line));
    }
    message_.method = line.substr(0, first);
    message_.uri = trimmed(line.substr(first, last - first));
  }
  state_ = State::Headers;
}

void RtspParser::parse_header_line(std::string_view line) {
  if (line.front() == ' ' || line.front() == '\t') {  // a folded line continues the value before it
    if (message_.headers.empty()) broken("the first header is a continuation");
    message_.headers.back().value += " " + std::string(trimmed(line));
    return;
  }
  const std::size_t colon = line.find(':');
  const std::string_view name = trimmed(line.substr(0, colon));
  if (colon == std::string_view::npos || !is_token(name)) broken("no header: " + quoted(line));
  if (message_.headers.size() == limits_.headers) broken("it has too many headers");
  message_.headers.push_back({std::string(name), std::string(trimmed(line.substr(colon + 1)))});
}

void RtspParser::begin_body() {
  body_bytes_ = 0;
  bool seen = false;
  for (const RtspHeader& each : message_.headers) {
    if (!same_text(each.name, "Content-Length")) continue;
    const auto value = parse_number<std::uint64_t>(each.value);
    if (!value || (seen && *value != body_bytes_))
      broken("Content-Length is " + quoted(each.value));
    if (*value > limits_.body_bytes) broken("its body is too large");
    body_bytes_ = static_cast<std::size_t>(*value);
    seen = true;
  }
  header_bytes_ = 0;
  state_ = State::Body;
}

}  // namespace videopush::sinks
