#include "sessions/read/read_session.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "media/picture/changes.h"
#include "media/source/deinterlaced_source.h"
#include "sessions/secret_file.h"

extern "C" {
#include <libavutil/imgutils.h>
#include <libavutil/mathematics.h>
}

namespace videopush::sessions {
namespace {

// swscale's vector code may write a little past a row; the last row must not hit foreign memory.
constexpr int kPadding = 64;

media::ConvertOptions conversion(const ReadOptions& options,
                                 const media::SourceDescriptor& source) {
  media::ConvertOptions convert;
  convert.width = options.width;
  convert.height = options.height;
  convert.orientation = source.orientation;
  convert.threads = options.decode.threads;
  if (options.rgb24) {
    convert.pixel_format = AV_PIX_FMT_RGB24;
    convert.background = 0x000000;
  } else {
    convert.hdr = media::Hdr::Keep;
  }
  return convert;
}

/// The frame on display `seconds` after the first one; size() when that is after the last one's
/// time.
std::int64_t shown_at(const media::FrameIndex& frames, double seconds) {
  // Half a tick of tolerance: a frame's own time in seconds, rounded to a double, must find that
  // frame.
  const double ticks = std::floor(seconds / av_q2d(frames.time_base()) + 0.5);
  const std::int64_t pts = frames.pts(0) + static_cast<std::int64_t>(std::min(ticks, 9e15));
  const std::int64_t n = frames.index_of(pts);
  if (n < frames.size()) return frames.pts(n) == pts ? n : n - 1;
  const std::int64_t last = frames.pts(n - 1);
  const std::int64_t interval = n > 1 ? last - frames.pts(n - 2) : 1;
  return pts < last + interval ? n - 1 : n;
}

}  // namespace

ReadSession::ReadSession(const ReadOptions& options, std::function<void()> ready)
    : options_(options), ready_(std::move(ready)) {}

ReadSession::~ReadSession() { av_buffer_pool_uninit(&pool_); }

void ReadSession::open() {
  abort_.throw_if_aborted();
  if (!options_.user_file.empty()) options_.source.user = read_secret_file(options_.user_file);
  if (!options_.password_file.empty())
    options_.source.password = read_secret_file(options_.password_file);
  source_ = media::open_source(options_.source, options_.decode, abort_);
  descriptor_ = source_->descriptor();
  // A live source would have to be opened twice and watched for seconds: its descriptor stays as
  // announced.
  if (options_.measure && descriptor_.finite && descriptor_.seekable) {
    descriptor_ = media::probe(options_.source, abort_);
  }
  if (options_.rgb24)
    source_ = std::make_unique<media::DeinterlacedSource>(std::move(source_),
                                                          media::Deinterlace::Auto, false);
  const media::ConvertOptions convert = conversion(options_, descriptor_);
  const VideoFormat& format = source_->descriptor().format;
  converter_ = std::make_unique<media::Converter>(format, convert);
  descriptor_.changes =
      media::picture_changes(format, convert, options_.rgb24 && descriptor_.interlaced);
  format_ = converter_->output();
  if (options_.rgb24) {
    pool_ = av_buffer_pool_init(
        static_cast<std::size_t>(format_.width) * format_.height * 3 + kPadding, nullptr);
    if (!pool_) throw std::bad_alloc();
  }
}

void ReadSession::run() {
  while (read_or_seek()) ready_();
  // Now, not when the last owner of this object goes: files, connections and decoders are dear.
  source_.reset();
  converter_.reset();
  index_.reset();
  av_buffer_pool_uninit(&pool_);
  ready_();  // whoever waits learns that it is closed
}

bool ReadSession::read_or_seek() {
  std::optional<ReadTarget> target;
  {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] {
      return closed_ || target_ || (!ended_ && !error_ && queue_.size() < options_.queue_frames);
    });
    if (closed_) return false;
    target = std::exchange(target_, std::nullopt);
  }
  ReadFrame frame;
  bool got = false;
  std::optional<Error> error;
  try {
    if (target) perform(*target);
    got = decode_one(frame);
  } catch (const Error& failure) {
    error = failure;
  } catch (const std::exception& failure) {
    error = Error(ErrorCode::Internal, failure.what());
  }
  const std::lock_guard lock(mutex_);
  if (target_) return true;  // asked elsewhere meanwhile: this frame is of the past
  if (error) {
    error_ = std::move(error);
  } else if (got) {
    queue_.push_back(std::move(frame));
  } else {
    ended_ = true;
  }
  return true;
}

