// Files whose pictures are whole and whose clocks are not: jumps, outliers, standstills, wraps.
// Each is decoded with a restart in the middle, and some are pushed in simulated time.
#include <algorithm>
#include <cmath>

#include "media/source/clips.h"
#include "sessions/decode/decode_fixture.h"
#include "sessions/encode/rig.h"
#include "support/count.h"

using namespace videopush;
using namespace videopush::test;

namespace {

constexpr int kFrames = 40;
constexpr int kPushEach = 4;  // one timeline in so many is also encoded and sent

/// Seconds of media between two frames that a pacer may wait for.
double bound_of(const std::string& extension) {
  const Nanoseconds gap =
      extension == "ts" ? media::kLongestGapOfStreams : media::kLongestGapOfFiles;
  return to_seconds(gap) + 1;
}

std::uint64_t big_endian(const std::string& bytes, std::size_t at, std::size_t length) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < length; ++i)
    value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  return value;
}

/// A timestamp of a PES header (ISO/IEC 13818-1, 2.4.3.7): 33 bits in 5 bytes, with markers.
void move_pes_stamp(std::string& bytes, std::size_t at, std::int64_t by) {
  const std::uint64_t raw = big_endian(bytes, at, 5);
  const std::uint64_t old =
      (raw >> 33 & 7) << 30 | (raw >> 17 & 0x7fff) << 15 | (raw >> 1 & 0x7fff);
  const std::uint64_t now = (old + static_cast<std::uint64_t>(by)) & ((std::uint64_t{1} << 33) - 1);
  std::uint64_t packed = (raw >> 36 & 15) << 36 | 1 | 1 << 16 | std::uint64_t{1} << 32;
  packed |= (now >> 30 & 7) << 33 | (now >> 15 & 0x7fff) << 17 | (now & 0x7fff) << 1;
  for (std::size_t i = 0; i < 5; ++i) bytes[at + i] = static_cast<char>(packed >> (32 - 8 * i));
}

/// Where the PES headers of the video are.
std::vector<std::size_t> pes_headers(const std::string& bytes) {
  std::vector<std::size_t> found;
  for (std::size_t packet = 0; packet + 188 <= bytes.size(); packet += 188) {
    if ((bytes[packet + 1] & 0x40) == 0) continue;
    const bool adaptation = (bytes[packet + 3] & 0x20) != 0;
    const std::size_t header =
        packet + 4 + (adaptation ? 1 + static_cast<std::uint8_t>(bytes[packet + 4]) : 0);
    if (header < packet + 170 && big_endian(bytes, header, 4) >> 4 == 0x1e) found.push_back(header);
  }
  return found;
}

/// Where the timestamps of clusters are, 4 bytes each.
std::vector<std::size_t> cluster_times(const std::string& bytes) {
  std::vector<std::size_t> found;
  for (std::size_t at = 0; (at = bytes.find("\x1f\x43\xb6\x75", at)) != std::string::npos;
       at += 4) {
    const std::size_t time = bytes.find("\xe7\x84", at);
    if (time < at + 16) found.push_back(time + 2);
  }
  return found;
}

