#include "sinks/target.h"

#include <doctest/doctest.h>

#include <string>

#include "core/error.h"
#include "sinks/muxed_address.h"
#include "sinks/sink.h"
#include "sinks/url.h"
#include "support/error_of.h"
#include "support/sim_clock.h"

using namespace videopush;
using sinks::Protocol;
using sinks::protocol_of;
using test::error_of;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a target's protocol is known by its scheme, in any case, or its ending") {
  CHECK(protocol_of("rtsp://host/path") == Protocol::Rtsp);
  CHECK(protocol_of("RTSP://Host:8554/Path") == Protocol::Rtsp);
  CHECK(protocol_of("Rtmp://host/app/key") == Protocol::Rtmp);
  CHECK(protocol_of("rtmps://host/app/key") == Protocol::Rtmp);
  CHECK(protocol_of("srt://host:8890?streamid=publish:x") == Protocol::Srt);
  for (const char* name :
       {"out.mkv", "/tmp/Out.MP4", "file:out.ts", "file:///tmp/a b.flv", "a:b.mkv"}) {
    CAPTURE(name);
    CHECK(protocol_of(name) == Protocol::File);
  }
}

TEST_CASE(
    "a target that can't be pushed to is refused before connecting, and the refusal lists those "
    "that can") {
  for (const char* url : {"udp://host:1", "http://host/live.flv", "https://host/x", "tcp://host:1",
                          "rtsps://host/x", "whip://host", "out.avi", "out", "file:///tmp/x"}) {
    CAPTURE(url);
    const Error error = error_of([&] { protocol_of(url); });
    CHECK(error.code() == ErrorCode::SchemeUnsupported);
    CHECK(contains(error.action(), "rtsp://"));
    CHECK(contains(error.action(), ".mkv"));
  }
  CHECK(contains(error_of([] { protocol_of("rtsps://h/x"); }).message(), "TLS"));
}

