// A source whose interlaced pictures come out as progressive ones.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "core/error.h"
#include "media/picture/filter_graph.h"
#include "media/source/source.h"

namespace videopush::media {

/// Whether a picture is marked as interlaced.
bool is_interlaced(const AVFrame& frame);

/// Deinterlaces by motion (bwdif), with one frame of delay from the first interlaced picture on;
/// until then, frames pass as they are. Each frame of the source comes out as one frame. With
/// `fields`, the time base has half the tick, and an interlaced frame comes out as two, half its
/// duration apart.
class DeinterlacedSource final : public FrameSource {
 public:
  /// `mode`: not Off.
  DeinterlacedSource(std::unique_ptr<FrameSource> source, Deinterlace mode, bool fields);

  const SourceDescriptor& descriptor() const override { return descriptor_; }
  bool next(AVFrame& out) override;
  Place place() const override { return place_; }
  void seek(const Place& place) override;
  Discontinuities discontinuities() const override { return source_->discontinuities(); }
  std::uint64_t decode_errors() const override { return source_->decode_errors(); }
  std::uint64_t packets_read() const override { return source_->packets_read(); }
  /// An interlaced picture has come.
  bool active() const { return active_; }

 private:
  bool next_of_all(AVFrame& out);
  bool pull(AVFrame& out);
  void take_in(FramePtr frame);
  void drain();
  void locate(std::int64_t pts);
  void forget();

  const std::unique_ptr<FrameSource> source_;
  const Deinterlace mode_;
  const bool fields_;
  SourceDescriptor descriptor_;
  const std::int64_t interval_;  // nominal, of the source's frames in its time base
  std::unique_ptr<FilterGraph> graph_;
  bool draining_ = false;  // `graph_` gives what it holds, and is then replaced
  FramePtr waiting_;       // of another size or pixel format, for the graph that replaces it
  int width_ = 0, height_ = 0, format_ = -1;  // of what `graph_` was made for
  std::int64_t duration_ = 0;
  bool active_ = false, ended_ = false;
  std::optional<Error> fault_;  // of the source, thrown once the filter is empty
  std::optional<std::int64_t> skip_to_;
  std::deque<Place> places_;  // of the source's frames around those that come out
  Place place_;               // of the last frame that came out
};

}  // namespace videopush::media
