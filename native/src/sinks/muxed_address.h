// The addresses of what libavformat publishes to: which container, which file, where credentials
// go. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/av.h"
#include "sinks/sink.h"

namespace videopush::sinks {

/// The muxer for a target; a file's is known by its ending (.mkv, .mp4, .ts, .flv), else
/// SchemeUnsupported.
const AVOutputFormat* muxer_of(Protocol protocol, std::string_view url);

struct TargetAddress {
  std::string url;
  std::string stream_id;  // SRT: handed over apart from the URL, so that no log line shows it
  /// RTMP, where libavformat would split the URL's path in the wrong place, or cut it: handed over
  /// apart from it. Empty elsewhere.
  std::string application = {}, stream_key = {};
};

/// Where the connection is opened: credentials as MediaMTX takes them, in RTMP "?user=&pass=", in
/// SRT "publish:path:user:pass" (or u= and s= of the access control syntax "#!::"). An SRT URL
/// without streamid= publishes to its path. Pure. UrlInvalid: too long for RTMP.
TargetAddress target_address(Protocol protocol, const std::string& text,
                             const Credentials& credentials);

/// The file of this part of a push: "a.mkv" for part 1, "a-2.mkv" for part 2. `path` has an ending.
std::string part_name(const std::string& path, int part);

/// The first part whose file does not exist. FileNotWritable: all `most` exist.
int unused_part(const std::string& path, int most);

/// The files that an output has written, as they may be shown; none for the URL of anything else.
std::vector<std::string> files_written(const std::string& url, const std::vector<int>& parts);

}  // namespace videopush::sinks
