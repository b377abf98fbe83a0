#include "media/source/multipart_input.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

#include "core/error.h"
#include "media/source/http_transfer.h"

namespace videopush::media {
namespace {

constexpr std::size_t kMaxLineBytes = 1024, kMaxLines = 64;
/// A JPEG of 8192x8192 in good quality.
constexpr std::size_t kMaxPartBytes = 64ull * 1024 * 1024;
/// Arrivals that nobody asked for, as of pictures that libavformat passed over.
constexpr std::size_t kMaxArrivals = 256;

std::string_view without_return(std::string_view line) {
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

}  // namespace

bool is_multipart(std::string_view content_type) {
  return content_type.starts_with("multipart/x-mixed-replace");
}

MultipartInput::MultipartInput(std::unique_ptr<ByteInput> input, std::string shown)
    : input_(std::move(input)), shown_(std::move(shown)) {}

void MultipartInput::fail(const std::string& why) const {
  throw Error(ErrorCode::SourceCorrupt, "'" + shown_ + "': " + why,
              "check that the address is that of a camera's MJPEG stream");
}

int MultipartInput::read(std::uint8_t* out, int size) {
  while (given_ == part_.size()) {
    if (!next_part()) return 0;
  }
  const std::size_t count = std::min(static_cast<std::size_t>(size), part_.size() - given_);
  std::memcpy(out, part_.data() + given_, count);
  given_ += count;
  return static_cast<int>(count);
}

Nanoseconds MultipartInput::take_arrival() {
  if (arrivals_.empty()) return system_clock().now();
  const Nanoseconds first = arrivals_.front();
  arrivals_.pop_front();
  return first;
}

/// Makes the next part the one to be given out; false at the end of the answer.
bool MultipartInput::next_part() {
  part_.clear();
  given_ = 0;
  if (!find_delimiter() || !read_body(read_headers())) return false;
  arrivals_.push_back(system_clock().now());
  if (arrivals_.size() > kMaxArrivals) arrivals_.pop_front();
  part_.insert(0, "\r\n--part\r\nContent-Type: image/jpeg\r\nContent-Length: " +
                      std::to_string(part_.size()) + "\r\n\r\n");
  part_ += "\r\n";
  return true;
}

/// Passes over the line between two parts.
bool MultipartInput::find_delimiter() {
  std::string line;
  for (std::size_t lines = 0; lines < kMaxLines; ++lines) {
    if (!take_line(line)) return false;
    if (!line.starts_with("--")) continue;  // an empty line, or a preamble (RFC 2046 section 5.1.1)
    if (delimiter_.empty()) delimiter_ = line;
    if (line == delimiter_) return true;
    if (line == delimiter_ + "--") return false;
  }
  fail("no picture begins in its answer");
}

/// The headers of a part up to the empty line: the length of what follows, if they name it.
std::size_t MultipartInput::read_headers() {
  std::size_t length = kUnknown;
  std::string line;
  for (std::size_t lines = 0; lines < kMaxLines; ++lines) {
    if (!take_line(line) || line.empty()) return length;
    const std::string_view value = header_value(line, "content-length");
    if (value.data() == nullptr) continue;
    const char* end = value.data() + value.size();
    const auto read = std::from_chars(value.data(), end, length);
    if (read.ec != std::errc() || read.ptr != end || length > kMaxPartBytes)
      fail("a picture in its answer has an impossible length (" + std::string(value) + ")");
  }
  fail("the headers of a picture in its answer have no end");
}

bool MultipartInput::read_body(std::size_t length) {
  if (length != kUnknown) {
    if (!has(length)) return false;
    part_ = buffer_.substr(0, length);
    buffer_.erase(0, length);
    return true;
  }
  // The line end before the delimiter belongs to it; a carriage return behind a JPEG does no harm.
  const std::string mark = "\n" + delimiter_;
  for (std::size_t from = 0;;) {
    const std::size_t end = buffer_.find(mark, from);
    if (end != std::string::npos) {
      part_ = buffer_.substr(0, end);
      buffer_.erase(0, end);
      return true;
    }
    from = buffer_.size() - std::min(buffer_.size(), mark.size());
    if (buffer_.size() > kMaxPartBytes) fail("a picture in its answer has no end");
    if (!fill()) return false;
  }
}

bool MultipartInput::take_line(std::string& line) {
  for (;;) {
    const std::size_t end = buffer_.find('\n');
    if (end <= kMaxLineBytes) {
      line = without_return(std::string_view(buffer_).substr(0, end));
      buffer_.erase(0, end + 1);
      return true;
    }
    if (buffer_.size() > kMaxLineBytes)
      fail("a line between the pictures of its answer is too long");
    if (!fill()) return false;
  }
}

bool MultipartInput::has(std::size_t count) {
  while (buffer_.size() < count) {
    if (!fill()) return false;
  }
  return true;
}

bool MultipartInput::fill() {
  std::array<std::uint8_t, 65'536> bytes;
  const int count = input_->read(bytes.data(), static_cast<int>(bytes.size()));
  buffer_.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(count));
  return count > 0;
}

}  // namespace videopush::media
