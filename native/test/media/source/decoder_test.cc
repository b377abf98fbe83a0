#include "media/source/decoder.h"

#include <doctest/doctest.h>

using videopush::media::Timeline;

TEST_CASE("timestamps that move on are left alone") {
  Timeline timeline(40, 1000);
  CHECK(timeline.place(-80, 40) == -80);
  CHECK(timeline.place(-40, 40) == -40);
  CHECK(timeline.place(500, 40) == 500);
  CHECK(timeline.guessed() == 0);
}

TEST_CASE("a missing timestamp continues from the frame before it") {
  Timeline timeline(40, 1000);
  CHECK(timeline.place(AV_NOPTS_VALUE, 0) == 0);
  CHECK(timeline.place(AV_NOPTS_VALUE, 50) == 40);
  CHECK(timeline.place(AV_NOPTS_VALUE, 0) == 90);
  CHECK(timeline.guessed() == 3);
}

TEST_CASE("timestamps never stand still or go back") {
  Timeline timeline(40, 1000);
  CHECK(timeline.place(100, 40) == 100);
  CHECK(timeline.place(100, 40) == 101);
  CHECK(timeline.place(60, 40) == 102);
  CHECK(timeline.place(140, 40) == 140);
}

TEST_CASE("timestamps go on without a gap after a clock that jumped back") {
  Timeline timeline(40, 1000);
  CHECK(timeline.place(50'000, 40) == 50'000);
  CHECK(timeline.place(0, 40) == 50'040);
  CHECK(timeline.place(40, 40) == 50'080);
  timeline.reset();
  CHECK(timeline.place(40, 40) == 40);
}