TEST_CASE("the error of a malformed URL says what is wrong, without the password in it") {
  const auto refused = [](const std::string& url) {
    return error_of([&] { sinks::parse_url(url); });
  };
  for (const char* url :
       {"rtsp://", "rtsp:///path", "rtsp://host:0/x", "rtsp://host:65536/x", "rtsp://host:12x/x",
        "rtsp://host:/x", "rtsp://ho st/x", "rtsp://host/a\r\nb", "rtsp://[::1/x", "rtsp://[::1]x/",
        "rtsp://host/x#y", "rtsp://host/x?a=#y", "srt://host:1/x#y", "srt://host:1#y?a=b",
        "rtmp://host#y", "://x", "no-scheme"}) {
    CAPTURE(url);
    CHECK(refused(url).code() == ErrorCode::UrlInvalid);
  }
  CHECK(refused("rtsp://host/" + std::string(4'096, 'x')).code() == ErrorCode::UrlInvalid);
  CHECK(contains(refused("rtsp://host/x#y").message(), "written %23"));
  const Error secret = refused("rtsp://user:hunter2@host/x");
  CHECK(secret.code() == ErrorCode::UrlInvalid);
  CHECK_FALSE(contains(secret.message() + secret.action(), "hunter2"));
}

TEST_CASE("a URL is taken apart, IPv6 and missing parts included") {
  const auto url = sinks::parse_url("RTSP://[fe80::1]:8554/live/a?token=b");
  CHECK(url.scheme == "rtsp");
  CHECK(url.host == "fe80::1");
  CHECK(url.port == 8554);
  CHECK(url.path == "/live/a?token=b");
  CHECK(url.authority(554) == "[fe80::1]:8554");
  CHECK(sinks::parse_url("rtsp://h").path.empty());
  CHECK(sinks::parse_url("rtsp://h?x").path == "/?x");
  CHECK(sinks::parse_url("rtsp://h").authority(554) == "h:554");
}

TEST_CASE("codecs that a target can't carry are refused by name, with those that it can") {
  sinks::check_codec(Protocol::Rtsp, "rtsp://h/p", AV_CODEC_ID_H264);
  sinks::check_codec(Protocol::Rtsp, "rtsp://h/p", AV_CODEC_ID_HEVC);
  sinks::check_codec(Protocol::Rtsp, "rtsp://h/p", AV_CODEC_ID_VP8);
  sinks::check_codec(Protocol::Rtsp, "rtsp://h/p", AV_CODEC_ID_MPEG4);
  sinks::check_codec(Protocol::Rtmp, "rtmp://h/p", AV_CODEC_ID_H264);
  sinks::check_codec(Protocol::File, "x.mkv", AV_CODEC_ID_VP9);
  sinks::check_codec(Protocol::File, "x.mp4", AV_CODEC_ID_HEVC);
  sinks::check_codec(Protocol::File, "x.ts", AV_CODEC_ID_H264);
  const Error rtmp =
      error_of([] { sinks::check_codec(Protocol::Rtmp, "rtmp://h/p", AV_CODEC_ID_VP8); });
  CHECK(rtmp.code() == ErrorCode::CodecUnsupportedByTarget);
  CHECK(contains(rtmp.message(), "vp8"));
  CHECK(contains(rtmp.action(), "h264"));
  const Error ts = error_of([] { sinks::check_codec(Protocol::File, "x.ts", AV_CODEC_ID_VP9); });
  CHECK(contains(ts.action(), "h264, hevc"));
  CHECK(error_of([] { sinks::check_codec(Protocol::Rtsp, "rtsp://h", AV_CODEC_ID_FFV1); }).code() ==
        ErrorCode::CodecUnsupportedByTarget);
}

TEST_CASE("parameter sets are asked for where the container keeps them apart") {
  test::SimClock clock;
  const auto global = [&](const char* url) {
    return sinks::make_sink({.url = url, .credentials = {}, .limits = {}}, clock)
        ->wants_global_header();
  };
  CHECK(global("rtsp://h/p"));
  CHECK(global("rtmp://h/p"));
  CHECK(global("x.mkv"));
  CHECK(global("x.mp4"));
  CHECK_FALSE(global("x.ts"));
  CHECK_FALSE(global("srt://h:1"));
}

TEST_CASE("credentials are put where MediaMTX looks for them, escaped") {
  const sinks::Credentials account{"me", "p&s s"};
  const auto rtmp = [&](const std::string& url, const sinks::Credentials& credentials) {
    return sinks::target_address(Protocol::Rtmp, url, credentials).url;
  };
  CHECK(rtmp("RTMP://h/a", {}) == "rtmp://h:1935/a");
  CHECK(rtmp("rtmps://h/a", {}) == "rtmps://h:443/a");
  CHECK(rtmp("rtmp://h/live/k#y?x=1#z", {}) == "rtmp://h:1935/live/k#y?x=1#z");
  CHECK(rtmp("rtmp://h:1/a", account) == "rtmp://h:1/a?user=me&pass=p%26s%20s");
  CHECK(rtmp("rtmp://h:1/a?x=1", account) == "rtmp://h:1/a?x=1&user=me&pass=p%26s%20s");
}

TEST_CASE(
    "an SRT stream id is made of path and credentials, or taken from the URL, and leaves the URL") {
  const sinks::Credentials account{"me", "p&s:s"};
  const auto srt = [&](const std::string& url, const sinks::Credentials& credentials) {
    const auto target = sinks::target_address(Protocol::Srt, url, credentials);
    return target.url + " " + target.stream_id;
  };
  CHECK(srt("srt://h:1", {}) == "srt://h:1 ");
  CHECK(srt("srt://h:1/cam", {}) == "srt://h:1 publish:cam");
  CHECK(srt("srt://h:1/cam?latency=5&mode=caller", account) ==
        "srt://h:1?latency=5&mode=caller publish:cam:me:p&s:s");
  CHECK(srt("srt://h:1?streamid=publish%3Acam&latency=5", account) ==
        "srt://h:1?latency=5 publish:cam:me:p&s:s");
  CHECK(srt("srt://h:1?latency=5&streamid=%23!::m=publish,r=cam", account) ==
        "srt://h:1?latency=5 #!::m=publish,r=cam,u=me,s=p&s:s");
  for (const char* id :
       {"#!::r=live/x,m=publish", "%23!::r=live/x,m=publish",
        "%23%21%3A%3Ar%3Dlive%2Fx%2Cm%3Dpublish", "%23!::r%3dlive%2fx,m%3dpublish"}) {
    CAPTURE(id);
    CHECK(srt("srt://h:1?streamid=" + std::string(id) + "&latency=5", {}) ==
          "srt://h:1?latency=5 #!::r=live/x,m=publish");
  }
  CHECK(srt("srt://h:1?passphrase=ten-#-characters", {}) ==
        "srt://h:1?passphrase=ten-#-characters ");
  CHECK(error_of([&] { srt("srt://h/cam", {}); }).code() == ErrorCode::UrlInvalid);
}

TEST_CASE("a long path of RTMP, or one with a slash in its query, is handed over in its parts") {
  const auto parts = [](const std::string& path, const sinks::Credentials& credentials = {}) {
    const auto target = sinks::target_address(Protocol::Rtmp, "rtmp://host/" + path, credentials);
    return target.application + " " + target.stream_key;
  };
  CHECK(parts("live/key") == " ");
  CHECK(parts("app/instance/key?a=b") == " ");
  CHECK(parts("live/key?token=a/b+c") == "live key?token=a/b+c");
  CHECK(parts("app/instance/key?token=a/b") == "app/instance key?token=a/b");
  CHECK(parts("app/mp4:a/b?token=a/b") == "app mp4:a/b?token=a/b");
  CHECK(parts("app?token=a/b") == "app ?token=a/b");
  const std::string token(1'500, 'x');
  CHECK(parts("live/key?token=" + token) == "live key?token=" + token);
  CHECK(parts("live/key?token=" + token, {"me", "s"}) ==
        "live key?token=" + token + "&user=me&pass=s");
  CHECK(error_of([&] { parts(token + "/key"); }).code() == ErrorCode::UrlInvalid);
}
