#include "media/source/location.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>

#include <cstring>
#include <string>

#include "core/error.h"
#include "core/local_address.h"
#include "media/source/net_address.h"

using namespace videopush;
using media::Location;
using media::parse_location;
using media::Scheme;

namespace {

ErrorCode refused(const std::string& uri) {
  try {
    parse_location(uri);
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::Internal;
}

bool local(const std::string& text) {
  sockaddr_storage storage{};
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
  } else {
    REQUIRE(inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1);
    v6->sin6_family = AF_INET6;
  }
  return is_local_address(reinterpret_cast<const sockaddr*>(&storage));
}

}  // namespace

TEST_CASE("paths are taken as they are, file URLs are decoded") {
  CHECK(parse_location("/a b/c%20d.mp4").path == "/a b/c%20d.mp4");
  CHECK(parse_location("file:clip.mp4").path == "clip.mp4");
  CHECK(parse_location("file:///a%20b/c%41").path == "/a b/cA");
  CHECK(parse_location("file://localhost/a").path == "/a");
  CHECK(parse_location("odd:name.mp4").path == "odd:name.mp4");
  CHECK(refused("file://host/a") == ErrorCode::UrlInvalid);
  CHECK(refused("file:") == ErrorCode::UrlInvalid);
  CHECK(refused("file:///a%00b") == ErrorCode::UrlInvalid);
  CHECK(refused("") == ErrorCode::UrlInvalid);
}

TEST_CASE("a URL is taken apart, and its user-info leaves it") {
  const Location found = parse_location("RTSP://bob:p%40ss@cam.example:8554/a?x=1");
  CHECK(found.scheme == Scheme::Rtsp);
  CHECK(found.url == "rtsp://cam.example:8554/a?x=1");
  CHECK(found.host == "cam.example");
  CHECK(found.user == "bob");
  CHECK(found.password == "p@ss");
  CHECK(found.shown.find("bob") == std::string::npos);
  CHECK(parse_location("http://[::1]:80/a").host == "::1");
  CHECK(parse_location("srt://h:9000?streamid=read:x").scheme == Scheme::Srt);
  CHECK(parse_location("rtmps://h/live/x").scheme == Scheme::Rtmp);
  CHECK(parse_location("https://h/a.mp4").scheme == Scheme::Http);
}

TEST_CASE("a wrong URL is refused with its reason") {
  CHECK(refused("http://") == ErrorCode::UrlInvalid);
  CHECK(refused("http:///a") == ErrorCode::UrlInvalid);
  CHECK(refused("http://h:0/") == ErrorCode::UrlInvalid);
  CHECK(refused("http://h:65536/") == ErrorCode::UrlInvalid);
  CHECK(refused("http://h:80x/") == ErrorCode::UrlInvalid);
  CHECK(refused("http://[::1/") == ErrorCode::UrlInvalid);
  CHECK(refused("http://h/a\r\nHost: x") == ErrorCode::UrlInvalid);
  CHECK(refused("http://h/" + std::string(5000, 'a')) == ErrorCode::UrlInvalid);
  CHECK(refused("rtsps://h/a") == ErrorCode::SchemeUnsupported);
  CHECK(refused("gopher://h/a") == ErrorCode::SchemeUnsupported);
}

TEST_CASE("loopback, link-local and this-host addresses are local in every disguise") {
  for (const char* address :
       {"127.0.0.1", "127.255.0.3", "0.0.0.0", "0.1.2.3", "169.254.169.254", "::1", "::", "fe80::1",
        "febf::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1",
        "2002:7f00:1::", "fd00:ec2::254"}) {
    CAPTURE(std::string(address));
    CHECK(local(address));
  }
  for (const char* address : {"93.184.216.34", "10.0.0.1", "192.168.1.1", "128.0.0.1",
                              "2001:db8::1", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"}) {
    CAPTURE(std::string(address));
    CHECK_FALSE(local(address));
  }
}

TEST_CASE("a host look-up names an unknown host and obeys an abort") {
  AbortSignal abort;
  const IoLimit limit(abort, std::chrono::seconds(20));
  CHECK_NOTHROW(media::require_resolvable("127.0.0.1", abort, limit));
  try {
    media::require_resolvable("no-such-host.invalid", abort, limit);
    FAIL("resolved a name that can't exist");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::HostUnknown);
  }
  abort.abort();
  try {
    media::require_resolvable("no-such-host.invalid", abort, limit);
    FAIL("resolved a name that can't exist");
  } catch (const Error& error) {
    CHECK((error.code() == ErrorCode::Aborted || error.code() == ErrorCode::HostUnknown));
  }
}
