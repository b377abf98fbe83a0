#include "media/source/byte_io.h"

extern "C" {
#include <libavutil/error.h>
#include <libavutil/mem.h>
}

#include <cerrno>
#include <cstdio>
#include <new>
#include <utility>

namespace videopush::media {
namespace {

constexpr int kBuffer = 128 * 1024;

}  // namespace

void ByteIo::ContextDelete::operator()(AVIOContext* context) const {
  av_freep(&context->buffer);
  avio_context_free(&context);
}

ByteIo::ByteIo(std::unique_ptr<ByteInput> input) : input_(std::move(input)) {
  auto* buffer = static_cast<std::uint8_t*>(av_malloc(kBuffer));
  if (!buffer) throw std::bad_alloc();
  context_.reset(avio_alloc_context(buffer, kBuffer, 0, this, &ByteIo::on_read, nullptr,
                                    input_->seekable() ? &ByteIo::on_seek : nullptr));
  if (context_) return;
  av_free(buffer);
  throw std::bad_alloc();
}

void ByteIo::clear_error() {
  error_.reset();
  context_->error = 0;
  context_->eof_reached = 0;  // else a short seek forward would give up at once
}

int ByteIo::on_read(void* self, std::uint8_t* out, int size) {
  auto& io = *static_cast<ByteIo*>(self);
  try {
    const int count = io.input_->read(out, size);
    io.position_ += count;
    return count > 0 ? count : AVERROR_EOF;
  } catch (const Error& error) {
    io.error_ = error;
    return AVERROR_EXTERNAL;
  }
}

std::int64_t ByteIo::on_seek(void* self, std::int64_t offset, int whence) {
  auto& io = *static_cast<ByteIo*>(self);
  const std::int64_t size = io.input_->size();
  if (whence & AVSEEK_SIZE) return size;
  whence &= ~AVSEEK_FORCE;
  if (whence == SEEK_CUR) offset += io.position_;
  if (whence == SEEK_END) offset += size;
  if (offset < 0 || (whence == SEEK_END && size < 0)) return AVERROR(EINVAL);
  io.input_->seek(offset);
  return io.position_ = offset;
}

}  // namespace videopush::media
