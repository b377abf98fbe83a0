// Where a container says that it ends: which distinguishes a cut file from a short one, since most
// of libavformat's demuxers report both as the end of the stream.
#pragma once

#include <cstdint>

#include "core/av.h"

namespace videopush::media {

/// Bytes that the container promises, from its own box, element, chunk or tag sizes, or from its
/// index; at most `size` when nothing is missing, -1 when the format does not say. Moves
/// `context`'s read position: only for a context that has reached its end. `max_steps`: bound on
/// the boxes looked at.
std::int64_t declared_end(AVFormatContext& context, int stream_index, std::int64_t size,
                          int max_steps);

/// Files that were joined byte by byte: where the next part begins behind its header, at or after
/// the element at `position`; -1: there is none, or libavformat goes on by itself. Bound and side
/// effect as above.
std::int64_t next_part(AVFormatContext& context, std::int64_t position, int max_steps);

}  // namespace videopush::media
