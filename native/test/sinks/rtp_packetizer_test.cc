#include "sinks/rtp_packetizer.h"

#include <doctest/doctest.h>

#include "sinks/rtsp_support.h"

using namespace videopush;
using namespace videopush::test;
using sinks::RtpPacketizer;

namespace {

/// The RTP packets in a run of interleaved frames; checks the frames on the way.
std::vector<RtpPacket> packets_in(const Bytes& wire, int channel) {
  std::vector<RtpPacket> out;
  for (std::size_t at = 0; at < wire.size();) {
    REQUIRE(wire.at(at) == '$');
    REQUIRE(wire.at(at + 1) == channel);
    const std::size_t length = static_cast<std::size_t>(wire.at(at + 2)) << 8 | wire.at(at + 3);
    REQUIRE(at + 4 + length <= wire.size());
    const auto begin = wire.begin() + static_cast<long>(at) + 4;
    out.push_back(parse_rtp(Bytes(begin, begin + static_cast<long>(length))));
    at += 4 + length;
  }
  return out;
}

TestTrack track_of(AVCodecID codec, const Bytes& headers) {
  TestTrack track;
  AVCodecParameters& parameters = *track.parameters;
  parameters.codec_id = codec;
  av_freep(&parameters.extradata);
  parameters.extradata_size = 0;
  if (headers.empty()) return track;
  const std::size_t size = headers.size() + AV_INPUT_BUFFER_PADDING_SIZE;
  parameters.extradata = static_cast<std::uint8_t*>(av_mallocz(size));
  std::memcpy(parameters.extradata, headers.data(), headers.size());
  parameters.extradata_size = static_cast<int>(headers.size());
  return track;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE(
    "units of any size come back from RTP as they went in, in packets of at most 1400 bytes") {
  constexpr unsigned kSeed = 99;
  CAPTURE(kSeed);
  std::mt19937 random(kSeed);
  const TestTrack track;
  RtpPacketizer packetizer(track.info(), kTimestampBase, kSsrc);
  Bytes wire;
  std::vector<TestUnit> sent;
  for (int i = 0; i < 60; ++i) {
    const std::size_t size = i < 20 ? 1'370 + static_cast<std::size_t>(i) : 1 + random() % 200'000;
    sent.push_back(make_unit(i, size, random));
    packetizer.packetize(sent.back().unit(), 7, wire);
  }
  const auto packets = packets_in(wire, 7);
  CHECK(packets.size() == packetizer.packets());
  std::size_t octets = 0;
  for (const RtpPacket& packet : packets) {
    REQUIRE(packet.payload.size() <= RtpPacketizer::kPacketBytes - 12);
    octets += packet.payload.size();
  }
  CHECK(octets == packetizer.octets());
  const auto received = reassemble(packets);
  REQUIRE(received.size() == sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) {
    Nals expected = sent[i].nals;
    if (sent[i].key) expected.insert(expected.begin(), {kSps, kPps});
    REQUIRE(received[i].nals == expected);
  }
}

TEST_CASE("parameter sets that a key frame brings itself are not sent twice") {
  std::mt19937 random(1);
  const TestTrack track;
  RtpPacketizer packetizer(track.info(), 0, kSsrc);
  const Nals own = {kSps, kPps, noise_nal(0x65, 500, random)};
  const Bytes data = annex_b(own);
  TestUnit unit = make_unit(0, 10, random);
  av_packet_unref(unit.packet.get());
  REQUIRE(av_new_packet(unit.packet.get(), static_cast<int>(data.size())) == 0);
  std::memcpy(unit.packet->data, data.data(), data.size());
  unit.packet->pts = unit.packet->dts = 0;
  Bytes wire;
  packetizer.packetize(unit.unit(), 0, wire);
  CHECK(reassemble(packets_in(wire, 0)).at(0).nals == own);
}

TEST_CASE("RTP carries the presentation time, in the order of decoding, from whatever time base") {
  std::mt19937 random(1);
  TestTrack track;
  auto info = track.info();
  info.time_base = {1'001, 30'000};
  RtpPacketizer packetizer(info, 1'000, kSsrc);
  constexpr std::int64_t kPts[] = {0, 3, 1, 2, 6, 4, 5};  // I P B B P B B
  Bytes wire;
  for (int i = 0; i < 7; ++i) {
    TestUnit unit = make_unit(i, 100, random);
    unit.packet->pts = kPts[i] + 1;
    unit.packet->dts = i;
    packetizer.packetize(unit.unit(), 0, wire);
  }
  const auto received = reassemble(packets_in(wire, 0));
  REQUIRE(received.size() == 7);
  for (std::size_t i = 0; i < 7; ++i) CHECK(received[i].timestamp == 1'000 + (kPts[i] + 1) * 3'003);
}

TEST_CASE("an hour at 29.97 and 23.976 frames per second has no error on the RTP clock") {
  const TestTrack track;
  for (const AVRational base : {AVRational{1'001, 30'000}, AVRational{1'001, 24'000}}) {
    auto info = track.info();
    info.time_base = base;
    const RtpPacketizer packetizer(info, kTimestampBase, kSsrc);
    for (std::int64_t i = 0; i < 108'000; ++i) {
      const __int128 doubled = static_cast<__int128>(i) * base.num * 90'000 * 2;
      const auto exact = static_cast<std::int64_t>((doubled + base.den) / (2 * base.den));
      REQUIRE(packetizer.rtp_time(i) == kTimestampBase + static_cast<std::uint32_t>(exact));
    }
  }
}

TEST_CASE("the description names each codec, its parameter sets and one control path") {
  const auto sdp = [](AVCodecID codec, const Bytes& headers) {
    const TestTrack track = track_of(codec, headers);
    return RtpPacketizer(track.info(), 0, kSsrc).sdp();
  };
  const std::string h264 = sdp(AV_CODEC_ID_H264, annex_b({kSps, kPps}));
  CHECK(h264.starts_with(
      "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=VideoPush\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=video 0 "));
  CHECK(h264.ends_with("a=control:streamid=0\r\n"));
  CHECK(contains(h264,
                 "sprop-parameter-sets=Z0LAH9oBQBboBtChNQ==,aM4G4g==; profile-level-id=42C01F"));
  CHECK_FALSE(contains(h264, "libavformat"));
  CHECK(contains(sdp(AV_CODEC_ID_H264, {}), "a=rtpmap:96 H264/90000"));
  CHECK(contains(sdp(AV_CODEC_ID_HEVC, {}), "a=rtpmap:96 H265/90000"));
  CHECK(contains(sdp(AV_CODEC_ID_VP8, {}), "a=rtpmap:96 VP8/90000"));
  CHECK(contains(sdp(AV_CODEC_ID_VP9, {}), "a=rtpmap:96 VP9/90000"));
  CHECK(contains(sdp(AV_CODEC_ID_MPEG4, {0, 0, 1, 0xb0, 1}), "config=000001B001"));
  CHECK(contains(sdp(AV_CODEC_ID_MPEG2VIDEO, {}), "m=video 0 RTP/AVP 32\r\n"));
}

TEST_CASE("a description that would exceed its bound is refused") {
  const TestTrack track = track_of(AV_CODEC_ID_MPEG4, Bytes(10'000, 0x5a));
  RtpPacketizer packetizer(track.info(), 0, kSsrc);
  CHECK(error_of([&] { packetizer.sdp(); }).code() == ErrorCode::InvalidArgument);
}

TEST_CASE("tracks and units that can't be sent are refused by name") {
  const TestTrack unknown = track_of(AV_CODEC_ID_FFV1, {});
  CHECK(error_of([&] { RtpPacketizer(unknown.info(), 0, kSsrc); }).code() ==
        ErrorCode::CodecUnsupportedByTarget);
  CHECK(error_of([] { RtpPacketizer({}, 0, kSsrc); }).code() == ErrorCode::InvalidArgument);
  const TestTrack track;
  RtpPacketizer packetizer(track.info(), 0, kSsrc);
  std::mt19937 random(1);
  TestUnit unit = make_unit(0, 10, random);
  unit.packet->pts = AV_NOPTS_VALUE;
  Bytes wire;
  CHECK(error_of([&] { packetizer.packetize(unit.unit(), 0, wire); }).code() ==
        ErrorCode::InvalidArgument);
  CHECK(wire.empty());
}
