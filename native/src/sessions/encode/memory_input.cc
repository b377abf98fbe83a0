#include "sessions/encode/memory_input.h"

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace videopush::sessions {

MemoryInput::MemoryInput(const MemoryInputOptions& options, Clock& clock)
    : options_(options),
      clock_(clock),
      records_(std::make_unique<ring::OutputRecord[]>(options.outputs)) {
  if (options.capacity < 1 || options.capacity > ring::kMaxSlots)
    throw Error(ErrorCode::InvalidArgument,
                "a queue of " + std::to_string(options.capacity) + " frames",
                "choose 1 to " + std::to_string(ring::kMaxSlots));
}

Pushed MemoryInput::push(FramePtr& frame, const AbortSignal& abort, Nanoseconds limit, bool paced) {
  const Nanoseconds start = clock_.now();
  const Nanoseconds until = limit > kForever - start ? kForever : start + limit;
  for (;;) {
    const Nanoseconds now = clock_.now();
    Nanoseconds at;
    {
      const std::lock_guard lock(mutex_);
      check(*frame);
      if (closed_ || ended_) return Pushed::Closed;
      at = admission(paced, now);
      if (at <= now) {
        if (accepted_.first_pts == AV_NOPTS_VALUE) accepted_.first_pts = frame->pts;
        accepted_.last_pts = frame->pts;
        queue_.push_back({std::move(frame), sequences_++, now});
        taker_.signal();
        return Pushed::Accepted;
      }
    }
    if (abort.aborted()) return Pushed::Aborted;
    if (now >= until) return Pushed::Full;
    clock_.wait_until(std::min(at, until), {.wake_fd = pusher_.fd(), .abort_fd = abort.fd()});
  }
}

Nanoseconds MemoryInput::admission(bool paced, Nanoseconds now) const {
  if (queue_.size() >= options_.capacity) return kForever;
  if (!paced || accepted_.last_pts == AV_NOPTS_VALUE) return now;
  // Until there is a session to ask, one frame is enough.
  return gate_ != nullptr ? gate_->accept_at(accepted_, now) : kForever;
}

void MemoryInput::check(const AVFrame& frame) const {
  if (frame.width != options_.format.width || frame.height != options_.format.height ||
      frame.format != options_.format.pixel_format)
    throw Error(ErrorCode::InvalidArgument,
                "the frame is " + std::to_string(frame.width) + "x" + std::to_string(frame.height) +
                    ", the push was opened for " + std::to_string(options_.format.width) + "x" +
                    std::to_string(options_.format.height) + " and one pixel format",
                "push frames of the size and format that the push was opened with");
  if (frame.pts == AV_NOPTS_VALUE ||
      (accepted_.last_pts != AV_NOPTS_VALUE && frame.pts <= accepted_.last_pts))
    throw Error(ErrorCode::InvalidArgument, "the frame's time does not lie after the last one's",
                "push frames in display order, each with a later time");
}

void MemoryInput::end() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  taker_.signal();
  pusher_.signal();
}

void MemoryInput::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  pusher_.signal();
}

std::uint32_t MemoryInput::depth() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::uint32_t>(queue_.size());
}

TakeResult MemoryInput::take(InputFrame& out, const AbortSignal& abort, Nanoseconds limit) {
  const Nanoseconds until = clock_.now() + limit;
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (!queue_.empty()) {
        Waiting& front = queue_.front();
        out = {.frame = std::move(front.frame),
               .position = front.sequence,
               .sequence = front.sequence,
               .produced_at = front.produced_at};
        queue_.pop_front();
        pusher_.signal();
        return TakeResult::Frame;
      }
      if (ended_) return TakeResult::End;
    }
    if (abort.aborted()) return TakeResult::Aborted;
    if (clock_.now() >= until) return TakeResult::Timeout;
    clock_.wait_until(until, {.wake_fd = taker_.fd(), .abort_fd = abort.fd()});
  }
}

std::uint64_t MemoryInput::source_frames() const {
  const std::lock_guard lock(mutex_);
  return sequences_;
}

void MemoryInput::set_lead_gate(const LeadGate* gate) {
  {
    const std::lock_guard lock(mutex_);
    gate_ = gate;
  }
  pusher_.signal();
}

AcceptedMedia MemoryInput::accepted() const {
  const std::lock_guard lock(mutex_);
  return accepted_;
}

}  // namespace videopush::sessions
