// libavfilter, loaded when a picture first needs it: Debian's brings a hundred other libraries with
// it, which take each process of a stream CPU at its start and memory for good.
#pragma once

#include "core/av.h"

extern "C" {
#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
}

namespace videopush::media {

/// The functions that are used, under their own names.
#define VIDEOPUSH_FILTER_FUNCTIONS(FUNCTION) \
  FUNCTION(av_buffersink_get_frame)          \
  FUNCTION(av_buffersink_get_frame_rate)     \
  FUNCTION(av_buffersink_get_time_base)      \
  FUNCTION(av_buffersrc_add_frame_flags)     \
  FUNCTION(av_buffersrc_parameters_alloc)    \
  FUNCTION(av_buffersrc_parameters_set)      \
  FUNCTION(avfilter_get_by_name)             \
  FUNCTION(avfilter_graph_alloc)             \
  FUNCTION(avfilter_graph_alloc_filter)      \
  FUNCTION(avfilter_graph_config)            \
  FUNCTION(avfilter_graph_create_filter)     \
  FUNCTION(avfilter_graph_free)              \
  FUNCTION(avfilter_graph_parse_ptr)         \
  FUNCTION(avfilter_init_str)                \
  FUNCTION(avfilter_inout_alloc)             \
  FUNCTION(avfilter_inout_free)

struct FilterLibrary {
// NOLINTNEXTLINE(bugprone-macro-parentheses): the name of a member takes none.
#define VIDEOPUSH_FILTER_FUNCTION(name) decltype(&::name) name;
  VIDEOPUSH_FILTER_FUNCTIONS(VIDEOPUSH_FILTER_FUNCTION)
#undef VIDEOPUSH_FILTER_FUNCTION
};

/// Stays loaded. Errors: Internal when the library is not installed in the version that this was
/// compiled against.
const FilterLibrary& filters();

}  // namespace videopush::media
