// How far accepted media is ahead of a schedule, and when more of it may be accepted.
#include "sessions/encode/lead_meter.h"

#include <doctest/doctest.h>

#include "sessions/encode/event_clock.h"
#include "sessions/encode/script_input.h"

using namespace videopush;
using namespace videopush::test;
using sessions::AcceptedMedia;
using sessions::LeadMeter;

namespace {

/// A meter over an input that says nothing of what it accepted, and a schedule that starts when the
/// test says so.
struct Rig {
  EventClock clock{1};
  ScriptInput input{{}, clock, std::make_shared<ScriptLedger>(1)};
  VideoFormat format = input.format();
  std::optional<pacing::Schedule> schedule;

  LeadMeter meter(Nanoseconds max_lead = 0) {
    return LeadMeter(input, format, max_lead, [this] { return schedule; });
  }
  /// Timestamp of the media `seconds` after the first picture.
  std::int64_t ticks(double seconds) const {
    return static_cast<std::int64_t>(seconds / av_q2d(format.time_base()));
  }
  /// A unit with DTS 0 is due `kSecond` after the clock's zero, without a latency budget.
  void start_schedule() {
    schedule.emplace(pacing::ScheduleOptions{.latency_budget = 0}, format.time_base());
    schedule->plan(0, kSecond);
  }
};

}  // namespace

TEST_CASE("the lead is all of the media that was taken until a schedule starts") {
  Rig rig;
  LeadMeter meter = rig.meter();
  CHECK(meter.lead(0) == 0);
  meter.taken(rig.ticks(2));
  meter.taken(rig.ticks(5));
  CHECK(meter.lead(7 * kSecond) == 3 * kSecond);
}

TEST_CASE(
    "the lead is media time minus elapsed time once a schedule has started, reordering included") {
  Rig rig;
  LeadMeter meter = rig.meter();
  meter.taken(0);
  meter.taken(rig.ticks(4));
  rig.start_schedule();
  CHECK(meter.lead(2 * kSecond) == 3 * kSecond);
  meter.encoder_gave(rig.ticks(1), 0);
  CHECK(meter.lead(2 * kSecond) == 2 * kSecond);
}

TEST_CASE("the sendable lead leaves out the media that the encoder holds back, at any distance") {
  Rig rig;
  LeadMeter meter = rig.meter();
  for (const double second : {0.0, 0.5, 3.0, 4.0}) {
    meter.taken(rig.ticks(second));
    meter.encoder_took(rig.ticks(second));
  }
  // Before its first packet, the encoder holds all, and how long the last one lasts is not known.
  CHECK(meter.sendable_lead(0) == -rig.format.frame_interval_ns());
  // Pictures are given out in another order, each with a DTS that lies a second before its turn.
  meter.encoder_gave(rig.ticks(0), rig.ticks(-1));
  CHECK(meter.sendable_lead(0) == 0);
  meter.encoder_gave(rig.ticks(3), rig.ticks(-0.5));
  CHECK(meter.sendable_lead(0) == kSecond / 2);
  meter.encoder_gave(rig.ticks(0.5), rig.ticks(2));
  meter.encoder_gave(rig.ticks(4), rig.ticks(3));
  CHECK(meter.sendable_lead(0) == 4 * kSecond);
  // Another encoder holds nothing of what the one before it was given.
  meter.encoder_took(rig.ticks(5));
  meter.encoder_opened();
  CHECK(meter.sendable_lead(0) == 4 * kSecond);
}

TEST_CASE("media is accepted at once without a bound, and as far ahead as the bound allows") {
  Rig rig;
  const AcceptedMedia media{.first_pts = 0, .last_pts = rig.ticks(4)};
  CHECK(rig.meter().accept_at(media, kSecond) == kSecond);
  CHECK(rig.meter(5 * kSecond).accept_at(media, kSecond) == kSecond);
  rig.start_schedule();
  CHECK(rig.meter(3 * kSecond).accept_at(media, kSecond) == 2 * kSecond);
}

TEST_CASE("media beyond the bound waits for the schedule to start, unless the encoder needs it") {
  Rig rig;
  LeadMeter meter = rig.meter(kSecond);
  const AcceptedMedia media{.first_pts = 0, .last_pts = rig.ticks(4)};
  CHECK(meter.accept_at(media, 0) == kForever);
  meter.encoder_took(0);
  meter.encoder_took(rig.ticks(4));
  CHECK(meter.accept_at(media, 0) == 0);
}
