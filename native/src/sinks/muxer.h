// One video track through one of libavformat's muxers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/av.h"
#include "sinks/sink.h"

namespace videopush::sinks {

class Muxer {
 public:
  Muxer(const AVOutputFormat* format, const TrackInfo& track);

  /// The caller sets where its bytes go (`pb`), and what ends its waits. After each unit, what was
  /// written is handed to `pb`.
  AVFormatContext& context() { return *context_; }
  const AVFormatContext& context() const { return *context_; }
  /// FFmpeg's code, negative on failure, also of the writing itself. `from_zero`: time begins with
  /// the first unit.
  int write(const Unit& unit, bool from_zero);

 private:
  struct Delete {
    void operator()(AVFormatContext* context) const { avformat_free_context(context); }
  };

  std::unique_ptr<AVFormatContext, Delete> context_;
  PacketPtr scratch_;
  AVRational time_base_;
  std::optional<std::int64_t> origin_;  // dts of the first unit
};

}  // namespace videopush::sinks
