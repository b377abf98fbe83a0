#include "media/source/source_errors.h"

#include <cerrno>
#include <string>

#include "core/av.h"
#include "core/tls.h"

namespace videopush::media {
namespace {

std::string quoted(const Location& source) { return "'" + source.shown + "'"; }

}  // namespace

Error network_error(const Location& source, int result) {
  const std::string what = quoted(source);
  const auto error = [&](ErrorCode code, const char* action) {
    return Error::from_averror(code, result, what, action);
  };
  if (const std::string said = take_av_error(); says_certificate(said)) {
    return certificate_refused(what, said, result);
  }
  switch (result) {
    case AVERROR_HTTP_UNAUTHORIZED:
    case AVERROR_HTTP_FORBIDDEN:
      return source.user.empty()
                 ? error(ErrorCode::CredentialsMissing, "give user and password")
                 : error(ErrorCode::CredentialsRefused, "check user, password and permissions");
    case AVERROR_HTTP_NOT_FOUND:
    case AVERROR_STREAM_NOT_FOUND:
    case AVERROR(ENOENT):
      return error(ErrorCode::SourceNotFound, "check the path; somebody may have to publish first");
    case AVERROR_HTTP_BAD_REQUEST:
    case AVERROR_HTTP_OTHER_4XX:
    case AVERROR_HTTP_SERVER_ERROR:
    case AVERROR(EPERM):  // how libavformat reports that an RTMP server said no
      return error(ErrorCode::ServerRefused, "check the path and the server's log");
    case AVERROR(ECONNREFUSED):
      return error(ErrorCode::ConnectRefused, "check that the server runs on that port");
    case AVERROR(ENETUNREACH):
    case AVERROR(EHOSTUNREACH):
      return error(ErrorCode::ConnectFailed, "check the network");
    case AVERROR(ETIMEDOUT):
    case AVERROR_EXIT:
      return error(ErrorCode::SourceTimeout, "check the network and the source");
    default:
      return error(ErrorCode::SourceDisconnected, "check the network and the server's log");
  }
}

Error unopened_error(const Location& source, bool bytes, int result) {
  const std::string what = quoted(source);
  if (result == AVERROR(ENOMEM)) {  // also libavformat's word for streams beyond its own bound
    return Error(ErrorCode::SourceTooLarge,
                 what + " has too many tracks, or needs more memory than there is",
                 "remove tracks from it", result);
  }
  if (source.scheme == Scheme::Rtsp && result == AVERROR(EINVAL)) {
    return Error(ErrorCode::SourceForbidden,
                 what + ": the server's answer leads to another address, not followed",
                 "give the final address", result);
  }
  if (!bytes) return network_error(source, result);
  return Error::from_averror(
      ErrorCode::SourceCorrupt, result,
      what +
          " can't be read: its header or index is damaged or missing, as in a file that was cut "
          "short or is still being written",
      "copy it again, or finish the recording");
}

}  // namespace videopush::media
