// A ByteInput as libavformat reads it.
#pragma once

extern "C" {
#include <libavformat/avio.h>
}

#include <cstdint>
#include <memory>
#include <optional>

#include "core/error.h"
#include "media/source/byte_input.h"

namespace videopush::media {

/// The AVIOContext over a file or an http(s) transfer, and what went wrong in it: no exception may
/// pass through libavformat's frames.
class ByteIo {
 public:
  explicit ByteIo(std::unique_ptr<ByteInput> input);
  ByteIo(const ByteIo&) = delete;
  ByteIo& operator=(const ByteIo&) = delete;

  ByteInput& input() { return *input_; }
  const ByteInput& input() const { return *input_; }
  AVIOContext* context() { return context_.get(); }
  const std::optional<Error>& error() const { return error_; }  // of the last read
  void clear_error();                                           // before a seek

 private:
  static int on_read(void* self, std::uint8_t* out, int size);
  static std::int64_t on_seek(void* self, std::int64_t offset, int whence);

  struct ContextDelete {
    void operator()(AVIOContext* context) const;
  };

  const std::unique_ptr<ByteInput> input_;
  std::int64_t position_ = 0;
  std::optional<Error> error_;
  std::unique_ptr<AVIOContext, ContextDelete> context_;
};

}  // namespace videopush::media
