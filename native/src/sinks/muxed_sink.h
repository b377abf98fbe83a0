// Everything that libavformat can publish to by itself: RTMP(S), SRT, and files.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/abort.h"
#include "core/av.h"
#include "sinks/sink.h"

namespace videopush::sinks {

class MuxedSink final : public Sink {
 public:
  MuxedSink(const SinkOptions& options, Protocol protocol, Clock& clock);
  ~MuxedSink() override;

  /// An existing file is overwritten by the first connection of a push; what a later one sends goes
  /// to a file beside it (SinkOptions::continues), so that nothing already sent is lost.
  /// FileNotWritable.
  void connect(const TrackInfo& track, const AbortSignal& abort) override;
  SendResult send(const Unit& unit, const AbortSignal& abort) override;
  std::optional<Error> close(Nanoseconds limit, const AbortSignal& abort) override;
  bool wants_global_header() const override;
  bool timestamps_from_zero() const override { return protocol_ == Protocol::File; }
  int file_part() const override { return part_; }

 private:
  struct FormatDelete {
    void operator()(AVFormatContext* context) const;
  };

  void open_muxer(const TrackInfo& track);
  void open_target(const AbortSignal& abort);
  std::string file_path();
  [[noreturn]] void fail(int averror, bool writing, const AbortSignal& abort);

  SinkOptions options_;
  Protocol protocol_;
  Clock& clock_;
  std::optional<IoLimit> limit_;  // outlives the context, which polls it
  std::unique_ptr<AVFormatContext, FormatDelete> context_;
  PacketPtr scratch_;
  AVRational time_base_{1, 1};
  std::optional<std::int64_t> origin_;  // dts of the first unit, where timestamps begin at zero
  bool with_credentials_ = false;
  bool open_ = false;  // header written, no failure since
  bool continues_;
  int part_ = 0;
};

}  // namespace videopush::sinks
