#include "core/error.h"

#include <new>
#include <utility>

#include "core/av.h"
#include "core/redact.h"

namespace videopush {

std::string_view to_string(ErrorCode code) {
  switch (code) {
#define VIDEOPUSH_CODE(name) \
  case ErrorCode::name:      \
    return #name
    VIDEOPUSH_CODE(InvalidArgument);
    VIDEOPUSH_CODE(InvalidState);
    VIDEOPUSH_CODE(Aborted);
    VIDEOPUSH_CODE(Internal);
    VIDEOPUSH_CODE(UrlInvalid);
    VIDEOPUSH_CODE(SchemeUnsupported);
    VIDEOPUSH_CODE(SourceNotFound);
    VIDEOPUSH_CODE(SourceForbidden);
    VIDEOPUSH_CODE(SourceUnsupported);
    VIDEOPUSH_CODE(SourceEmpty);
    VIDEOPUSH_CODE(SourceNoVideo);
    VIDEOPUSH_CODE(SourceCorrupt);
    VIDEOPUSH_CODE(SourceTruncated);
    VIDEOPUSH_CODE(SourceTooLarge);
    VIDEOPUSH_CODE(SourceTimeout);
    VIDEOPUSH_CODE(SourceDisconnected);
    VIDEOPUSH_CODE(NotSeekable);
    VIDEOPUSH_CODE(OutOfRange);
    VIDEOPUSH_CODE(EncoderUnknown);
    VIDEOPUSH_CODE(EncoderRejected);
    VIDEOPUSH_CODE(HostUnknown);
    VIDEOPUSH_CODE(ConnectRefused);
    VIDEOPUSH_CODE(ConnectTimeout);
    VIDEOPUSH_CODE(ConnectFailed);
    VIDEOPUSH_CODE(CertificateRefused);
    VIDEOPUSH_CODE(ResponseTimeout);
    VIDEOPUSH_CODE(WriteTimeout);
    VIDEOPUSH_CODE(ConnectionClosed);
    VIDEOPUSH_CODE(ConnectionReset);
    VIDEOPUSH_CODE(ProtocolError);
    VIDEOPUSH_CODE(ServerRefused);
    VIDEOPUSH_CODE(CredentialsMissing);
    VIDEOPUSH_CODE(CredentialsRefused);
    VIDEOPUSH_CODE(PublisherConflict);
    VIDEOPUSH_CODE(CodecUnsupportedByTarget);
    VIDEOPUSH_CODE(FileNotWritable);
    VIDEOPUSH_CODE(RingInvalid);
    VIDEOPUSH_CODE(RingBusy);
    VIDEOPUSH_CODE(RingPeerFailed);
#undef VIDEOPUSH_CODE
  }
  return "Internal";
}

// What may appear or recover by itself (a camera's path that is not published yet, a host that is
// rebooting, a certificate that is renewed, a ring whose other side starts later) is not permanent.
bool is_permanent(ErrorCode code) {
  switch (code) {
    case ErrorCode::InvalidArgument:
    case ErrorCode::InvalidState:
    case ErrorCode::UrlInvalid:
    case ErrorCode::SchemeUnsupported:
    case ErrorCode::SourceForbidden:
    case ErrorCode::SourceUnsupported:
    case ErrorCode::SourceEmpty:
    case ErrorCode::SourceNoVideo:
    case ErrorCode::SourceCorrupt:
    case ErrorCode::SourceTruncated:
    case ErrorCode::SourceTooLarge:
    case ErrorCode::NotSeekable:
    case ErrorCode::OutOfRange:
    case ErrorCode::EncoderUnknown:
    case ErrorCode::EncoderRejected:
    case ErrorCode::CredentialsMissing:
    case ErrorCode::CredentialsRefused:
    case ErrorCode::CodecUnsupportedByTarget:
    case ErrorCode::FileNotWritable:
      return true;
    default:
      return false;
  }
}

Error::Error(ErrorCode code, std::string_view message, std::string_view action, int averror)
    : code_(code), message_(redact(message)), action_(redact(action)), averror_(averror) {}

Error Error::from_averror(ErrorCode code, int averror, std::string_view what,
                          std::string_view action) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(averror, text, sizeof text);
  return Error(code, std::string(what) + ": " + text, action, averror);
}

Error current_error() {
  try {
    throw;
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return Error(ErrorCode::Internal, "out of memory");
  } catch (const std::exception& error) {
    return Error(ErrorCode::Internal, error.what());
  } catch (...) {
    return Error(ErrorCode::Internal, "unknown native failure");
  }
}

}  // namespace videopush