ReadResult ReadSession::next(ReadFrame& out) {
  std::lock_guard lock(mutex_);
  if (closed_) throw Error(ErrorCode::InvalidState, "the reader is closed", "open a new one");
  if (!queue_.empty()) {
    out = std::move(queue_.front());
    queue_.pop_front();
    wake_.notify_one();
    return ReadResult::Frame;
  }
  if (target_) return ReadResult::Pending;
  if (error_) throw *error_;
  return ended_ ? ReadResult::End : ReadResult::Pending;
}

void ReadSession::seek(const ReadTarget& target) {
  std::lock_guard lock(mutex_);
  if (closed_) throw Error(ErrorCode::InvalidState, "the reader is closed", "open a new one");
  target_ = target;
  queue_.clear();
  ended_ = false;
  error_.reset();
  wake_.notify_one();
}

void ReadSession::close() noexcept {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;  // before the abort, whose error nobody is to see
    queue_.clear();
    wake_.notify_one();
  }
  abort_.abort();
}

const media::FrameIndex& ReadSession::index() {
  if (!index_) {
    index_ = std::make_unique<media::FrameIndex>(media::FrameIndex::build(options_.source, abort_));
  }
  return *index_;
}

void ReadSession::perform(const ReadTarget& target) {
  const media::FrameIndex& frames = index();
  const bool by_time =
      target.kind == ReadTarget::Kind::Time || target.kind == ReadTarget::Kind::GopOfTime;
  const std::int64_t n = by_time ? shown_at(frames, target.seconds) : target.index;
  past_end_ = n >= frames.size();
  next_index_ = past_end_ ? frames.size() : n;
  if (past_end_) return;
  const bool whole_gop =
      target.kind == ReadTarget::Kind::GopOfIndex || target.kind == ReadTarget::Kind::GopOfTime;
  if (whole_gop) next_index_ = frames.gop_of(n).first;
  source_->seek(frames.place(next_index_));
}

bool ReadSession::decode_one(ReadFrame& out) {
  if (past_end_) return false;
  FramePtr frame = make_frame();
  if (!source_->next(*frame)) return false;
  const std::int64_t pts = frame->pts;
  if (!origin_) origin_ = index_ ? index_->pts(0) : pts;
  out.key = is_key_frame(*frame);
  out.index = next_index_++;
  out.seconds =
      static_cast<double>(pts - *origin_) * av_q2d(source_->descriptor().format.time_base());
  out.frame = std::shared_ptr<AVFrame>(present(std::move(frame)).release(), AvDelete());
  return true;
}

FramePtr ReadSession::present(FramePtr frame) {
  if (!options_.rgb24) {
    FramePtr shown = converter_->convert(std::move(frame));
    if (shown->linesize[0] >= 0) return shown;
    // Rows from the bottom: JavaScript gets them from the top.
    FramePtr upright = make_frame();
    upright->format = shown->format;
    upright->width = shown->width;
    upright->height = shown->height;
    if (av_frame_get_buffer(upright.get(), 0) < 0 || av_frame_copy(upright.get(), shown.get()) < 0)
      throw std::bad_alloc();
    return upright;
  }
  const VideoFormat& format = converter_->output();
  FramePtr packed = make_frame();
  packed->format = AV_PIX_FMT_RGB24;
  packed->width = format.width;
  packed->height = format.height;
  packed->buf[0] = av_buffer_pool_get(pool_);
  if (!packed->buf[0]) throw std::bad_alloc();
  packed->data[0] = packed->buf[0]->data;
  packed->linesize[0] = format.width * 3;
  tag_picture(*packed, format);
  converter_->convert_into(*frame, packed->data, packed->linesize);
  return packed;
}

}  // namespace videopush::sessions
