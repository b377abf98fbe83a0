#include "sinks/rtsp_auth.h"

#include <doctest/doctest.h>

#include "core/error.h"

using namespace videopush;
using sinks::Authenticator;
using sinks::AuthScheme;
using sinks::Challenge;
using sinks::Credentials;
using sinks::parse_challenges;
using sinks::RtspMessage;

namespace {

RtspMessage unauthorized(std::initializer_list<std::string> challenges) {
  RtspMessage message;
  message.status = 401;
  for (const std::string& each : challenges) message.headers.push_back({"WWW-Authenticate", each});
  return message;
}

std::string sign(const std::string& challenge, const Credentials& credentials,
                 const std::string& cnonce, const std::string& method, const std::string& uri) {
  Authenticator authenticator(credentials, [&] { return cnonce; });
  REQUIRE(authenticator.accept(unauthorized({challenge})));
  return authenticator.authorization(method, uri);
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("Digest answers as in RFC 7616's example, with MD5 and with SHA-256") {
  const std::string rest =
      "realm=\"http-auth@example.org\", qop=\"auth, auth-int\", "
      "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
      "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
  const Credentials mufasa{"Mufasa", "Circle of Life"};
  const std::string cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
  const auto md5 = sign("Digest algorithm=MD5, " + rest, mufasa, cnonce, "GET", "/dir/index.html");
  CHECK(contains(md5, "response=\"8ca523f5e9506fed4657c9700eebdbec\""));
  CHECK(contains(md5, "algorithm=MD5"));
  CHECK(contains(md5, "qop=auth, nc=00000001"));
  CHECK(contains(md5, "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""));
  const auto sha =
      sign("Digest " + rest + ", algorithm=SHA-256", mufasa, cnonce, "GET", "/dir/index.html");
  CHECK(contains(sha,
                 "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""));
}

TEST_CASE("Digest without qop answers as RFC 2617's predecessor did") {
  const auto value = sign("Digest realm=\"IPCAM\", nonce=\"abc123\"", {"admin", "12345"}, "unused",
                          "DESCRIBE", "rtsp://h/p");
  CHECK(contains(value, "response=\"34b70dc5edf3805d4bd2763f8b76179f\""));
  CHECK_FALSE(contains(value, "cnonce"));
  CHECK_FALSE(contains(value, "qop"));
  CHECK_FALSE(contains(value, "algorithm"));
}

TEST_CASE("a session algorithm hashes the client's nonce into the secret") {
  const auto value = sign("Digest realm=\"r\", nonce=\"n\", qop=auth, algorithm=MD5-sess",
                          {"u", "p"}, "c", "ANNOUNCE", "rtsp://h/p");
  CHECK(contains(value, "response=\"0d0c121144bbfbf6705117304f57f1e7\""));
}

TEST_CASE("Basic sends user and password in base 64") {
  CHECK(sign("Basic realm=\"WallyWorld\"", {"Aladdin", "open sesame"}, "", "OPTIONS",
             "rtsp://h/p") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

TEST_CASE("the strongest of several challenges is taken, from one header or from many") {
  const std::string digest = "Digest realm=\"d\", nonce=\"n\"";
  const std::string sha = "Digest realm=\"s\", nonce=\"n\", algorithm=SHA-256";
  const auto chosen = [](std::initializer_list<std::string> list) {
    Authenticator authenticator({"u", "p"}, [] { return std::string("c"); });
    REQUIRE(authenticator.accept(unauthorized(list)));
    return authenticator.authorization("OPTIONS", "*");
  };
  CHECK(contains(chosen({"Basic realm=\"b\"", digest}), "realm=\"d\""));
  CHECK(contains(chosen({sha + ", " + digest + ", Basic realm=\"b\""}), "realm=\"s\""));
  CHECK(contains(chosen({"NTLM", "Basic realm=\"b\""}), "Basic "));
}

TEST_CASE("challenges with commas, escapes and odd spacing are taken apart") {
  const auto list = parse_challenges(
      " Digest  realm = \"a, \\\"b\\\" = c\" ,nonce=\"x\",stale=TRUE , Negotiate, Basic "
      "realm=plain");
  REQUIRE(list.size() == 2);
  CHECK(list[0].realm == "a, \"b\" = c");
  CHECK(list[0].stale);
  CHECK(list[1].scheme == AuthScheme::Basic);
  CHECK(list[1].realm == "plain");
}

TEST_CASE("challenges that can't be answered are left out") {
  CHECK(parse_challenges("").empty());
  CHECK(parse_challenges("Bearer realm=\"x\"").empty());
  CHECK(parse_challenges("Digest realm=\"x\"").empty());  // no nonce
  CHECK(parse_challenges("Digest realm=\"x\", nonce=\"n\", algorithm=SHA-512-256").empty());
  CHECK(parse_challenges("Digest realm=\"x\", nonce=\"n\", qop=\"auth-int\"").empty());
  CHECK(parse_challenges("= = \", \\").empty());
}

TEST_CASE("the nonce count goes up with each request and starts again with each nonce") {
  Authenticator authenticator({"u", "p"}, [] { return std::string("c"); });
  CHECK(authenticator.authorization("OPTIONS", "*").empty());
  REQUIRE(authenticator.accept(unauthorized({"Digest realm=\"r\", nonce=\"1\", qop=auth"})));
  CHECK(contains(authenticator.authorization("OPTIONS", "*"), "nc=00000001"));
  CHECK(contains(authenticator.authorization("OPTIONS", "*"), "nc=00000002"));
  REQUIRE(authenticator.accept(
      unauthorized({"Digest realm=\"r\", nonce=\"2\", qop=auth, stale=true"})));
  CHECK(authenticator.stale());
  CHECK(contains(authenticator.authorization("OPTIONS", "*"), "nc=00000001"));
}

TEST_CASE("quotes in a user's name are escaped, control characters refused") {
  CHECK(contains(sign("Digest realm=\"r\", nonce=\"n\"", {"a\"b\\c", "p"}, "", "OPTIONS", "*"),
                 "username=\"a\\\"b\\\\c\""));
  CHECK_THROWS_AS(Authenticator({"user\r\nX: y", "p"}, sinks::random_hex), Error);
  CHECK_THROWS_AS(Authenticator({"user", "p\n"}, sinks::random_hex), Error);
}

TEST_CASE("client nonces are fresh") {
  CHECK(sinks::random_hex().size() == 32);
  CHECK(sinks::random_hex() != sinks::random_hex());
}
