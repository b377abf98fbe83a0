#include "core/format.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using videopush::VideoFormat;

TEST_CASE("frame_bytes counts 64-byte aligned rows and refuses nonsense") {
  VideoFormat format;
  format.width = 1920;
  format.height = 1080;
  format.pixel_format = AV_PIX_FMT_YUV420P;
  CHECK(format.frame_bytes() == 1920u * 1080 + 2u * 960 * 540);
  format.width = 98;
  format.height = 2;
  CHECK(format.frame_bytes() == 128u * 2 + 2u * 64);
  format.pixel_format = AV_PIX_FMT_NONE;
  CHECK(format.frame_bytes() == 0);
}

TEST_CASE("frame_interval_ns is exact for NTSC rates and 40 ms when unknown") {
  VideoFormat format;
  CHECK(format.frame_interval_ns() == 40'000'000);
  format.frame_rate_num = 30000;
  format.frame_rate_den = 1001;
  CHECK(format.frame_interval_ns() == 33'366'667);
}

TEST_CASE("log lines arrive whole and without credentials") {
  std::vector<std::string> lines;
  videopush::set_log_sink(
      [](int, const char* line, void* user) {
        static_cast<std::vector<std::string>*>(user)->emplace_back(line);
      },
      &lines);
  av_log(nullptr, AV_LOG_ERROR, "open rtsp://bob:pw@cam");
  av_log(nullptr, AV_LOG_ERROR, "/a failed\nsecond\n");
  av_log(nullptr, AV_LOG_INFO, "not at this level\n");
  videopush::set_log_sink(nullptr, nullptr);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] == "open rtsp://cam/a failed");
  CHECK(lines[1] == "second");
}
