// One output of an encode session: where it goes, and what it shows of itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "pacing/stats.h"
#include "ring/ledger.h"
#include "sinks/sink.h"

namespace videopush::sessions {

struct OutputOptions {
  std::string name;
  std::string url;                       // without user-info
  bool url_secret = false;               // only its scheme and host may be shown
  std::string user_file, password_file;  // read at every connect; empty = none
  std::string user, password;  // given in memory by a library user; files, when named, win
  sinks::Limits limits;
  TlsTrust tls = {};
};

enum class OutputPhase { Idle, Connecting, Connected, Waiting, Failed, Closed };

struct OutputSnapshot {
  std::string name, protocol, url;  // redacted
  /// All files that this push has written, also by earlier processes, in order; empty where the
  /// output is no file. Redacted.
  std::vector<std::string> files;
  OutputPhase phase = OutputPhase::Idle;
  std::optional<Error> error;    // the last one; cleared by a successful connect
  std::uint64_t connects = 0;    // by this process
  std::uint64_t reconnects = 0;  // successful ones after the first
  std::uint64_t renewals = 0;    // of them by plan, before a connection's timestamps ended
  /// Connections lost and attempts that failed since the first connection, by reason.
  std::uint64_t reconnects_refused = 0, reconnects_timeout = 0, reconnects_reset = 0,
                reconnects_protocol = 0;
  double outage_seconds = 0;  // from each loss to the next connection, summed
  ring::Ledger::Totals ledger;
  std::uint64_t key_frames = 0, late = 0;
  pacing::Histogram::Snapshot lateness, interval_error, write_duration;
  // seconds
  double send_lead = 0, total_lead = 0, lead = 0, jitter = 0, interval_sum = 0,
         interval_squared_sum = 0, wait_sum = 0;
  std::uint64_t rebases = 0;  // all of them; by reason:
  std::uint64_t rebases_stall = 0, rebases_resume = 0, rebases_discontinuity = 0,
                rebases_source_clock = 0;
  double rebase_seconds = 0;
  std::uint64_t backlog_bytes = 0;
  /// Speed of a live source's clock against this machine's; positive where it is faster. Unset: the
  /// source is not live, or was not watched for long enough.
  std::optional<double> source_clock_ppm;
  /// Time until the current unit is sent, negative when it is late; unset: no unit waits.
  std::optional<double> seconds_until_due;
};

}  // namespace videopush::sessions
