#include "ring/geometry.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/limits.h"
#include "ring/ring.h"

extern "C" {
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
}

namespace videopush::ring {
namespace {

constexpr std::uint64_t kAlign = 64;
constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kMaxFrame = 1ull << 30;
constexpr std::uint32_t kMaxCapacity = limits::kQueueFrames.most;
/// One picture is written, one waits, and two are being encoded and sent.
constexpr std::uint64_t kMinSlots = 4;
/// Slots beyond the capacity, without which the encoder could hold nothing.
constexpr std::uint64_t kMinRetained = 2;

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t to) {
  return (value + to - 1) / to * to;
}

std::string mebibytes(std::uint64_t bytes) {
  return std::to_string((bytes + (1 << 20) - 1) >> 20) + " MiB";
}

Error too_small(const VideoFormat& format, std::uint64_t needed, std::uint64_t allowed) {
  const std::string size = std::to_string(format.width) + "x" + std::to_string(format.height);
  const char* pixels = av_get_pix_fmt_name(static_cast<AVPixelFormat>(format.pixel_format));
  const std::string message = "frame queue: 4 pictures of " + size + " " + pixels + " take " +
                              mebibytes(needed) + ", and it may take " + mebibytes(allowed);
  return Error(ErrorCode::InvalidArgument, message,
               "set queue.maxBytes to at least " + mebibytes(needed) + ", or a smaller picture");
}

}  // namespace

std::optional<Geometry> geometry(const VideoFormat& format) {
  if (format.pixel_format < 0 || format.pixel_format >= AV_PIX_FMT_NB) return std::nullopt;
  const auto pixels = static_cast<AVPixelFormat>(format.pixel_format);
  const AVPixFmtDescriptor* description = av_pix_fmt_desc_get(pixels);
  const auto in_range = [](int side) { return side >= 1 && side <= limits::kSide.most; };
  if (description == nullptr || (description->flags & AV_PIX_FMT_FLAG_HWACCEL) != 0 ||
      !in_range(format.width) || !in_range(format.height)) {
    return std::nullopt;
  }
  int strides[4] = {};
  if (av_image_fill_linesizes(strides, pixels, format.width) < 0) return std::nullopt;
  std::ptrdiff_t aligned[4] = {};
  for (int i = 0; i < 4; ++i) {
    aligned[i] =
        static_cast<std::ptrdiff_t>(round_up(static_cast<std::uint64_t>(strides[i]), kAlign));
  }
  std::size_t sizes[4] = {};
  if (av_image_fill_plane_sizes(sizes, pixels, format.height, aligned) < 0) return std::nullopt;

  Geometry result;
  std::uint64_t end = 0;
  for (int i = 0; i < 4 && sizes[i] != 0; ++i) {
    result.plane_offset[i] = static_cast<std::uint32_t>(end);
    result.plane_stride[i] = static_cast<std::int32_t>(aligned[i]);
    result.picture_bytes = end + sizes[i];
    end = round_up(end + sizes[i], kAlign);
    if (end > kMaxFrame) return std::nullopt;
    ++result.plane_count;
  }
  // One more line, since vector code of scalers and encoders may touch a few bytes behind the last
  // row.
  result.slot_bytes = round_up(end + kAlign, kPage);
  return result;
}

bool same_picture(const VideoFormat& a, const VideoFormat& b) {
  VideoFormat hinted = a;
  hinted.bit_rate = b.bit_rate;
  hinted.gop_frames = b.gop_frames;
  const double rate_a = av_q2d(a.frame_rate()), rate_b = av_q2d(b.frame_rate());
  if (std::abs(rate_a - rate_b) < 0.02 * std::max(rate_a, rate_b)) {
    hinted.frame_rate_num = b.frame_rate_num;
    hinted.frame_rate_den = b.frame_rate_den;
  }
  return hinted == b;
}

RingSize ring_size(const VideoFormat& format, const RingOptions& options) {
  const auto refuse = [](const char* message) -> RingSize {
    throw Error(ErrorCode::InvalidArgument, std::string("frame queue: ") + message);
  };
  if (options.capacity < 1 || options.capacity > kMaxCapacity) {
    return refuse("the capacity must be 1 to 256 frames");
  }
  if (options.outputs.empty() || options.outputs.size() > kMaxOutputs) {
    return refuse("1 to 8 outputs are possible");
  }
  if (std::any_of(options.outputs.begin(), options.outputs.end(), [](const std::string& name) {
        return name.empty() || name.size() >= sizeof OutputRecord::name;
      })) {
    return refuse("the name of an output must have 1 to 63 bytes");
  }
  if (options.parameters.size() > sizeof Header::parameters) {
    return refuse("the parameter record may have 16 KiB at most");
  }
  const std::optional<Geometry> slot = geometry(format);
  if (!slot) return refuse("this pixel format or picture size can't be stored");

  const std::uint64_t fit =
      std::min<std::uint64_t>(options.max_bytes / slot->slot_bytes, kMaxSlots);
  if (fit < kMinSlots) throw too_small(format, kMinSlots * slot->slot_bytes, options.max_bytes);
  const std::uint64_t desired =
      options.capacity + std::max<std::uint64_t>(options.retained, kMinRetained);
  const std::uint64_t slots = std::min(desired, fit);
  const std::uint64_t capacity = std::min<std::uint64_t>(options.capacity, slots - kMinRetained);
  return {static_cast<std::uint32_t>(slots), static_cast<std::uint32_t>(capacity),
          desired <= slots ? Gate::AfterAck : Gate::AfterRelease, slot->slot_bytes,
          sizeof(Header) + slots * slot->slot_bytes};
}

}  // namespace videopush::ring
