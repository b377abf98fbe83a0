// Typed errors of the native core. Every error names what failed and why (`what()`), and what the
// person can do about it (`action()`); the code is stable and is what programs compare.
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace videopush {

enum class ErrorCode {
  // Arguments and states
  InvalidArgument,
  InvalidState,
  Aborted,
  Internal,
  // Sources
  UrlInvalid,
  SchemeUnsupported,
  SourceNotFound,
  SourceForbidden,  // the source tried to open something that it may not (redirect, nested file)
  SourceUnsupported,
  SourceEmpty,
  SourceNoVideo,
  SourceCorrupt,
  SourceTruncated,
  SourceTooLarge,  // a bound of this program: picture size, stream count
  SourceTimeout,
  SourceDisconnected,
  NotSeekable,
  OutOfRange,
  // Encoders
  EncoderUnknown,
  EncoderRejected,  // the encoder refused its settings or failed
  // Sinks
  HostUnknown,
  ConnectRefused,
  ConnectTimeout,
  ConnectFailed,
  CertificateRefused,  // TLS: not trusted, expired, or of another host
  ResponseTimeout,
  WriteTimeout,
  ConnectionClosed,
  ConnectionReset,
  ProtocolError,
  ServerRefused,
  CredentialsMissing,
  CredentialsRefused,
  PublisherConflict,
  CodecUnsupportedByTarget,
  FileNotWritable,
  // Frame queue
  RingInvalid,
  RingBusy,
  RingPeerFailed,
};

/// The code's stable name, e.g. "ConnectRefused": the `code` of the JavaScript error.
std::string_view to_string(ErrorCode code);

/// True when trying again without a change of configuration cannot help.
bool is_permanent(ErrorCode code);

class Error : public std::exception {
 public:
  /// Message and action are redacted here, while the secrets of the session are known.
  /// `message`: one line, what failed and why. `action`: one line, what to do ("" when there is
  /// nothing to advise). `averror`: FFmpeg's code, or 0.
  Error(ErrorCode code, std::string_view message, std::string_view action = "", int averror = 0);

  /// The error of an FFmpeg call: its message becomes "<what>: <av_strerror text>".
  static Error from_averror(ErrorCode code, int averror, std::string_view what,
                            std::string_view action = "");

  ErrorCode code() const { return code_; }
  const char* what() const noexcept override { return message_.c_str(); }
  const std::string& message() const { return message_; }
  const std::string& action() const { return action_; }
  int averror() const { return averror_; }

 private:
  ErrorCode code_;
  std::string message_;
  std::string action_;
  int averror_;
};

/// The exception in flight as an Error, for errors that travel from one thread to another. Call
/// inside a catch block.
Error current_error();

}  // namespace videopush
