// Frames for library users: an own thread decodes ahead into a bounded queue. Not used by the
// pipeline.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/abort.h"
#include "core/av.h"
#include "core/error.h"
#include "media/picture/convert.h"
#include "media/source/index.h"
#include "media/source/source.h"

extern "C" {
#include <libavutil/buffer.h>
}

namespace videopush::sessions {

struct ReadOptions {
  media::SourceOptions source;
  std::string user_file, password_file;  // read at open, win over what `source` says
  media::DecodeOptions decode;
  int width = 0, height = 0;  // 0 = the source's (upright); one given keeps the aspect ratio
  /// Packed RGB for SDR screens, rows without padding, deinterlaced, transparent pixels over black;
  /// false = upright, and else as the decoder gives them.
  bool rgb24 = true;
  std::size_t queue_frames = 8;  // decoded ahead of the reader
  bool measure = true;           // seekable sources: the descriptor is measured (media::probe)
};

struct ReadFrame {
  std::shared_ptr<AVFrame> frame;
  std::int64_t index = 0;  // from the first frame of the source
  double seconds = 0;      // since the first frame of the source
  bool key = false;
};

/// Where the next frame is taken from.
struct ReadTarget {
  enum class Kind { Index, Time, GopOfIndex, GopOfTime } kind = Kind::Index;
  std::int64_t index = 0;  // beyond the last frame: the reader stands at the end
  double seconds = 0;      // since the first frame; the frame that is shown at that instant
};

enum class ReadResult { Frame, Pending, End };

/// One thread calls run(); one other thread reads and seeks; any may abort.
class ReadSession {
 public:
  /// Opens the source, within its open limit. `ready` is called on the reading thread whenever
  /// next() may have something else to say than Pending. Errors: those of media::open_source.
  ReadSession(const ReadOptions& options, std::function<void()> ready);
  ~ReadSession();

  const media::SourceDescriptor& descriptor() const { return descriptor_; }
  const VideoFormat& format() const { return format_; }  // of the frames that next() gives

  /// Opens (first call of all). Separate from the constructor so that it can be aborted.
  void open();
  /// Decodes until close(). Throws nothing: next() throws what failed.
  void run();

  /// Never blocks. Throws the error at which reading stopped, again at each call, until a seek.
  ReadResult next(ReadFrame& out);
  /// The next frame comes from `target`; what was read ahead is forgotten. next() throws failures
  /// of the seek (NotSeekable).
  void seek(const ReadTarget& target);
  /// Any thread may call it. Ends run() and every wait under it within 100 ms.
  void close() noexcept;

 private:
  /// One frame or one seek; false once closed.
  bool read_or_seek();
  void perform(const ReadTarget& target);
  bool decode_one(ReadFrame& out);
  FramePtr present(FramePtr frame);
  const media::FrameIndex& index();

  ReadOptions options_;  // constant after open()
  const std::function<void()> ready_;
  AbortSignal abort_;
  media::SourceDescriptor descriptor_;
  VideoFormat format_;
  std::unique_ptr<media::FrameSource> source_;
  std::unique_ptr<media::Converter> converter_;

  // Reading thread only.
  std::unique_ptr<media::FrameIndex> index_;
  std::optional<std::int64_t> origin_;  // pts of the first frame
  std::int64_t next_index_ = 0;
  bool past_end_ = false;         // a seek went beyond the last frame
  AVBufferPool* pool_ = nullptr;  // rgb24 pictures; outlives the session while frames are held

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<ReadFrame> queue_;
  std::optional<ReadTarget> target_;
  bool ended_ = false, closed_ = false;
  std::optional<Error> error_;
};

}  // namespace videopush::sessions
