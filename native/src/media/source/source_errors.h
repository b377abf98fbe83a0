// What libavformat's error numbers mean to a person who named a source.
#pragma once

#include "core/error.h"
#include "media/source/location.h"

namespace videopush::media {

/// A connection that could not be made or has broken off: `result` is what libavformat returned,
/// and its last line about it is taken (see take_av_error). CredentialsMissing, CredentialsRefused,
/// CertificateRefused, SourceNotFound, ServerRefused, ConnectRefused, ConnectFailed, SourceTimeout,
/// SourceDisconnected.
Error network_error(const Location& source, int result);

/// A source that libavformat could not open, and the reason is in `result` alone. `bytes`: it came
/// as a file or by http(s). SourceTooLarge, SourceForbidden, SourceCorrupt, or a network_error.
Error unopened_error(const Location& source, bool bytes, int result);

}  // namespace videopush::media
