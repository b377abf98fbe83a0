// The generated test picture.
#pragma once

#include <memory>

#include "media/picture/filter_graph.h"
#include "media/source/source.h"

namespace videopush::media {

/// libavfilter's generators. The pattern's content repeats every 60 s, so that any position is
/// reached by drawing at most one minute of pictures; timestamps run on.
class PatternSource final : public FrameSource {
 public:
  /// Errors: InvalidArgument, SourceTooLarge.
  PatternSource(const TestPattern& pattern, const AbortSignal& abort);

  const SourceDescriptor& descriptor() const override { return descriptor_; }
  bool next(AVFrame& out) override;
  Place place() const override { return {.pts = next_ - 1}; }
  void seek(const Place& place) override;
  Discontinuities discontinuities() const override { return {}; }
  std::uint64_t decode_errors() const override { return 0; }
  std::uint64_t packets_read() const override { return drawn_; }

 private:
  void draw(AVFrame& out);
  void begin();

  TestPattern pattern_;
  const AbortSignal& abort_;
  SourceDescriptor descriptor_;
  std::unique_ptr<FilterGraph> graph_;
  std::int64_t period_;        // frames after which the content repeats
  std::int64_t total_;         // frames; 0 = endless
  std::int64_t next_ = 0;      // frame number, which is its pts
  std::int64_t in_graph_ = 0;  // of the next picture that the graph draws
  std::uint64_t drawn_ = 0;
};

}  // namespace videopush::media
