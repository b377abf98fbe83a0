#include "media/source/deinterlaced_source.h"

#include <algorithm>
#include <string>
#include <utility>

namespace videopush::media {
namespace {

std::string chain(Deinterlace mode, bool fields) {
  return std::string("bwdif=mode=") + (fields ? "send_field" : "send_frame") +
         ":deint=" + (mode == Deinterlace::Auto ? "interlaced" : "all");
}

}  // namespace

bool is_interlaced(const AVFrame& frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
  return (frame.flags & AV_FRAME_FLAG_INTERLACED) != 0;
#else
  return frame.interlaced_frame != 0;
#endif
}

DeinterlacedSource::DeinterlacedSource(std::unique_ptr<FrameSource> source, Deinterlace mode,
                                       bool fields)
    : source_(std::move(source)),
      mode_(mode),
      fields_(fields),
      descriptor_(source_->descriptor()),
      interval_(av_rescale_q(descriptor_.format.frame_interval_ns(), kNanosecond,
                             descriptor_.format.time_base())) {
  VideoFormat& format = descriptor_.format;
  if (fields_)
    av_reduce(&format.time_base_num, &format.time_base_den, format.time_base_num,
              std::int64_t{2} * format.time_base_den, INT32_MAX);
}

bool DeinterlacedSource::next(AVFrame& out) {
  do {
    if (!next_of_all(out)) return false;
  } while (skip_to_ && out.pts < *skip_to_);
  skip_to_.reset();
  locate(out.pts);
  return true;
}

bool DeinterlacedSource::next_of_all(AVFrame& out) {
  for (;;) {
    av_frame_unref(&out);
    if (graph_ && pull(out)) return true;
    if (std::exchange(draining_, false)) {
      graph_.reset();
      if (waiting_) take_in(std::move(waiting_));
      continue;
    }
    if (ended_) break;
    bool more = false;
    try {
      more = source_->next(out);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::Aborted) throw;
      fault_ = error;
    }
    if (more) places_.push_back(source_->place());
    if (!more) {
      ended_ = true;
      if (graph_) drain();
    } else if (!graph_ && mode_ == Deinterlace::Auto && !is_interlaced(out)) {
      if (fields_) {
        out.pts *= 2;
        set_frame_duration(out, 2 * frame_duration(out));
      }
      return true;
    } else {
      FramePtr frame = make_frame();
      av_frame_move_ref(frame.get(), &out);
      take_in(std::move(frame));
    }
  }
  if (fault_) throw *fault_;
  return false;
}

bool DeinterlacedSource::pull(AVFrame& out) {
  if (!graph_->pull(out)) return false;
  out.pts = av_rescale_q(out.pts, graph_->time_base(), descriptor_.format.time_base());
  // A field lasts half as long as a frame, in ticks that are half as long: the same number.
  set_frame_duration(out, duration_);
  return true;
}

void DeinterlacedSource::take_in(FramePtr frame) {
  const bool fits = frame->width == width_ && frame->height == height_ && frame->format == format_;
  if (graph_ && !fits) {
    waiting_ = std::move(frame);
    drain();
    return;
  }
  if (!graph_) {
    graph_ = std::make_unique<FilterGraph>(chain(mode_, fields_), *frame,
                                           source_->descriptor().format.time_base());
    width_ = frame->width;
    height_ = frame->height;
    format_ = frame->format;
    active_ = true;
  }
  duration_ = frame_duration(*frame);
  graph_->push(*frame);
}

void DeinterlacedSource::drain() {
  graph_->finish();
  draining_ = true;
}

/// An interlaced picture needs the one before it, so the key frame of that one is where to begin.
void DeinterlacedSource::locate(std::int64_t pts) {
  const std::int64_t own = fields_ ? pts / 2 : pts;
  while (places_.size() > 2 && places_[2].pts <= own) places_.pop_front();
  place_ = places_.front();
  place_.pts = pts;
}

void DeinterlacedSource::seek(const Place& place) {
  Place own = place;
  if (fields_) own.pts /= 2;
  std::int64_t back = active_ || fields_ ? std::max({std::int64_t{1}, duration_, interval_}) : 0;
  if (fields_) back += back / 2;  // the place may be that of a second field
  own.pts -= back;
  source_->seek(own);
  forget();
  skip_to_ = place.pts;
}

void DeinterlacedSource::forget() {
  graph_.reset();
  waiting_.reset();
  fault_.reset();
  places_.clear();
  draining_ = ended_ = false;
}

}  // namespace videopush::media
