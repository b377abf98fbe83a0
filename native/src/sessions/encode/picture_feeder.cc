#include "sessions/encode/picture_feeder.h"

#include <algorithm>
#include <string>
#include <utility>

#include "sessions/encode/encode_session.h"

extern "C" {
#include <libavutil/mathematics.h>
}

namespace videopush::sessions {
namespace {

// Frames that wait for room because their push was not awaited; each holds its pixels.
constexpr std::size_t kMaxWaiting = 64;

}  // namespace

std::int64_t PictureFeeder::next_pts(std::optional<std::int64_t> given) const {
  if (!given) {
    // Counted from the first frame, so that no rounding accumulates; after explicit times, one
    // interval on.
    const VideoFormat& format = input_.format();
    const AVRational interval = av_inv_q(format.frame_rate());
    const std::int64_t counted = av_rescale_q(frames_, interval, format.time_base());
    const std::int64_t ticks = av_rescale_q(1, interval, format.time_base());
    return counted > last_pts_ ? counted : last_pts_ + std::max<std::int64_t>(ticks, 1);
  }
  if (*given <= last_pts_) {
    throw Error(ErrorCode::InvalidArgument,
                "frame: the presentation time does not lie after the last one's",
                "push frames in display order, each with a later time");
  }
  return *given;
}

bool PictureFeeder::offer(FramePtr& frame, bool paced) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= kMaxWaiting) {
      throw Error(ErrorCode::InvalidState,
                  std::to_string(kMaxWaiting) + " frames wait to be accepted already",
                  "await each push before the next one");
    }
    if (feeding_ || !waiting_.empty()) return false;
  }
  const std::int64_t pts = frame->pts;
  const Pushed result = input_.push(frame, abort_, 0, paced);
  if (result == Pushed::Full) return false;
  if (result != Pushed::Accepted) throw refusal(result);
  count(pts);
  return true;
}

void PictureFeeder::queue(FramePtr frame, bool paced, Settled settled) {
  count(frame->pts);
  {
    const std::lock_guard lock(mutex_);
    if (!over_) {
      waiting_.push_back({std::move(frame), paced, std::move(settled)});
      wake_.notify_one();
      return;
    }
  }
  settled(refusal(Pushed::Closed));
}

void PictureFeeder::count(std::int64_t pts) {
  ++frames_;
  last_pts_ = pts;
}

void PictureFeeder::end() {
  if (std::exchange(ended_, true)) return;
  const std::lock_guard lock(mutex_);
  if (over_) return;
  waiting_.push_back({});
  wake_.notify_one();
}

void PictureFeeder::run() {
  while (auto item = next()) {
    if (!item->frame) return input_.end();
    hand_in(*item);
  }
}

std::optional<PictureFeeder::Waiting> PictureFeeder::next() {
  std::unique_lock lock(mutex_);
  feeding_ = false;
  wake_.wait(lock, [this] { return over_ || !waiting_.empty(); });
  if (waiting_.empty()) return std::nullopt;
  Waiting first = std::move(waiting_.front());
  waiting_.pop_front();
  feeding_ = true;
  return first;
}

void PictureFeeder::hand_in(Waiting& item) {
  std::optional<Error> error;
  try {
    const Pushed result = input_.push(item.frame, abort_, kForever, item.paced);
    if (result != Pushed::Accepted) error = refusal(result);
  } catch (...) {
    error = current_error();
  }
  item.settled(error);
}

void PictureFeeder::close() {
  const std::lock_guard lock(mutex_);
  over_ = true;
  wake_.notify_one();
}

Error PictureFeeder::refusal(Pushed why) const {
  if (why == Pushed::Aborted || abort_.aborted())
    return Error(ErrorCode::Aborted, "the push was aborted");
  const EncodeSnapshot snapshot = session_.snapshot();
  if (snapshot.error) return *snapshot.error;
  for (const OutputSnapshot& output : snapshot.outputs) {
    if (output.error) return *output.error;
  }
  return Error(ErrorCode::InvalidState, "the push has ended", "open a new one");
}

}  // namespace videopush::sessions
