// The addresses of what libavformat publishes to: which container, which file, where credentials
// go. Pure.
#pragma once

#include <string>
#include <string_view>

#include "core/av.h"
#include "sinks/sink.h"

namespace videopush::sinks {

/// The muxer for a target; a file's is known by its ending (.mkv, .mp4, .ts, .flv), else
/// SchemeUnsupported.
const AVOutputFormat* muxer_of(Protocol protocol, std::string_view url);

struct TargetAddress {
  std::string url;
  std::string stream_id;  // SRT: handed over apart from the URL, so that no log line shows it
};

/// Where the connection is opened: credentials as MediaMTX takes them, in RTMP "?user=&pass=", in
/// SRT "publish:path:user:pass" (or u= and s= of the access control syntax "#!::"). An SRT URL
/// without streamid= publishes to its path. Pure.
TargetAddress target_address(Protocol protocol, const std::string& text,
                             const Credentials& credentials);

/// The first of "a.mkv", "a-2.mkv", "a-3.mkv" ... that does not exist. `path` has an ending.
std::string unused_name(const std::string& path);

}  // namespace videopush::sinks
