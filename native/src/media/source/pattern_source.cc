#include "media/source/pattern_source.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.h"
#include "core/limits.h"
#include "media/source/demuxer.h"

namespace videopush::media {
namespace {

constexpr std::int64_t kPeriodSeconds = 60;

[[noreturn]] void invalid(const std::string& why) {
  throw Error(ErrorCode::InvalidArgument, "test pattern: " + why,
              "for example testsrc2, 1280x720, 30 frames a second");
}

void check(const TestPattern& pattern) {
  if (pattern.pattern != "testsrc2" && pattern.pattern != "smptehdbars" &&
      pattern.pattern != "testsrc") {
    invalid("'" + pattern.pattern + "' is not testsrc2, smptehdbars or testsrc");
  }
  for (const int side : {pattern.width, pattern.height}) {
    if (side > limits::kSide.most)
      throw Error(
          ErrorCode::SourceTooLarge,
          "test pattern: width and height must be at most " + std::to_string(limits::kSide.most),
          "choose a smaller size");
    if (!limits::kSide.holds(side) || side % 2 != 0)
      invalid("width and height must be even and at least " + std::to_string(limits::kSide.least));
  }
  const double rate = pattern.rate.den > 0 ? av_q2d(pattern.rate) : 0;
  if (rate <= 0 || rate > limits::kMaxFrameRate)
    invalid("the frame rate must be above 0 and at most " + std::to_string(limits::kMaxFrameRate));
  if (!(pattern.duration_seconds >= 0) || std::isinf(pattern.duration_seconds)) {
    invalid("the duration must not be negative");
  }
}

}  // namespace

PatternSource::PatternSource(const TestPattern& pattern, const AbortSignal& abort)
    : pattern_(pattern), abort_(abort) {
  check(pattern);
  av_reduce(&pattern_.rate.num, &pattern_.rate.den, pattern.rate.num, pattern.rate.den, INT32_MAX);
  period_ = std::max<std::int64_t>(1, std::llround(av_q2d(pattern_.rate) * kPeriodSeconds));
  total_ = std::llround(pattern_.duration_seconds * av_q2d(pattern_.rate));
  if (pattern_.duration_seconds > 0) total_ = std::max<std::int64_t>(1, total_);

  FramePtr first = make_frame();
  draw(*first);
  begin();
  descriptor_.container = "pattern";
  descriptor_.codec = "rawvideo";
  descriptor_.seekable = true;
  descriptor_.finite = total_ > 0;
  descriptor_.duration_seconds = static_cast<double>(total_) / av_q2d(pattern_.rate);
  descriptor_.frame_count = total_;
  descriptor_.frame_count_exact = total_ > 0;
  descriptor_.gop_frames = 1;
  VideoFormat& format = descriptor_.format;
  format.width = first->width;
  format.height = first->height;
  format.pixel_format = first->format;
  format.frame_rate_num = format.time_base_den = pattern_.rate.num;
  format.frame_rate_den = format.time_base_num = pattern_.rate.den;
  format.sar_num = format.sar_den = 1;
  format.color_range = first->color_range;
  format.color_primaries = first->color_primaries;
  format.color_transfer = first->color_trc;
  format.color_matrix = first->colorspace;
  format.chroma_location = first->chroma_location;
}

void PatternSource::begin() {
  graph_.reset();
  in_graph_ = 0;
}

void PatternSource::draw(AVFrame& out) {
  if (!graph_ || in_graph_ == period_) {
    begin();
    graph_ = std::make_unique<FilterGraph>(
        pattern_.pattern + "=size=" + std::to_string(pattern_.width) + "x" +
        std::to_string(pattern_.height) + ":rate=" + std::to_string(pattern_.rate.num) + "/" +
        std::to_string(pattern_.rate.den) + ",format=yuv420p");
  }
  if (!graph_->pull(out)) throw Error(ErrorCode::Internal, "the test pattern ended by itself");
  ++in_graph_;
  ++drawn_;
}

bool PatternSource::next(AVFrame& out) {
  av_frame_unref(&out);
  abort_.throw_if_aborted();
  if (total_ > 0 && next_ >= total_) return false;
  draw(out);
  out.pts = next_++;
  set_frame_duration(out, 1);
  return true;
}

void PatternSource::seek(const Place& place) {
  next_ = std::max<std::int64_t>(0, place.pts);
  const std::int64_t wanted = next_ % period_;
  if (wanted < in_graph_) begin();
  FramePtr scratch = make_frame();
  while (in_graph_ < wanted) {
    abort_.throw_if_aborted();
    draw(*scratch);
    av_frame_unref(scratch.get());
  }
}

}  // namespace videopush::media
