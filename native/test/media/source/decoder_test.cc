#include "media/source/decoder.h"

#include <doctest/doctest.h>

#include "core/abort.h"
#include "media/source/clips.h"
#include "media/source/demuxer.h"

using namespace videopush;
using media::Decoder;
using media::FrameClock;

TEST_CASE("the decoder of a live source gives a picture at once, however many threads it has") {
  const AbortSignal never;
  media::SourceOptions options;
  options.uri = clips::make(20, "25", clips::x264(0, 20), "mp4");
  media::DecodeOptions threads;
  threads.threads = 4;
  for (const bool live : {true, false}) {
    CAPTURE(live);
    media::Demuxer demuxer(options, never);
    Decoder decoder(demuxer.video(), {25, 1}, threads, live);
    const PacketPtr packet = make_packet();
    REQUIRE(demuxer.read(*packet));
    decoder.send(packet.get());
    const FramePtr frame = make_frame();
    CHECK((decoder.receive(*frame) == Decoder::Result::Frame) == live);
  }
}

TEST_CASE("timestamps that move on are left alone") {
  FrameClock clock(40);
  CHECK(clock.place(-80, 40) == -80);
  CHECK(clock.place(-40, 40) == -40);
  CHECK(clock.place(500, 40) == 500);
  CHECK(clock.guessed() == 0);
}

TEST_CASE("a missing timestamp continues from the frame before it") {
  FrameClock clock(40);
  CHECK(clock.place(AV_NOPTS_VALUE, 0) == 0);
  CHECK(clock.place(AV_NOPTS_VALUE, 50) == 40);
  CHECK(clock.place(AV_NOPTS_VALUE, 0) == 90);
  CHECK(clock.guessed() == 3);
}

TEST_CASE("timestamps never stand still or go back") {
  FrameClock clock(40);
  CHECK(clock.place(100, 40) == 100);
  CHECK(clock.place(100, 40) == 101);
  CHECK(clock.place(60, 40) == 102);
  CHECK(clock.place(140, 40) == 140);
}

TEST_CASE("a frame clock that was reset takes any timestamp") {
  FrameClock clock(40);
  CHECK(clock.place(50'000, 40) == 50'000);
  clock.reset();
  CHECK(clock.place(40, 40) == 40);
}
