#include "sinks/muxer.h"

#include <doctest/doctest.h>

#include "sinks/rtsp_support.h"

using namespace videopush;
using namespace videopush::test;

namespace {

constexpr std::int64_t kTurn = std::int64_t{1} << 33;  // of MPEG-TS's clock, in its ticks

/// The stream that the units make, as a server receives it.
Bytes mpeg_ts(const std::vector<TestUnit>& units) {
  const TestTrack track;
  sinks::Muxer muxer(av_guess_format("mpegts", nullptr, nullptr), track.info());
  AVFormatContext& context = muxer.context();
  REQUIRE(avio_open_dyn_buf(&context.pb) >= 0);
  REQUIRE(avformat_write_header(&context, nullptr) >= 0);
  for (const TestUnit& unit : units) REQUIRE(muxer.write(unit.unit(), false) >= 0);
  REQUIRE(av_write_trailer(&context) >= 0);
  std::uint8_t* data = nullptr;
  const int size = avio_close_dyn_buf(std::exchange(context.pb, nullptr), &data);
  const Bytes bytes(data, data + size);
  av_free(data);
  return bytes;
}

/// A timestamp of a PES header (ISO/IEC 13818-1 section 2.4.3.7).
std::int64_t stamp_at(const Bytes& ts, std::size_t at) {
  const auto byte = [&](std::size_t offset) { return std::int64_t{ts.at(at + offset)}; };
  return (byte(0) >> 1 & 7) << 30 | byte(1) << 22 | byte(2) >> 1 << 15 | byte(3) << 7 |
         byte(4) >> 1;
}

struct Stamps {
  std::int64_t pts, dts, pcr = -1;
};

/// Of every packet that begins a unit.
std::vector<Stamps> stamps_in(const Bytes& ts) {
  std::vector<Stamps> seen;
  for (std::size_t at = 0; at + 188 <= ts.size(); at += 188) {
    const bool begins = (ts[at + 1] & 0x40) != 0, adapted = (ts[at + 3] & 0x20) != 0;
    const std::size_t adaptation = adapted ? 1u + ts[at + 4] : 0u;
    const std::size_t pes = at + 4 + adaptation;
    if (!begins || pes + 19 > at + 188 || ts[pes] != 0 || ts[pes + 1] != 0 || ts[pes + 2] != 1) {
      continue;
    }
    const bool with_dts = (ts[pes + 7] & 0x40) != 0;
    Stamps stamps{.pts = stamp_at(ts, pes + 9), .dts = stamp_at(ts, pes + (with_dts ? 14 : 9))};
    if (adapted && ts[at + 4] > 0 && (ts[at + 5] & 0x10) != 0) {
      stamps.pcr = std::int64_t{ts[at + 6]} << 25 | ts[at + 7] << 17 | ts[at + 8] << 9 |
                   ts[at + 9] << 1 | ts[at + 10] >> 7;
    }
    seen.push_back(stamps);
  }
  return seen;
}

}  // namespace

TEST_CASE("MPEG-TS goes on through the turn of its 33-bit clock, with B-frames across it") {
  constexpr std::int64_t kFrame = 3'600;
  // Decoding order of I P B B, P B B, ...; the unit at the turn and its neighbours are reordered.
  constexpr std::int64_t kShown[] = {1, 4, 2, 3, 7, 5, 6, 10, 8, 9, 13, 11, 12};
  std::mt19937 random(1);
  std::vector<TestUnit> units;
  for (std::int64_t i = 0; i < std::ssize(kShown); ++i) {
    TestUnit unit = make_unit(static_cast<int>(10 * (i != 0) + i), 800, random);
    unit.key = i == 0;
    unit.packet->dts = kTurn + (i - 6) * kFrame;
    unit.packet->pts = kTurn + (kShown[i] - 6) * kFrame;
    units.push_back(std::move(unit));
  }
  const auto seen = stamps_in(mpeg_ts(units));
  REQUIRE(seen.size() == units.size());
  const std::int64_t delay = (seen[0].dts - units[0].packet->dts % kTurn + kTurn) % kTurn;
  CHECK(delay < 2 * 90'000);  // the muxer's own
  int clocks = 0;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    CAPTURE(i);
    CHECK(seen[i].dts == (units[i].packet->dts + delay) % kTurn);
    CHECK(seen[i].pts == (units[i].packet->pts + delay) % kTurn);
    if (seen[i].pcr < 0) continue;
    ++clocks;
    CHECK((seen[i].dts - seen[i].pcr + kTurn) % kTurn == delay);
  }
  CHECK(clocks >= 3);
}