double spread(std::mt19937& random, double least, double most) {
  const double part = static_cast<double>(random() % 10'000) / 10'000;
  return least * std::pow(most / least, part);
}

/// Seconds to add to each of `count` timestamps, which are 0.04 s apart.
std::vector<double> mutations(std::mt19937& random, std::size_t count) {
  std::vector<double> added(count, random() % 4 == 0 ? spread(random, 1, 95'443) : 0);
  for (unsigned n = random() % 4; n > 0; --n) {
    const std::size_t from = random() % count, to = std::min(count, from + 1 + random() % 12);
    const double by = spread(random, 0.03, 30'000) * (random() % 2 == 0 ? 1 : -1);
    const unsigned kind = random() % 6;
    for (std::size_t i = from; i < count; ++i) {
      const double since = 0.04 * static_cast<double>(i - from);
      if (kind == 0) added[i] += by;                                           // jumps
      if (kind == 1 && i == from) added[i] += by;                              // one is wrong
      if (kind == 2) added[i] -= 0.04 * static_cast<double>(from) + added[0];  // begins again
      if (kind == 3 && i < to) added[i] -= since;                              // stands still
      if (kind == 4) added[i] += since * std::clamp(by, -0.9, 20.0);           // runs otherwise
      if (kind == 5 && i < to) added[i] += static_cast<double>(random() % 400) / 1000 - 0.2;
    }
  }
  return added;
}

std::string mutated(const std::string& extension, std::mt19937& random) {
  const std::string encode = clips::x264(random() % 2 == 0 ? 0 : 2, 10);
  const bool stream = extension == "ts";
  // Clusters are as short as can be, and their times need 4 bytes.
  const std::string more =
      stream ? "" : " -cluster_time_limit 1 -write_crc32 0 -output_ts_offset 100000";
  std::string bytes = clips::read_file(clips::make(kFrames, "25", encode + more, extension));
  const auto places = stream ? pes_headers(bytes) : cluster_times(bytes);
  REQUIRE(places.size() > kFrames / 4);  // a cluster has the B-frames behind its first one, too
  const auto added = mutations(random, places.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (stream) {
      const std::int64_t ticks = std::llround(added[i] * 90'000);
      move_pes_stamp(bytes, places[i] + 9, ticks);
      if ((bytes[places[i] + 7] & 0x40) != 0) move_pes_stamp(bytes, places[i] + 14, ticks);
    } else {
      const auto old = static_cast<std::int64_t>(big_endian(bytes, places[i], 4));
      const std::int64_t now =
          std::clamp<std::int64_t>(old + std::llround(added[i] * 1000), 0, UINT32_MAX);
      for (std::size_t byte = 0; byte < 4; ++byte)
        bytes[places[i] + byte] = static_cast<char>(now >> (24 - 8 * byte));
    }
  }
  return clips::write_file("timeline." + extension, bytes);
}

/// Every frame once, in order and by a credible time, although the decoder is restarted.
std::vector<double> decode_with_restart(DecodeRig& rig, double bound, std::mt19937& random) {
  std::vector<Arrival> arrivals;
  {
    const auto session = rig.start();
    arrivals = drain(*rig.consumer(), 1 + random() % (kFrames - 1));
  }
  const auto session = rig.start();
  const auto consumer = rig.consumer();
  for (const Arrival& arrival : drain(*consumer)) arrivals.push_back(arrival);
  REQUIRE(arrivals.size() == kFrames);
  const double tick = av_q2d(consumer->format().time_base());
  std::vector<double> times;
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    REQUIRE(arrivals[i].source_index == static_cast<std::int64_t>(i));
    times.push_back(static_cast<double>(arrivals[i].pts) * tick);
    if (i == 0) continue;
    REQUIRE(arrivals[i].pts > arrivals[i - 1].pts);
    REQUIRE(times[i] - times[i - 1] <= bound);
  }
  const auto totals = ring::Ledger::read(consumer->header().outputs[0]);
  REQUIRE(totals.settled() == consumer->header().source_frames.load());
  REQUIRE(session->wait(kSoon));
  return times;
}

/// What a server gets when frames of these times, to the next multiple of 40 ms, are pushed.
void push(const std::vector<double>& times, double bound) {
  Rig rig;
  for (const double time : times) {
    const std::int64_t next = rig.input.frames.empty() ? 0 : rig.input.frames.back().index + 1;
    rig.input.frames.push_back({.index = std::max<std::int64_t>(next, std::llround(time * 25))});
  }
  const auto snapshot = rig.run();
  check_law(snapshot);
  REQUIRE(snapshot.ended);
  REQUIRE(snapshot.outputs[0].ledger.sent == times.size());
  const auto units = rig.received();
  REQUIRE(units.size() == times.size());
  for (std::size_t i = 1; i < units.size(); ++i)
    REQUIRE(to_seconds(units[i].at - units[i - 1].at) <= bound);
}

}  // namespace

TEST_CASE("a file with any timeline gives all of its frames in bounded time, also to a restart") {
  const unsigned first = seed_or(1);
  for (int round = 0; round < count(100, 2'000); ++round) {
    const unsigned seed = first + static_cast<unsigned>(round);
    CAPTURE(seed);
    std::mt19937 random(seed);
    const std::string extension = seed % 2 == 0 ? "ts" : "mkv";
    DecodeRig rig;
    rig.options.source.uri = mutated(extension, random);
    rig.options.decode.threads = 1;
    const double bound = bound_of(extension);
    const auto times = decode_with_restart(rig, bound, random);
    if (round % kPushEach == 0) push(times, bound);
  }
}
