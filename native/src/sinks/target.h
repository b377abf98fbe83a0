// Which sink a target asks for, and what it can carry.
#pragma once

#include <memory>
#include <string_view>

#include "core/av.h"
#include "core/clock.h"
#include "sinks/sink.h"

namespace videopush::sinks {

/// The protocol of a target: rtsp, rtmp(s) or srt by its scheme in any case, or a file by a path or
/// a file: URL that ends in .mkv, .mp4, .ts or .flv. Nothing is connected or looked up. Errors:
/// UrlInvalid, SchemeUnsupported (lists what is supported).
Protocol protocol_of(std::string_view url);
/// "rtsp", "rtmp", "srt" or "file", as metrics and status name it; "unknown" for a target that
/// protocol_of refuses.
std::string_view protocol_name(std::string_view url);
/// Errors: CodecUnsupportedByTarget, which names the codecs that the target can carry.
void check_codec(Protocol protocol, std::string_view url, AVCodecID codec);
/// Errors: those of protocol_of.
std::unique_ptr<Sink> make_sink(const SinkOptions& options, Clock& clock);

}  // namespace videopush::sinks
