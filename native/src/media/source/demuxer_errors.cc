// What a failed open or a broken connection means to a person.
#include <cerrno>

#include "core/av.h"
#include "core/tls.h"
#include "media/source/demuxer.h"

namespace videopush::media {

Error Demuxer::network_error(int result) const {
  const auto error = [&](ErrorCode code, const char* action) {
    return Error::from_averror(code, result, what(), action);
  };
  if (const std::string said = take_av_error(); says_certificate(said)) {
    return certificate_refused(what(), said, result);
  }
  switch (result) {
    case AVERROR_HTTP_UNAUTHORIZED:
    case AVERROR_HTTP_FORBIDDEN:
      return location_.user.empty()
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

Error Demuxer::open_error(int result) const {
  if (abort_.aborted()) return Error(ErrorCode::Aborted, "aborted");
  if (input_error_) return *input_error_;
  if (forbidden_open_) {
    return Error(ErrorCode::SourceForbidden, what() + " names another file or host, not opened",
                 "give that source itself, if you trust it");
  }
  if (limit_.expired()) {
    return Error(ErrorCode::SourceTimeout, what() + ": could not be opened in time",
                 "check the source, or allow more time", result);
  }
  if (result == AVERROR(ENOMEM)) {  // also libavformat's word for streams beyond its own bound
    return Error(ErrorCode::SourceTooLarge,
                 what() + " has too many tracks, or needs more memory than there is",
                 "remove tracks from it", result);
  }
  if (location_.scheme == Scheme::Rtsp && result == AVERROR(EINVAL)) {
    return Error(ErrorCode::SourceForbidden,
                 what() + ": the server's answer leads to another address, not followed",
                 "give the final address", result);
  }
  if (!input_) return network_error(result);
  return Error::from_averror(
      ErrorCode::SourceCorrupt, result,
      what() +
          " can't be read: its header or index is damaged or missing, as in a file that was cut "
          "short or is still being written",
      "copy it again, or finish the recording");
}

}  // namespace videopush::media
