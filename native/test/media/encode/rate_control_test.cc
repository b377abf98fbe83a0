// What a bit rate means: kept to, constant, or only a bound.
#include "media/encode/rate_control.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "core/error.h"
#include "media/encode/encoder.h"
#include "media/encode/packets.h"
#include "media/encode/timeline.h"

using namespace videopush;
using namespace videopush::test;
using media::EncodedPacket;
using media::Encoder;
using media::EncoderOptions;
using media::RateControl;

namespace {

constexpr AVRational kTicks{1, 90'000};
const VideoFormat kFormat = video_format({.width = 160, .height = 96});

std::string refusal(const EncoderOptions& options) {
  try {
    media::encoder_settings(options, kFormat, false);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::InvalidArgument);
    CHECK(error.action() != "");
    return error.message();
  }
  return "";
}

/// One picture, again and again: nothing to spend bits on.
std::vector<EncodedPacket> still(Encoder& encoder, const std::vector<std::int64_t>& stamps) {
  std::vector<EncodedPacket> packets;
  const FramePtr frame = picture(kFormat, 1);
  for (std::size_t i = 0; i < stamps.size(); ++i) {
    frame->pts = stamps[i];
    encoder.encode(*frame, i, false, packets);
  }
  encoder.flush(packets);
  return packets;
}

/// b/s of the packets from second `begin` to second `end`.
double rate(const std::vector<EncodedPacket>& packets, int begin, int end) {
  double bits = 0;
  for (const EncodedPacket& p : packets)
    if (p.packet->pts >= begin * 90'000 && p.packet->pts < end * 90'000)
      bits += 8.0 * p.packet->size;
  return bits / (end - begin);
}

/// The bytes of the sequence parameter set behind its start code: 0x67, profile, constraints,
/// level.
std::string parameter_set(const EncoderOptions& options) {
  const Encoder encoder(options, kFormat, true);
  const AVCodecParameters& parameters = encoder.parameters();
  const std::string data(reinterpret_cast<const char*>(parameters.extradata),
                         static_cast<std::size_t>(parameters.extradata_size));
  return data.substr(data.find('\x67'), 4);
}

}  // namespace

