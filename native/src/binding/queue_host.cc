#include "binding/queue_host.h"

#include <string>

#include "binding/pixels.h"
#include "binding/ring_options.h"
#include "binding/values.h"

namespace videopush::binding {
namespace {

constexpr int kTicksPerSecond = 1'000'000;

VideoFormat parse_picture(Fields& fields) {
  VideoFormat format;
  format.width =
      static_cast<std::int32_t>(fields.integer("width", {1, limits::kSide.most}).value_or(0));
  format.height =
      static_cast<std::int32_t>(fields.integer("height", {1, limits::kSide.most}).value_or(0));
  if (!format.width) bad_argument("width", "a width in pixels");
  if (!format.height) bad_argument("height", "a height in pixels");
  const std::string name = fields.text("format").value_or("rgb24");
  format.pixel_format = av_get_pix_fmt(name.c_str());
  if (format.pixel_format == AV_PIX_FMT_NONE)
    bad_argument("format", "rgb24 or a pixel format of FFmpeg, got \"" + name + "\"");
  PlaneSize planes[4];
  plane_sizes(format.pixel_format, format.width, format.height,
              planes);  // refuses hardware formats
  format.time_base_num = 1;
  format.time_base_den = kTicksPerSecond;
  return format;
}

}  // namespace

sessions::QueueWriterOptions parse_queue_writer(const Napi::Value& value) {
  Fields fields(value, "");
  sessions::QueueWriterOptions options{.ring = parse_ring(fields), .format = parse_picture(fields)};
  ring::RingOptions& ring = options.ring;
  if (ring.parameters.empty()) ring.parameters = "{}";
  if (auto held = fields.integer("heldFrames", {1, 64}))
    ring.retained = static_cast<std::uint32_t>(*held);
  if (auto when_full = parse_when_full(fields)) ring.when_full = *when_full;
  ring.outputs = {"reader"};
  options.peer_limit = parse_limit(fields, "peerTimeoutMilliseconds", 100, 5'000);
  options.open_limit = parse_limit(fields, "openTimeoutMilliseconds", 0, 10'000);
  fields.finish();
  return options;
}

bool QueueWriterHost::put(const Napi::Value& planes, const Napi::Value& strides, std::int64_t ticks,
                          std::int64_t index, bool key) {
  end_->check_open();
  check_frame(planes, strides, end_->format());
  return end_->put([&](const ring::SlotWriter& slot) {
    import_into(planes, strides, end_->format(), slot.data, slot.stride);
    ring::SlotHeader& header = *slot.header;
    header.pts = ticks;
    header.duration = 0;
    header.flags = key ? static_cast<std::uint32_t>(ring::kKeyFrame) : 0;
    header.pass = 0;
    header.source_pts = ticks;
    header.source_index = index;
    header.source_key_position = -1;
    header.source_shift = 0;
    header.produced_at = system_clock().now();
  });
}

Napi::Value QueueReaderHost::take(Napi::Env env) {
  ring::TakenFrame taken;
  switch (end_->take(taken)) {
    case sessions::QueueReader::Taken::Frame:
      return show(env, taken);
    case sessions::QueueReader::Taken::End:
      return env.Null();
    case sessions::QueueReader::Taken::Nothing:
      break;
  }
  return env.Undefined();
}

Napi::Value QueueReaderHost::show(Napi::Env env, const ring::TakenFrame& taken) const {
  const VideoFormat& format = end_->format();
  PlaneSize sizes[4];
  const int count = plane_sizes(format.pixel_format, format.width, format.height, sizes);
  Napi::Array planes = Napi::Array::New(env, count);
  for (int i = 0; i < count; ++i) {
    const std::size_t length =
        static_cast<std::size_t>(taken.stride[i]) * (sizes[i].rows - 1) + sizes[i].row_bytes;
    // The views keep the mapping; giving the slot back is the frame's business, not the garbage
    // collector's.
    Napi::ArrayBuffer buffer = lend_memory(env, taken.data[i], length, [end = end_] {});
    Napi::Object plane = Napi::Object::New(env);
    plane["data"] = Napi::Uint8Array::New(env, length, buffer, 0);
    plane["stride"] = Napi::Number::New(env, taken.stride[i]);
    planes[static_cast<std::uint32_t>(i)] = plane;
  }
  Napi::Object object = Napi::Object::New(env);
  object["width"] = Napi::Number::New(env, format.width);
  object["height"] = Napi::Number::New(env, format.height);
  object["format"] =
      Napi::String::New(env, av_get_pix_fmt_name(static_cast<AVPixelFormat>(format.pixel_format)));
  object["planes"] = planes;
  object["pts"] = Napi::Number::New(env, static_cast<double>(taken.header->pts) / kTicksPerSecond);
  object["index"] = Napi::Number::New(env, static_cast<double>(taken.header->source_index));
  object["keyFrame"] = Napi::Boolean::New(env, (taken.header->flags & ring::kKeyFrame) != 0);
  object["skipped"] = Napi::Number::New(env, static_cast<double>(taken.skipped));
  object["position"] = Napi::Number::New(env, static_cast<double>(taken.position));
  return object;
}

Napi::Value QueueReaderHost::parameters(Napi::Env env) const {
  return Napi::String::New(env, end_->is_open() ? end_->parameters() : "{}");
}

Napi::Value QueueReaderHost::format(Napi::Env env) const {
  return end_->is_open() ? to_js(env, end_->format()) : env.Null();
}

}  // namespace videopush::binding
