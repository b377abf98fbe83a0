// Pictures of a caller that must not wait: their order, their times, and what becomes of those that
// the session does not accept.
#include "sessions/encode/picture_feeder.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "sessions/encode/push_rig.h"
#include "support/error_of.h"

using namespace videopush;
using namespace videopush::test;

namespace {

/// A feeder and what became of its pictures; the tests start the session and call run().
struct FeederRig {
  explicit FeederRig(int threads = 3) : push(0, threads) { push.make(); }

  /// True: accepted at once. Otherwise the picture is queued.
  bool hand_in(bool paced, std::optional<std::int64_t> pts = std::nullopt) {
    FramePtr frame = picture(push.format, 0);
    frame->pts = feeder().next_pts(pts);
    if (feeder().offer(frame, paced)) return true;
    queue(std::move(frame), paced);
    return false;
  }

  void queue(FramePtr frame, bool paced) {
    const std::int64_t pts = frame->pts;
    feeder().queue(std::move(frame), paced, [this, pts](const std::optional<Error>& error) {
      settled.push_back(pts);
      errors.push_back(error);
    });
  }

  sessions::PictureFeeder& feeder() {
    if (!feeder_) feeder_.emplace(*push.input, *push.session);
    return *feeder_;
  }

  PushRig push;
  std::vector<std::int64_t> settled;  // presentation times of queued pictures, as they were settled
  std::vector<std::optional<Error>> errors;

 private:
  std::optional<sessions::PictureFeeder> feeder_;
};

constexpr int kMaxWaiting = 64;

}  // namespace

TEST_CASE("pictures that wait for room are handed in in the order of their pushes") {
  FeederRig rig;
  rig.push.session->start();
  int at_once = 0;
  // The input has room for 20, and the feeder keeps 64.
  for (int i = 0; i < 20 + kMaxWaiting; ++i) at_once += rig.hand_in(false) ? 1 : 0;
  rig.feeder().end();
  CHECK(rig.feeder().ended());
  std::thread feeding([&] { rig.feeder().run(); });
  REQUIRE(rig.push.session->wait(kStuck));
  feeding.join();

  CHECK(at_once >= 20);
  CHECK(indices(rig.push.server->received(), rig.push.format) == count_up(0, 20 + kMaxWaiting));
  CHECK(rig.settled.size() == static_cast<std::size_t>(20 + kMaxWaiting - at_once));
  CHECK(std::is_sorted(rig.settled.begin(), rig.settled.end()));
  for (const auto& error : rig.errors) CHECK_FALSE(error);
  check_law(rig.push.session->snapshot());
}

TEST_CASE("a picture that finds 64 others waiting is refused and leaves them as they are") {
  FeederRig rig;
  // Before the session runs, its input accepts one paced picture.
  CHECK(rig.hand_in(true));
  for (int i = 0; i < kMaxWaiting; ++i) CHECK_FALSE(rig.hand_in(true));
  const Error error = error_of([&] { rig.hand_in(true); });
  CHECK(error.code() == ErrorCode::InvalidState);
  CHECK(error.message() == "64 frames wait to be accepted already");
  CHECK(rig.settled.empty());

  rig.feeder().abort();
  rig.feeder().close();
  rig.feeder().run();
  CHECK(rig.settled.size() == kMaxWaiting);
  for (const auto& refused : rig.errors) CHECK(refused.value().code() == ErrorCode::Aborted);
}

TEST_CASE("a picture without a time comes one frame after the last, whose time may be explicit") {
  FeederRig rig;
  const std::int64_t frame = picture(rig.push.format, 1)->pts;
  CHECK(rig.feeder().next_pts(std::nullopt) == 0);
  rig.hand_in(false);
  CHECK(rig.feeder().next_pts(std::nullopt) == frame);
  rig.hand_in(false, 7 * frame + 1);
  CHECK(rig.feeder().next_pts(std::nullopt) == 8 * frame + 1);
  CHECK(rig.feeder().next_pts(8 * frame) == 8 * frame);
  const Error error = error_of([&] { rig.feeder().next_pts(7 * frame + 1); });
  CHECK(error.code() == ErrorCode::InvalidArgument);
  CHECK(error.action() == "push frames in display order, each with a later time");
}

TEST_CASE("pictures that still wait when a session has failed are refused with what it failed of") {
  FeederRig rig(2);
  std::string reason;
  SUBCASE("an output") {
    reason = "the server refused the password";
    rig.push.server->on_connect = [&](int, const AbortSignal&) {
      throw Error(ErrorCode::CredentialsRefused, reason);
    };
    // Such an output alone ends no session.
    rig.push.clock.at(rig.push.clock.now() + kSecond, [&] { rig.push.session->request_stop(); });
  }
  SUBCASE("the encoder") {
    rig.push.rig.options.encoder.preset = "nonsense";
    rig.push.make();
  }
  CHECK(rig.hand_in(true));
  CHECK_FALSE(rig.hand_in(true));
  rig.push.session->start();
  REQUIRE(rig.push.session->wait(kStuck));
  rig.feeder().close();
  rig.feeder().run();
  rig.queue(picture(rig.push.format, 2), true);

  const auto snapshot = rig.push.session->snapshot();
  if (reason.empty()) reason = snapshot.error.value().message();
  REQUIRE(rig.errors.size() == 2);
  for (const auto& error : rig.errors) CHECK(error.value().message() == reason);
}

TEST_CASE("a picture that is queued after the session's orderly end is refused at once") {
  FeederRig rig;
  rig.feeder().close();
  rig.queue(picture(rig.push.format, 0), true);
  REQUIRE(rig.errors.size() == 1);
  CHECK(rig.errors[0].value().code() == ErrorCode::InvalidState);
  CHECK(rig.errors[0].value().message() == "the push has ended");
}
