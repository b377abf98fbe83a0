// What a source's URI names, taken apart and checked before anything is opened.
#pragma once

#include <string>

namespace videopush::media {

enum class Scheme { File, Http, Rtsp, Rtmp, Srt };

struct Location {
  Scheme scheme = Scheme::File;
  std::string path;            // File: the path, percent-decoded for file://
  std::string url;             // network: the URL without user-info
  std::string host;            // network: without brackets
  std::string user, password;  // from the URL's user-info, percent-decoded
  std::string shown;           // for messages: no user-info, no secrets in the query
};

/// "clip.mp4", "file:clip.mp4", "file:///clips/a%20b.mp4" or a URL. A name like "concat:a|b" is
/// just a path that does not exist: no protocol of libavformat's is reachable by it. Errors:
/// UrlInvalid, SchemeUnsupported.
Location parse_location(const std::string& uri);

}  // namespace videopush::media
