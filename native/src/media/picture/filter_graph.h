// A libavfilter chain with at most one input and one output.
#pragma once

#include <memory>
#include <string>

#include "core/av.h"

struct AVFilterContext;
struct AVFilterGraph;

namespace videopush::media {

/// Pictures through a chain given in libavfilter's own words, e.g. "transpose=clock". Runs in the
/// caller's thread, unless more are asked for. Errors: InvalidArgument when the chain can't be
/// built, Internal when it fails.
class FilterGraph {
 public:
  /// A chain that begins with a source, e.g. "testsrc2=size=640x360".
  explicit FilterGraph(const std::string& chain);
  /// A chain fed with pictures like `model` (size, pixel format, SAR).
  FilterGraph(const std::string& chain, const AVFrame& model, AVRational time_base,
              int threads = 1);
  ~FilterGraph();
  FilterGraph(const FilterGraph&) = delete;
  FilterGraph& operator=(const FilterGraph&) = delete;

  void push(const AVFrame& frame);  // takes a reference, leaves `frame` alone
  void finish();                    // nothing follows: what is held comes out
  bool pull(AVFrame& out);          // false: nothing (more) comes out
  AVRational time_base() const;     // of what is pulled
  AVRational frame_rate() const;    // of what is pulled; 0/1 unknown

 private:
  void build(const std::string& chain, int threads);
  struct GraphDelete {
    void operator()(AVFilterGraph* graph) const;
  };
  std::unique_ptr<AVFilterGraph, GraphDelete> graph_;
  AVFilterContext* input_ = nullptr;
  AVFilterContext* output_ = nullptr;
};

}  // namespace videopush::media