TEST_CASE("settings of the rate that contradict each other are refused in one sentence") {
  using enum RateControl;
  CHECK(refusal({.rate_control = Constant, .max_bit_rate = 500'000}) ==
        "rate control Constant takes no maximum bit rate");
  CHECK(refusal({.bit_rate = 500'000, .rate_control = Quality}) ==
        "rate control Quality takes no bit rate");
  CHECK(refusal({.quality = 20}) == "a quality is only for rate control Quality");
  CHECK(refusal({.bit_rate = 500'000, .max_bit_rate = 400'000}) ==
        "the maximum bit rate is below the bit rate");
  CHECK(refusal({.rate_control = Quality, .quality = 52}).starts_with("the quality must be"));
  CHECK(refusal({.max_bit_rate = 9'999}).starts_with("the maximum bit rate must be"));
  CHECK(refusal({.profile = "baseline", .max_b_frames = 1}) == "profile baseline has no B-frames");
  CHECK(refusal({.level = "41"}) == "'41' is no level");
  for (const EncoderOptions& options : {EncoderOptions{.codec = "VP8", .rate_control = Constant},
                                        EncoderOptions{.codec = "AV1", .rate_control = Quality},
                                        EncoderOptions{.codec = "MPEG4", .max_bit_rate = 500'000},
                                        EncoderOptions{.codec = "VP9", .level = "4"}})
    CHECK(refusal(options).find("takes neither rate control") != std::string::npos);
}

TEST_CASE("settings of the rate that fit each other are taken by x264 and x265") {
  using enum RateControl;
  for (const char* encoder : {"libx264", "libx265"}) {
    CAPTURE(encoder);
    CHECK_NOTHROW(Encoder({.encoder = encoder, .bit_rate = 500'000, .rate_control = Constant},
                          kFormat, true));
    CHECK_NOTHROW(
        Encoder({.encoder = encoder, .rate_control = Quality, .quality = 30}, kFormat, true));
    CHECK_NOTHROW(Encoder({.encoder = encoder,
                           .bit_rate = 300'000,
                           .max_bit_rate = 600'000,
                           .profile = "main",
                           .level = "4.1"},
                          kFormat, true));
  }
}

TEST_CASE("an x265 encoder that takes a stream over begins with the level of the stream's VBV") {
  const auto parameters = [](const char* encoder, double seconds) {
    auto settings =
        media::encoder_settings({.encoder = encoder, .bit_rate = 500'000}, kFormat, false);
    media::begin_vbv_at(settings, seconds);
    const std::string list = settings.options[std::string(encoder).substr(3) + "-params"];
    const auto at = list.rfind("vbv-init=");
    return at == std::string::npos ? "" : list.substr(at);
  };
  CHECK(parameters("libx265", 0.5) == "vbv-init=250");
  CHECK(parameters("libx265", -0.3) == "vbv-init=50");
  CHECK(parameters("libx265", 1) == "vbv-init=450");
  CHECK(parameters("libx264", 0.5) == "");
  Encoder encoder({.encoder = "libx265", .bit_rate = 500'000}, kFormat, true);
  const auto packets = encode_at(encoder, kFormat, time_stamps({{3, 10}, {3, 50}}, kTicks));
  CHECK(packets.size() == 180);
}

TEST_CASE("a constant rate holds for still pictures, too, and when the frame rate varies") {
  const EncoderOptions options = {.bit_rate = 300'000, .rate_control = RateControl::Constant};
  for (const std::vector<Stretch>& stretches :
       {std::vector<Stretch>{{8, 25}}, std::vector<Stretch>{{4, 10}, {4, 50}}}) {
    Encoder encoder(options, kFormat, true);
    const auto packets = still(encoder, time_stamps(stretches, kTicks));
    for (int second = 2; second < 8; ++second)
      CHECK(rate(packets, second, second + 1) == doctest::Approx(300'000).epsilon(0.1));
    CHECK(bytes(packets).find(std::string("\0\0\1\x0c\xff\xff", 6)) != std::string::npos);
  }
}

TEST_CASE("a still picture takes next to nothing unless the rate is constant") {
  Encoder encoder({.bit_rate = 300'000}, kFormat, true);
  const auto packets = still(encoder, time_stamps({{8, 25}}, kTicks));
  CHECK(rate(packets, 3, 8) < 100'000);
}

TEST_CASE("rate control Quality takes what the picture needs, and no more than the maximum") {
  const auto stamps = time_stamps({{4, 10}, {4, 50}}, kTicks);
  const auto taken = [&](int quality, std::int64_t most) {
    Encoder encoder(
        {.rate_control = RateControl::Quality, .max_bit_rate = most, .quality = quality}, kFormat,
        true);
    return rate(encode_at(encoder, kFormat, stamps), 1, 8);
  };
  CHECK(taken(40, 10'000'000) * 2 < taken(25, 10'000'000));
  CHECK(taken(20, 200'000) < 230'000);
}

TEST_CASE("a maximum above the bit rate lets a second take more, while the mean stays") {
  Encoder encoder({.bit_rate = 200'000, .max_bit_rate = 600'000}, kFormat, true);
  const auto packets = encode_at(encoder, kFormat, time_stamps({{8, 10}, {8, 50}}, kTicks));
  CHECK(rate(packets, 2, 16) == doctest::Approx(200'000).epsilon(0.2));
}

TEST_CASE("x264 has the profile and level asked for, and a profile that it refuses is named") {
  CHECK(parameter_set({.profile = "baseline", .level = "4.1"}).substr(1, 1) == "\x42");
  CHECK(parameter_set({.profile = "main", .level = "4.1"}).substr(1, 1) == "\x4d");
  CHECK(parameter_set({.level = "4.1"}).substr(3, 1) == "\x29");
  try {
    Encoder({.profile = "highest"}, kFormat, true);
    FAIL("it was taken");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::EncoderRejected);
    CHECK(error.message() == "libx264 refused profile=highest");
  }
}
