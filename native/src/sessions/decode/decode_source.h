// The source of a decode session as a connection: opened, read, set back, and opened again.
#pragma once

#include <cstdint>
#include <memory>

#include "core/abort.h"
#include "core/clock.h"
#include "media/source/deinterlaced_source.h"
#include "media/source/source.h"
#include "sessions/decode/decode_status.h"
#include "sessions/decode/options.h"

namespace videopush::sessions {

/// Belongs to the session's thread. Its counts outlast its connections.
class DecodeSource {
 public:
  DecodeSource(const DecodeSessionOptions& options, const DecodeHooks& hooks, Clock& clock,
               const AbortSignal& stop, DecodeStatus& status);

  /// Opens the source at its first frame, with the credentials as the files have them now. Errors:
  /// those of media::open_source and read_secret_file.
  void open();
  void close() {
    deinterlaced_ = nullptr;
    source_.reset();
  }
  const media::SourceDescriptor& descriptor() const { return source_->descriptor(); }
  /// The source can give old frames again: by seeking, or, when it ends some time, by reading it
  /// from its start. It stays what it was while the source is closed.
  bool reachable() const { return reachable_; }

  /// True once an interlaced picture has come, which was deinterlaced.
  bool deinterlacing() const { return deinterlaced_ && deinterlaced_->active(); }

  /// false: the end.
  bool read(AVFrame& frame);
  void seek(const media::Place& place) { source_->seek(place); }
  media::Place place() const { return source_->place(); }
  /// Back to the first frame, whose pts is `origin`.
  void go_to_start(std::int64_t origin);
  /// Back to the first frame by opening the source again.
  void reopen() { connect(); }
  /// Carries the counts over to the status. Returns the decode errors since the last call.
  std::uint64_t count();

 private:
  void connect();
  void deinterlace();

  const DecodeSessionOptions& options_;
  const DecodeHooks& hooks_;
  Clock& clock_;
  const AbortSignal& stop_;
  DecodeStatus& status_;
  std::unique_ptr<media::FrameSource> source_;
  media::DeinterlacedSource* deinterlaced_ = nullptr;  // `source_`, unless it is off
  bool reachable_ = false;
  bool begun_ = false;  // a frame was read since the source was opened
  // Of the connections before this one:
  std::uint64_t demuxed_before_ = 0, errors_before_ = 0;
  media::Discontinuities jumps_before_;
};

}  // namespace videopush::sessions
