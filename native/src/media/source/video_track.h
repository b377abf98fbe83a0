// Which of a source's tracks is the video.
#pragma once

#include <string>
#include <vector>

#include "core/av.h"
#include "media/source/source.h"

namespace videopush::media {

/// Every video track, covers and thumbnails included, in the container's order.
std::vector<VideoTrack> video_tracks(const AVFormatContext& context);

/// The index of the stream that `choice` names, never that of a cover. Where it names none or
/// several: of those that can be decoded, the one that the container calls its default, else the
/// one with the largest picture, else the first. `what`: the source, for messages. Errors:
/// SourceNoVideo (no video, or none that was asked for; the message lists what there is),
/// SourceUnsupported (no decoder).
int choose_video(const AVFormatContext& context, const TrackChoice& choice,
                 const std::string& what);

}  // namespace videopush::media
