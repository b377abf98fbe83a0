// The bit rate holds over media time, whatever the frame rate does.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "media/encode/encoder.h"
#include "media/encode/rate_budget.h"
#include "media/encode/rate_watch.h"
#include "media/encode/timeline.h"

using namespace videopush;
using namespace videopush::test;
using media::Encoder;
using media::EncoderOptions;
using media::RateBudget;
using media::RateWatch;

namespace {

constexpr AVRational kTicks{1, 90'000};
constexpr std::int64_t kRate = 250'000;  // b/s

/// What a stream takes of `kRate`.
struct Taken {
  double least, most;  // over any 5 s, the first two seconds left out
  double bucket;       // the least level of a bucket of one second at the rate, in seconds of it
};

Taken measure(const EncoderOptions& options, const VideoFormat& format,
              const std::vector<Stretch>& stretches) {
  Encoder encoder(options, format, true);
  const auto packets = encode_at(encoder, format, time_stamps(stretches, format.time_base()));
  double length = 0;
  for (const Stretch& stretch : stretches) length += stretch.seconds;
  std::vector<std::pair<double, double>> sizes;  // time, seconds of the rate
  Taken taken{.least = 9, .most = 0, .bucket = 1};
  double level = 0.9, last = 0;
  for (const media::EncodedPacket& p : packets) {
    const double time = static_cast<double>(p.packet->dts) * av_q2d(format.time_base());
    const double size = 8.0 * p.packet->size / static_cast<double>(kRate);
    level = std::min(1.0, level + time - last) - size;
    last = time;
    taken.bucket = std::min(taken.bucket, level);
    sizes.emplace_back(time, size);
  }
  for (double begin = 2; begin + 5 <= length; begin += 0.1) {
    double sum = 0;
    for (const auto& [time, size] : sizes)
      if (time >= begin && time < begin + 5) sum += size / 5;
    taken.least = std::min(taken.least, sum);
    taken.most = std::max(taken.most, sum);
  }
  MESSAGE("of the bit rate over 5 s: " << taken.least << " to " << taken.most << ", bucket "
                                       << taken.bucket);
  return taken;
}

VideoFormat small(AVRational nominal) {
  return video_format({.width = 160, .height = 96, .frame_rate = nominal});
}

const EncoderOptions kX264 = {.encoder = "libx264", .bit_rate = kRate};

}  // namespace

TEST_CASE("x264 keeps bit rate and VBV when the frame rate goes from 10 to 50 to 10") {
  for (const AVRational nominal : {AVRational{10, 1}, AVRational{70, 3}, AVRational{50, 1}}) {
    CAPTURE(nominal.num);
    const Taken taken = measure(kX264, small(nominal), {{8, 10}, {8, 50}, {8, 10}});
    CHECK(taken.least > 0.9);
    CHECK(taken.most < 1.1);
    CHECK(taken.bucket > 0);
  }
}

TEST_CASE("x264 keeps bit rate and VBV when a camera halves its frame rate") {
  const Taken taken = measure(kX264, small({25, 1}), {{8, 25}, {8, 12.5}, {8, 25}});
  CHECK(taken.least > 0.9);
  CHECK(taken.most < 1.1);
  CHECK(taken.bucket > 0);
}

TEST_CASE("no frame of a variable rate waits in x264 for the next one") {
  const VideoFormat format = small({25, 1});
  Encoder encoder(kX264, format, true);
  std::vector<media::EncodedPacket> packets;
  const auto stamps = time_stamps({{1, 25}, {4, 1}, {1, 50}}, kTicks);
  for (std::size_t i = 0; i < stamps.size(); ++i) {
    const FramePtr frame = picture(format, static_cast<std::int64_t>(i));
    frame->pts = stamps[i];
    encoder.encode(*frame, i, false, packets);
    CHECK(packets.size() == i + 1);
  }
}

TEST_CASE("no frame of a slide show takes more than the VBV holds") {
  const Taken taken = measure(kX264, small({1, 5}), {{60, 0.2}});
  CHECK(taken.bucket > 0);
  const Taken mixed =
      measure(kX264, small({7, 1}), {{4, 25}, {9, 1.0 / 3}, {4, 25}, {9, 1.0 / 3}, {5, 25}});
  CHECK(mixed.bucket > 0);
  CHECK(mixed.most < 1.1);
}

TEST_CASE("a budget leaves an encoder alone as long as frames come at the nominal rate") {
  RateBudget exact(1'000'000, RateBudget::Goal::Target, {30'000, 1001}, kTicks);
  for (std::int64_t i = 0; i < 100; ++i) CHECK_FALSE(exact.next(i * 3003));
  RateBudget rounded(1'000'000, RateBudget::Goal::Target, {30, 1}, {1, 1000});
  for (const std::int64_t stamp : time_stamps({{10, 30}}, {1, 1000}))
    CHECK_FALSE(rounded.next(stamp));
}

TEST_CASE("a budget gives each frame what the time since the last one is worth") {
  RateBudget budget(1'000'000, RateBudget::Goal::Target, {25, 1}, {1, 1000});
  budget.next(0);
  budget.spent(300'000);
  CHECK(budget.level() == doctest::Approx(0.64));
  CHECK(*budget.next(80) == doctest::Approx(2'000'000 * 1.24));
  budget.spent(80'000);
  CHECK(*budget.next(100) == doctest::Approx(500'000 * 1.12));
  budget.spent(20'000);
  CHECK(*budget.next(10'000) == budget.highest());
  for (int i = 1; i < 10; ++i) {
    budget.spent(400'000);
    CHECK(*budget.next(10'000 + i) >= 1000);
  }
}

TEST_CASE("a lasting change of the frame rate is found within a quarter of a second's error") {
  const auto found = [](AVRational rate, const std::vector<Stretch>& stretches) {
    RateWatch watch(rate, kTicks);
    std::vector<std::pair<std::int64_t, std::int64_t>> changes;  // milliseconds, mHz
    for (const std::int64_t pts : time_stamps(stretches, kTicks))
      if (const auto changed = watch.changed(pts))
        changes.emplace_back(pts / 90, std::llround(av_q2d(*changed) * 1000));
    return changes;
  };
  using Changes = std::vector<std::pair<std::int64_t, std::int64_t>>;
  CHECK(found({10, 1}, {{5, 10}, {5, 50}}) == Changes{{5080, 50'000}});
  CHECK(found({25, 1}, {{60, 25}, {60, 12.5}}) == Changes{{60'560, 12'500}});
  CHECK(found({25, 1}, {{600, 24.5}}) == Changes{});
  CHECK(found({25, 1}, {{10, 25}, {5, 0.2}, {10, 25}, {5, 0.2}, {10, 25}}) == Changes{});
  CHECK(found({25, 1}, {{60, 23}}).size() == 1);
}
