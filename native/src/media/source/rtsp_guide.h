// Where an RTSP server sends its readers, and whether its description stays within bounds: asked
// before libavformat, which would follow a redirect to any host and reads a body of any length.
#pragma once

#include <string>

#include "core/abort.h"
#include "media/source/location.h"

namespace videopush::media {

struct RtspRoute {
  std::string url;  // without user-info; of a redirect, by the address that was asked
  bool redirected = false;
  bool same_server = true;  // as was asked first: only there belong its user and password
};

/// Follows redirects (3xx answers to DESCRIBE) by the rules for http: at most five, to rtsp only,
/// never to loopback or link-local addresses (unless `local_redirects`: for tests of the rest). An
/// answer that is no redirect, and a server that can't be reached, are left for libavformat to
/// judge. `source`: with user and password. Errors: SourceForbidden, ProtocolError (headers or
/// description without end), ConnectFailed (of a redirect), SourceTimeout (`limit`), Aborted.
RtspRoute find_rtsp_route(const Location& source, const AbortSignal& abort, const IoLimit& limit,
                          bool local_redirects = false);

}  // namespace videopush::media
