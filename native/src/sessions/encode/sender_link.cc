#include "sessions/encode/sender_link.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "core/clock.h"
#include "sessions/secret_file.h"
#include "sinks/target.h"

namespace videopush::sessions {
namespace {

/// A publisher that is closed this soon, twice running, shares its path with another one.
constexpr Nanoseconds kShortLife = 2 * kSecond;
constexpr int kShortLivesOfConflict = 2;
constexpr Nanoseconds kCloseLimit = 1 * kSecond;
constexpr Nanoseconds kAbortedCloseLimit = kSecond / 10;
constexpr Nanoseconds kPollFiles = 1 * kSecond;
/// The other half of a credential is at the server and may change unseen: now and then it is tried
/// as it is.
constexpr Nanoseconds kTryRefusedAgain = 60 * kSecond;

/// Error: CredentialsMissing.
sinks::Credentials credentials_in_files(const OutputOptions& output) {
  return {read_secret_file(output.user_file), read_secret_file(output.password_file)};
}

/// The bytes of a file of authorities, which may be a whole system's; "" while it can't be read.
std::string authorities_in(const std::string& file) {
  if (file.empty()) return "";
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

SenderLink::SenderLink(const LinkOptions& options, ring::OutputRecord& record, SenderStatus& status,
                       Clock& clock, const AbortSignal& abort, Wake& wake)
    : options_(options),
      record_(record),
      status_(status),
      clock_(clock),
      abort_(abort),
      wake_(wake),
      backoff_(options.seed) {
  secrets_.set(secrets_in(options_.output.url, options_.output.url_secret));
  try {
    sink_ = options_.hooks.make_sink({.url = options_.output.url,
                                      .credentials = [this] { return credentials(); },
                                      .limits = options_.output.limits,
                                      .tls = options_.output.tls,
                                      .rtp_timestamp_base = record.rtp_timestamp_base,
                                      .rtp_ssrc = record.rtp_ssrc,
                                      .continues = record.connects.load() > 0},
                                     clock);
  } catch (const Error& error) {
    refused(error);
    permanent_ = true;
  }
}

sinks::Credentials SenderLink::credentials() {
  const OutputOptions& output = options_.output;
  sinks::Credentials current{output.user, output.password};
  if (!output.user_file.empty() || !output.password_file.empty()) {
    current = credentials_in_files(output);
  }
  std::vector<std::string> secrets = secrets_in(output.url, output.url_secret);
  secrets.insert(secrets.end(), {current.user, current.password});
  secrets_.set(secrets);
  return current;
}

bool SenderLink::connect(const sinks::TrackInfo& track, const std::function<bool()>& wanted) {
  for (;;) {
    if (!wanted()) return false;
    if (permanent_ ? !await_change(wanted) : !pause(not_before_, wanted)) return false;
    status_.connecting();
    tried_with_ = credential_files();
    try {
      attempt(track);
      return true;
    } catch (const Error& error) {
      if (error.code() == ErrorCode::Aborted) throw;
      sink_->drop();
      refused(error);
      not_before_ = clock_.now() + backoff_.next();
    }
  }
}

void SenderLink::attempt(const sinks::TrackInfo& track) {
  sinks::check_codec(sinks::protocol_of(options_.output.url), options_.output.url,
                     track.parameters->codec_id);
  sink_->connect(track, abort_);
  if (const int part = sink_->file_part(); part > 0) ring::add_part(record_, part);
  connected_at_ = clock_.now();
  permanent_ = false;
  reported_.reset();
  record_.connects.fetch_add(1);
  status_.connected(connected_at_);
}

void SenderLink::refused(const Error& error) {
  permanent_ = is_permanent(error.code());
  credentials_refused_ = error.code() == ErrorCode::CredentialsRefused;
  status_.failed(error, clock_.now(), permanent_);
  if (reported_ == error.code()) return;
  reported_ = error.code();
  if (options_.report) options_.report(error);
}

void SenderLink::lost(const Error& error, bool refused_units) {
  const Nanoseconds now = clock_.now();
  sink_->drop();
  const bool by_server =
      error.code() == ErrorCode::ConnectionClosed || error.code() == ErrorCode::ConnectionReset;
  const bool short_life = refused_units || now - connected_at_ < kShortLife;
  short_lives_ = by_server && short_life ? short_lives_ + 1 : 0;
  if (!short_life) backoff_.reset();
  if (short_lives_ < kShortLivesOfConflict) {
    refused(error);
    not_before_ = now + backoff_.next();
    return;
  }
  refused(Error(ErrorCode::PublisherConflict,
                "the server ended the connection soon after its start, " +
                    std::to_string(short_lives_) + " times running (" + error.message() + ")",
                "see whether somebody else publishes to the same path"));
  not_before_ = now + Backoff::kMax;
}

void SenderLink::end() {
  if (const auto error = sink_->close(kCloseLimit + sink_->closing_time(), abort_)) throw *error;
}

void SenderLink::renew(const sinks::TrackInfo& track) {
  status_.connecting();
  attempt(track);
  status_.renewed();
}

bool SenderLink::close() {
  std::optional<Error> error;
  const bool connected = status_.phase() == OutputPhase::Connected;
  if (sink_) {
    const Nanoseconds limit = kCloseLimit + sink_->closing_time();
    error = sink_->close(abort_.aborted() ? kAbortedCloseLimit : limit, abort_);
  }
  // A server that does not confirm the end has every unit all the same; a file without its trailer
  // is not whole.
  const bool is_file = sink_ && sinks::protocol_of(options_.output.url) == sinks::Protocol::File;
  if (error && is_file) refused(*error);
  status_.closed();
  // An aborted connection may have ended in the middle of a unit.
  return connected && !error && !abort_.aborted();
}

bool SenderLink::pause(Nanoseconds until, const std::function<bool()>& wanted) {
  while (clock_.now() < until) {
    const WakeReason reason =
        clock_.wait_until(until, {.wake_fd = wake_.fd(), .abort_fd = abort_.fd()});
    if (reason == WakeReason::Aborted) abort_.throw_if_aborted();
    if (!wanted()) return false;
  }
  return true;
}

bool SenderLink::await_change(const std::function<bool()>& wanted) {
  const Nanoseconds again = credentials_refused_ ? clock_.now() + kTryRefusedAgain : kForever;
  do {
    if (!pause(clock_.now() + kPollFiles, wanted)) return false;
  } while (!sink_ || (credential_files() == tried_with_ && clock_.now() < again));
  return true;
}

std::string SenderLink::credential_files() const {
  // The contents and not the times of the files: a write changes the time first, and an attempt in
  // between would have taken the old contents for the new ones.
  try {
    const auto [user, password] = credentials_in_files(options_.output);
    return user + "\n" + password + "\n" + authorities_in(options_.output.tls.ca_file);
  } catch (const Error&) {
    return "";  // until it can be read
  }
}

}  // namespace videopush::sessions
