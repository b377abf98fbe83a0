// Pixels between JavaScript and AVFrame: zero-copy on the way out, validated on the way in.
#pragma once

#include <napi.h>

#include <functional>
#include <memory>

#include "core/av.h"
#include "core/format.h"

namespace videopush::binding {

/// One plane of a picture as bytes: `rows` rows of `row_bytes`, `stride` apart.
struct PlaneSize {
  int row_bytes, rows;
};
/// Number of planes and their sizes for a format. InvalidArgument for formats without pixels in
/// memory.
int plane_sizes(int pixel_format, int width, int height, PlaneSize out[4]);

/// {format, width, height, planes: [{data, stride}]}: the planes are views of the frame's own
/// memory; each keeps it alive, and its size is reported to the engine once. Copies where the
/// runtime forbids external buffers.
Napi::Object lend_frame(Napi::Env env, const std::shared_ptr<AVFrame>& frame);

/// The reverse. `planes`: list of Uint8Array, `strides`: list of numbers, checked against `format`
/// before a byte is read (InvalidArgument says what is wrong). A frame that was lent and comes back
/// whole is not copied.
FramePtr import_frame(Napi::Env env, const Napi::Value& planes, const Napi::Value& strides,
                      const VideoFormat& format);
/// The check alone.
void check_frame(const Napi::Value& planes, const Napi::Value& strides, const VideoFormat& format);
/// The same check, copying into memory that exists (a ring slot).
void import_into(const Napi::Value& planes, const Napi::Value& strides, const VideoFormat& format,
                 std::uint8_t* const data[4], const int stride[4]);

/// An ArrayBuffer over foreign memory, or a copy where that is forbidden. `release` is called once,
/// on the JavaScript thread, when the memory is no longer seen from there (at once in the copied
/// case).
Napi::ArrayBuffer lend_memory(Napi::Env env, const std::uint8_t* data, std::size_t bytes,
                              std::function<void()> release);

}  // namespace videopush::binding
