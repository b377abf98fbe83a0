#include "media/picture/filter_graph.h"

extern "C" {
#include <libavutil/mem.h>
}

#include <new>

#include "core/error.h"
#include "media/picture/filter_library.h"

namespace videopush::media {
namespace {

void check(int result, const char* what) {
  if (result < 0) throw Error::from_averror(ErrorCode::Internal, result, what);
}

struct Ends {
  AVFilterInOut* inputs = nullptr;
  AVFilterInOut* outputs = nullptr;
  ~Ends() {
    filters().avfilter_inout_free(&inputs);
    filters().avfilter_inout_free(&outputs);
  }
};

AVFilterInOut* end_of(AVFilterContext* filter, const char* label) {
  AVFilterInOut* end = filters().avfilter_inout_alloc();
  if (!end) throw std::bad_alloc();
  end->name = av_strdup(label);
  end->filter_ctx = filter;
  end->pad_idx = 0;
  end->next = nullptr;
  return end;
}

}  // namespace

void FilterGraph::GraphDelete::operator()(AVFilterGraph* graph) const {
  filters().avfilter_graph_free(&graph);
}

FilterGraph::FilterGraph(const std::string& chain) : graph_(filters().avfilter_graph_alloc()) {
  if (!graph_) throw std::bad_alloc();
  build(chain, 1);
}

FilterGraph::FilterGraph(const std::string& chain, const AVFrame& model, AVRational time_base,
                         int threads)
    : graph_(filters().avfilter_graph_alloc()) {
  if (!graph_) throw std::bad_alloc();
  input_ = filters().avfilter_graph_alloc_filter(graph_.get(),
                                                 filters().avfilter_get_by_name("buffer"), "in");
  std::unique_ptr<AVBufferSrcParameters, decltype(&av_free)> parameters(
      filters().av_buffersrc_parameters_alloc(), &av_free);
  if (!input_ || !parameters) throw std::bad_alloc();
  parameters->format = model.format;
  parameters->width = model.width;
  parameters->height = model.height;
  parameters->time_base = time_base;
  parameters->sample_aspect_ratio = model.sample_aspect_ratio;
#if LIBAVFILTER_VERSION_INT >= AV_VERSION_INT(9, 16, 100)
  parameters->color_space = model.colorspace;
  parameters->color_range = model.color_range;
#endif
  check(filters().av_buffersrc_parameters_set(input_, parameters.get()), "filter input");
  check(filters().avfilter_init_str(input_, nullptr), "filter input");
  build(chain, threads);
}

FilterGraph::~FilterGraph() = default;

void FilterGraph::build(const std::string& chain, int threads) {
  graph_->nb_threads = threads;
  check(
      filters().avfilter_graph_create_filter(&output_, filters().avfilter_get_by_name("buffersink"),
                                             "out", nullptr, nullptr, graph_.get()),
      "filter output");
  Ends ends;
  ends.inputs = end_of(output_, "out");
  if (input_) ends.outputs = end_of(input_, "in");
  const std::string text = (input_ ? "[in]" : "") + chain + "[out]";
  int result = filters().avfilter_graph_parse_ptr(graph_.get(), text.c_str(), &ends.inputs,
                                                  &ends.outputs, nullptr);
  if (result >= 0) result = filters().avfilter_graph_config(graph_.get(), nullptr);
  if (result < 0) {
    throw Error::from_averror(ErrorCode::InvalidArgument, result, "filter '" + chain + "'");
  }
}

void FilterGraph::push(const AVFrame& frame) {
  // KEEP_REF is what leaves the frame untouched; the argument is not const only for the other mode.
  check(filters().av_buffersrc_add_frame_flags(input_, const_cast<AVFrame*>(&frame),
                                               AV_BUFFERSRC_FLAG_KEEP_REF),
        "filter");
}

void FilterGraph::finish() {
  check(filters().av_buffersrc_add_frame_flags(input_, nullptr, 0), "filter");
}

bool FilterGraph::pull(AVFrame& out) {
  const int result = filters().av_buffersink_get_frame(output_, &out);
  if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return false;
  check(result, "filter");
  return true;
}

AVRational FilterGraph::time_base() const { return filters().av_buffersink_get_time_base(output_); }

AVRational FilterGraph::frame_rate() const {
  return filters().av_buffersink_get_frame_rate(output_);
}

}  // namespace videopush::media
