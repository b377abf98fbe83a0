// Bytes of a file or an http(s) resource, for libavformat to read through an AVIOContext.
#pragma once

#include <cstdint>
#include <string>

namespace videopush::media {

/// Not thread-safe but for the abort it was made with. Everything throws typed Errors.
class ByteInput {
 public:
  virtual ~ByteInput() = default;
  /// 1..size bytes from the current position; 0 at the end.
  virtual int read(std::uint8_t* out, int size) = 0;
  /// Goes to an absolute position, which may lie beyond the end.
  virtual void seek(std::int64_t position) = 0;
  virtual std::int64_t size() const = 0;  // bytes; -1 unknown
  virtual bool seekable() const = 0;
  /// Of http(s), in lower case; "" = not known.
  virtual std::string content_type() const { return ""; }
  /// The opening phase, bounded as a whole, is over: from now on only silence is.
  virtual void opened() {}
};

}  // namespace videopush::media
