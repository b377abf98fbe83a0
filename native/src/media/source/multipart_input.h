// Cameras that send JPEG pictures one by one in an HTTP answer without end
// (multipart/x-mixed-replace).
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "media/source/byte_input.h"

namespace videopush::media {

/// True for the Content-Type (lower case) of such an answer.
bool is_multipart(std::string_view content_type);

/// The pictures of such an answer, each whole, in the form that libavformat's "mpjpeg" reads, with
/// bounds that it has not, and with the instant at which each arrived: the answer has no
/// timestamps. Errors: SourceCorrupt (no parts, or beyond the bounds), those of the input.
class MultipartInput final : public ByteInput {
 public:
  /// `shown`: for messages.
  MultipartInput(std::unique_ptr<ByteInput> input, std::string shown);

  int read(std::uint8_t* out, int size) override;
  void seek(std::int64_t) override {}
  std::int64_t size() const override { return -1; }
  bool seekable() const override { return false; }
  void opened() override { input_->opened(); }

  /// When the next picture had arrived, of those that read() gave; each is told once.
  Nanoseconds take_arrival();

 private:
  static constexpr std::size_t kUnknown = SIZE_MAX;

  bool fill();
  bool next_part();
  bool find_delimiter();
  std::size_t read_headers();
  bool read_body(std::size_t length);
  bool take_line(std::string& line);
  bool has(std::size_t count);
  [[noreturn]] void fail(const std::string& why) const;

  const std::unique_ptr<ByteInput> input_;
  const std::string shown_;
  std::string buffer_;     // received
  std::string delimiter_;  // the line between two parts, as the first one stood
  std::string part_;       // to be given out
  std::size_t given_ = 0;
  std::deque<Nanoseconds> arrivals_;
};

}  // namespace videopush::media
