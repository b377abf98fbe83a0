#include "core/url.h"

#include <doctest/doctest.h>

#include <string>

#include "core/error.h"
#include "support/error_of.h"

using namespace videopush;

TEST_CASE("a name without a scheme is a path as it stands, a file URL is percent-decoded") {
  struct Name {
    const char *text, *path;
  };
  for (const Name& name :
       {Name{"filename.mkv", "filename.mkv"}, Name{"/a b%20:c", "/a b%20:c"},
        Name{"file:a%20b", "a b"}, Name{"FILE:///a%E9", "/a\xe9"}, Name{"file://localhost/a", "/a"},
        Name{"file:/a?b#c", "/a?b#c"}, Name{"file:100%", "100%"}, Name{"rtsp:/x", "rtsp:/x"}}) {
    CAPTURE(std::string(name.text));
    CHECK(local_path(name.text) == name.path);
  }
  CHECK_FALSE(local_path("rtsp://host/x"));
  for (const char* text : {"", "file:", "file://host/a", "file://localhost", "file:a%00b"}) {
    CAPTURE(std::string(text));
    CHECK(test::error_of([&] { local_path(text); }).code() == ErrorCode::UrlInvalid);
  }
}

TEST_CASE("percent encoding goes both ways and leaves broken escapes alone") {
  CHECK(percent_encode("a b/\xc3\xa4~") == "a%20b%2F%C3%A4~");
  CHECK(percent_decode("a%20b%2f%C3%A4~") == "a b/\xc3\xa4~");
  CHECK(percent_decode("100% %4 %zz %") == "100% %4 %zz %");
}

TEST_CASE("percent encoding and decoding are each other's inverse") {
  const std::string text = "a@b:c/d e%é~";
  CHECK(percent_decode(percent_encode(text)) == text);
  CHECK(percent_encode("p@ss:/") == "p%40ss%3A%2F");
  CHECK(percent_decode("%4") == "%4");
  CHECK(percent_decode("%zz%41") == "%zzA");
}

TEST_CASE("an authority is split into user-info, host and port") {
  const Authority full = split_authority("me:p@ss@cam.example:8554");
  CHECK(full.user_info == "me:p@ss");
  CHECK(full.host == "cam.example");
  CHECK(full.port == 8554);
  CHECK(split_authority("[::1]:80").host == "::1");
  CHECK(split_authority("[::1]:80").port == 80);
  CHECK_FALSE(split_authority("h").has_user_info);
  CHECK(split_authority("h").port == 0);
}

TEST_CASE("the error of an invalid authority names its problem") {
  for (const char* text : {"", ":80", "[::1", "[::1]80", "h:", "h:0", "h:65536", "h:8x", "h:-1"}) {
    CAPTURE(text);
    CHECK_FALSE(split_authority(text).problem.empty());
  }
}

TEST_CASE("only text that begins with a scheme of RFC 3986 has one") {
  for (const char* text : {"rtsp://h", "A+b-1.c://h"}) CHECK(has_scheme(text));
  for (const char* text : {"", "://x", "1a://h", "a b://h", "file:x", "/a://b"}) {
    CAPTURE(text);
    CHECK_FALSE(has_scheme(text));
  }
}
