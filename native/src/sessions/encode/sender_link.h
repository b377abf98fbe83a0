// The connection of one output: makes it, makes it again after a jittered pause, and knows when
// that is no use.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/abort.h"
#include "core/redact.h"
#include "sessions/backoff.h"
#include "sessions/encode/options.h"
#include "sessions/encode/sender_status.h"
#include "sessions/encode/wake.h"

namespace videopush::sessions {

struct LinkOptions {
  OutputOptions output;
  EncodeHooks hooks;
  std::uint64_t seed = 0;
  /// Called when an attempt fails in another way than the one before it.
  std::function<void(const Error&)> report = {};
};

/// Belongs to the sender's thread; `abort` and `wake` are how others reach it.
class SenderLink {
 public:
  /// Makes the sink. A URL or scheme that can't be served shows in the status as a permanent
  /// failure.
  SenderLink(const LinkOptions& options, ring::OutputRecord& record, SenderStatus& status,
             Clock& clock, const AbortSignal& abort, Wake& wake);

  /// Returns true once connected. false: `wanted` (asked before each attempt and at each wake) said
  /// no. Errors: Aborted.
  bool connect(const sinks::TrackInfo& track, const std::function<bool()>& wanted);
  /// The connection failed: closes it and sets the pause before the next attempt. `refused_units`:
  /// some were offered, and the server has taken none of them.
  void lost(const Error& error, bool refused_units);
  /// Ends the connection in order, so that the server has all that it carried, while the output
  /// goes on. Errors: those of Sink::close.
  void end();
  /// One attempt to connect after end(), at once. Errors: those of Sink::connect.
  void renew(const sinks::TrackInfo& track);
  /// True when the connection ended in order, so that the server has all that it carried.
  bool close();

  bool has_sink() const { return sink_ != nullptr; }
  sinks::Sink& sink() { return *sink_; }
  const sinks::Sink& sink() const { return *sink_; }

 private:
  /// The credentials as they are now; redact() knows them before they are used.
  sinks::Credentials credentials();
  void attempt(const sinks::TrackInfo& track);
  bool pause(Nanoseconds until, const std::function<bool()>& wanted);
  bool await_change(const std::function<bool()>& wanted);
  void refused(const Error& error);
  std::string credential_files() const;  // what they hold now

  const LinkOptions options_;
  ring::OutputRecord& record_;
  SenderStatus& status_;
  Clock& clock_;
  const AbortSignal& abort_;
  Wake& wake_;
  Secrets secrets_;  // of this output, also while it is away: its errors are printed later
  std::unique_ptr<sinks::Sink> sink_;
  Backoff backoff_;
  Nanoseconds not_before_ = 0;  // of the next attempt
  bool permanent_ = false;      // no attempt until the credential files change
  bool credentials_refused_ = false;
  std::string tried_with_;  // what the credential files held at the last attempt
  Nanoseconds connected_at_ = 0;
  std::optional<ErrorCode> reported_;
  int short_lives_ = 0;  // connections in a row that the server ended within 2 s
};

}  // namespace videopush::sessions
