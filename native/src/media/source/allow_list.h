// Which of libavformat's demuxers and protocols untrusted media may reach.
#pragma once

#include <string>
#include <string_view>

#include "media/source/location.h"

namespace videopush::media {

/// libavformat's format_whitelist: containers and raw streams that can't name another file or host.
const std::string& allowed_formats();

bool is_allowed_format(std::string_view demuxer);

/// Raw streams carry no timestamps, program streams (mpeg) not one for every picture: those that
/// libavformat makes up depend on where reading began.
bool has_timestamps(std::string_view demuxer);

/// Says to a person why a source is refused ("HLS playlists are not read yet", ...). `demuxer`:
/// what it was recognised as, "" for nothing; `head`: its first bytes.
std::string refusal(std::string_view demuxer, std::string_view head);

/// libavformat's protocol_whitelist for a network source. In the RTSP lists "tcp" stands last: it
/// is cut off once the first connection is under way, since the demuxer would follow a redirect to
/// any host.
std::string allowed_protocols(const Location& location, bool rtsp_over_udp);

}  // namespace videopush::media
