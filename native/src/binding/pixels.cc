#include "binding/pixels.h"

#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <utility>

#include "binding/environment.h"

extern "C" {
#include <libavutil/imgutils.h>
}

namespace videopush::binding {
namespace {

[[noreturn]] void refuse(const std::string& message) {
  throw Error(ErrorCode::InvalidArgument, "frame: " + message,
              "rgb24 frames are a Uint8Array of height x width x 3 bytes, rows from the top");
}

/// A plane given by JavaScript, checked: nothing outside `bytes` is ever read.
struct GivenPlane {
  const std::uint8_t* data;
  std::size_t bytes;
  int stride;
};

GivenPlane given_plane(const Napi::Value& data, const Napi::Value& stride, const PlaneSize& size,
                       int index) {
  const std::string name = "plane " + std::to_string(index);
  if (!data.IsTypedArray()) refuse(name + " is not a Uint8Array");
  const auto type = data.As<Napi::TypedArray>().TypedArrayType();
  if (type != napi_uint8_array && type != napi_uint8_clamped_array) {
    refuse(name + " is a typed array of another type than Uint8Array");
  }
  const auto array = data.As<Napi::Uint8Array>();
  const double given = stride.IsNumber() ? stride.As<Napi::Number>().DoubleValue() : -1;
  if (!(given >= size.row_bytes && given <= 1 << 24) || given != static_cast<int>(given)) {
    refuse(name + " needs a stride of at least " + std::to_string(size.row_bytes) + " bytes");
  }
  GivenPlane plane{array.Data(), array.ByteLength(), static_cast<int>(given)};
  const std::size_t needed =
      static_cast<std::size_t>(plane.stride) * (size.rows - 1) + size.row_bytes;
  // A packed picture of another size would pass a mere lower bound and come out sheared.
  const bool packed = plane.stride == size.row_bytes;
  if (plane.bytes < needed || (packed && plane.bytes != needed)) {
    refuse(name + " has " + std::to_string(plane.bytes) + " bytes, expected " +
           std::to_string(needed) + " (" + std::to_string(size.rows) + " rows of " +
           std::to_string(size.row_bytes) + ")");
  }
  return plane;
}

int given_planes(const Napi::Value& planes, const Napi::Value& strides, const VideoFormat& format,
                 GivenPlane out[4], PlaneSize sizes[4]) {
  const int count = plane_sizes(format.pixel_format, format.width, format.height, sizes);
  if (!planes.IsArray() || !strides.IsArray()) refuse("planes and strides must be lists");
  const auto plane_list = planes.As<Napi::Array>();
  const auto stride_list = strides.As<Napi::Array>();
  if (plane_list.Length() != static_cast<std::uint32_t>(count) ||
      stride_list.Length() != plane_list.Length()) {
    refuse("expected " + std::to_string(count) + " plane(s), got " +
           std::to_string(plane_list.Length()));
  }
  for (int i = 0; i < count; ++i) {
    out[i] = given_plane(plane_list.Get(i), stride_list.Get(i), sizes[i], i);
  }
  return count;
}

void copy_rows(std::uint8_t* to, int to_stride, const GivenPlane& from, const PlaneSize& size) {
  if (to_stride == from.stride && to_stride == size.row_bytes) {
    std::memcpy(to, from.data, static_cast<std::size_t>(size.row_bytes) * size.rows);
    return;
  }
  for (int row = 0; row < size.rows; ++row) {
    std::memcpy(to + static_cast<std::ptrdiff_t>(row) * to_stride,
                from.data + static_cast<std::ptrdiff_t>(row) * from.stride, size.row_bytes);
  }
}

std::size_t lent_bytes(const AVFrame& frame, const PlaneSize* sizes, int count) {
  std::size_t bytes = 0;
  for (int i = 0; i < count; ++i) {
    bytes += static_cast<std::size_t>(frame.linesize[i]) * (sizes[i].rows - 1) + sizes[i].row_bytes;
  }
  return bytes;
}

}  // namespace

int plane_sizes(int pixel_format, int width, int height, PlaneSize out[4]) {
  const auto format = static_cast<AVPixelFormat>(pixel_format);
  const AVPixFmtDescriptor* descriptor = av_pix_fmt_desc_get(format);
  int row_bytes[4];
  if (!descriptor || (descriptor->flags & AV_PIX_FMT_FLAG_HWACCEL) ||
      av_image_fill_linesizes(row_bytes, format, width) < 0) {
    refuse("this pixel format has no planes in memory");
  }
  const int count = av_pix_fmt_count_planes(format);
  for (int i = 0; i < count; ++i) {
    const int shift = (i == 1 || i == 2) ? descriptor->log2_chroma_h : 0;
    out[i] = {row_bytes[i], AV_CEIL_RSHIFT(height, shift)};
  }
  return count;
}

Napi::ArrayBuffer lend_memory(Napi::Env env, const std::uint8_t* data, std::size_t bytes,
                              std::function<void()> release) {
  auto owner = std::make_unique<std::function<void()>>(std::move(release));
  const auto finalize = [](napi_env, void*, void* hint) {
    std::unique_ptr<std::function<void()>> owned(static_cast<std::function<void()>*>(hint));
    (*owned)();
  };
  napi_value value;
  const napi_status status = napi_create_external_arraybuffer(env, const_cast<std::uint8_t*>(data),
                                                              bytes, finalize, owner.get(), &value);
  if (status == napi_ok) {
    static_cast<void>(owner.release());
    return Napi::ArrayBuffer(env, value);
  }
  if (status != napi_no_external_buffers_allowed) throw Napi::Error::New(env);
  Napi::ArrayBuffer copy = Napi::ArrayBuffer::New(env, bytes);
  std::memcpy(copy.Data(), data, bytes);
  (*owner)();
  return copy;
}

Napi::Object lend_frame(Napi::Env env, const std::shared_ptr<AVFrame>& frame) {
  PlaneSize sizes[4];
  const int count = plane_sizes(frame->format, frame->width, frame->height, sizes);
  const std::size_t bytes = lent_bytes(*frame, sizes, count);
  Environment& environment = Environment::of(env);

  Napi::Array planes = Napi::Array::New(env, count);
  for (int i = 0; i < count; ++i) {
    const std::size_t length =
        static_cast<std::size_t>(frame->linesize[i]) * (sizes[i].rows - 1) + sizes[i].row_bytes;
    std::function<void()> release = [frame] {};
    if (i == 0) {  // one plane answers for the whole frame
      release = [env, frame, bytes, &environment] {
        environment.lent_frames.erase(
            frame->data[0]);  // the map's reference has kept the address unique
        Napi::MemoryManagement::AdjustExternalMemory(env, -static_cast<std::int64_t>(bytes));
      };
      environment.lent_frames[frame->data[0]] = frame;
      Napi::MemoryManagement::AdjustExternalMemory(env, static_cast<std::int64_t>(bytes));
    }
    Napi::ArrayBuffer buffer = lend_memory(env, frame->data[i], length, std::move(release));
    Napi::Object plane = Napi::Object::New(env);
    plane["data"] = Napi::Uint8Array::New(env, length, buffer, 0);
    plane["stride"] = Napi::Number::New(env, frame->linesize[i]);
    planes[static_cast<std::uint32_t>(i)] = plane;
  }

  Napi::Object object = Napi::Object::New(env);
  object["width"] = Napi::Number::New(env, frame->width);
  object["height"] = Napi::Number::New(env, frame->height);
  object["format"] =
      Napi::String::New(env, av_get_pix_fmt_name(static_cast<AVPixelFormat>(frame->format)));
  object["planes"] = planes;
  return object;
}

FramePtr import_frame(Napi::Env env, const Napi::Value& planes, const Napi::Value& strides,
                      const VideoFormat& format) {
  GivenPlane given[4];
  PlaneSize sizes[4];
  const int count = given_planes(planes, strides, format, given, sizes);

  FramePtr frame = make_frame();
  const auto& lent = Environment::of(env).lent_frames;
  if (const auto known = lent.find(given[0].data); known != lent.end()) {
    const AVFrame& original = *known->second;
    bool whole = original.format == format.pixel_format && original.width == format.width &&
                 original.height == format.height;
    for (int i = 0; i < count && whole; ++i) {
      whole = original.data[i] == given[i].data && original.linesize[i] == given[i].stride;
    }
    if (whole) {
      if (av_frame_ref(frame.get(), &original) < 0) throw std::bad_alloc();
      return frame;
    }
  }
  frame->format = format.pixel_format;
  frame->width = format.width;
  frame->height = format.height;
  if (av_frame_get_buffer(frame.get(), 0) < 0) throw std::bad_alloc();
  for (int i = 0; i < count; ++i) copy_rows(frame->data[i], frame->linesize[i], given[i], sizes[i]);
  return frame;
}

void check_frame(const Napi::Value& planes, const Napi::Value& strides, const VideoFormat& format) {
  GivenPlane given[4];
  PlaneSize sizes[4];
  given_planes(planes, strides, format, given, sizes);
}

void import_into(const Napi::Value& planes, const Napi::Value& strides, const VideoFormat& format,
                 std::uint8_t* const data[4], const int stride[4]) {
  GivenPlane given[4];
  PlaneSize sizes[4];
  const int count = given_planes(planes, strides, format, given, sizes);
  for (int i = 0; i < count; ++i) copy_rows(data[i], stride[i], given[i], sizes[i]);
}

}  // namespace videopush::binding
