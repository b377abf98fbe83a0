#include "core/redact.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "core/error.h"

using videopush::hide_url;
using videopush::redact;
using videopush::redact_url;
using videopush::Secrets;
using videopush::secrets_in;

namespace {

struct Vector {
  std::string title, text, expected;
  std::vector<std::string> secrets;
};

/// Reads what test/vectors/redaction.json consists of: objects whose values are strings or lists of
/// strings, with the escapes \" \\ and \n.
class VectorReader {
 public:
  explicit VectorReader(const std::string& path) {
    std::ifstream file(path);
    text_.assign(std::istreambuf_iterator<char>(file), {});
  }

  std::vector<Vector> read() {
    std::vector<Vector> out;
    at_ = text_.find('[') + 1;
    while (skip_to("{]") == '{') {
      Vector& vector = out.emplace_back();
      while (skip_to("\"}") == '"') field(vector);
    }
    return out;
  }

 private:
  /// Moves behind the next of `marks` and returns it.
  char skip_to(const char* marks) {
    at_ = text_.find_first_of(marks, at_);
    REQUIRE(at_ != std::string::npos);
    return text_[at_++];
  }

  /// What follows an opening quote.
  std::string string() {
    std::string out;
    for (; text_.at(at_) != '"'; ++at_) {
      if (text_[at_] == '\\') {
        ++at_;
        out += text_.at(at_) == 'n' ? '\n' : text_[at_];
      } else {
        out += text_[at_];
      }
    }
    ++at_;
    return out;
  }

  void field(Vector& vector) {
    const std::string name = string();
    if (name == "secrets") {
      skip_to("[");
      while (skip_to("\"]") == '"') vector.secrets.push_back(string());
      return;
    }
    skip_to("\"");
    (name == "title" ? vector.title : name == "text" ? vector.text : vector.expected) = string();
  }

  std::string text_;
  std::size_t at_ = 0;
};

std::vector<Vector> vectors() { return VectorReader(VIDEOPUSH_VECTORS "/redaction.json").read(); }

}  // namespace

TEST_CASE("redaction gives the result of every shared test vector, and the same again") {
  const std::vector<Vector> all = vectors();
  REQUIRE(all.size() > 70);
  for (const Vector& vector : all) {
    CAPTURE(vector.title);
    Secrets secrets;
    secrets.set(vector.secrets);
    CHECK(redact(vector.text) == vector.expected);
    CHECK(redact(vector.expected) == vector.expected);
  }
}

TEST_CASE("a text that was cut anywhere does not change when it is redacted twice") {
  for (const Vector& vector : vectors()) {
    for (std::size_t i = 0; i <= vector.text.size(); ++i) {
      redact(std::string_view(vector.text).substr(i));
      const std::string cut = redact(std::string_view(vector.text).substr(0, i));
      CHECK(redact(cut) == cut);
    }
  }
}

TEST_CASE("redaction of long texts from hostile servers takes a bounded time") {
  std::string words, urls, passwords;
  for (int i = 0; i < 20'000; ++i) {
    words += "abc+";
    urls += "a://b,";
    passwords += "a://b:c @";
  }
  for (const std::string& text : {words + " ://", words + "!" + urls, passwords}) {
    const auto begin = std::chrono::steady_clock::now();
    redact(text);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));
  }
}

TEST_CASE("the message and the action of an error are redacted") {
  const videopush::Error error(videopush::ErrorCode::UrlInvalid, "no rtsp://a:b@h/1?token=c",
                               "try rtmp://h/live/key");
  CHECK(error.message() == "no rtsp://h/1?token=***");
  CHECK(error.action() == "try rtmp://h/live/***");
}

TEST_CASE("a URL that is a secret shows its scheme and its host") {
  CHECK(hide_url("rtmp://ann:pw@h:1/live/key?x=1") == "rtmp://h:1/***");
  CHECK(hide_url("srt://[::1]:9?streamid=x") == "srt://[::1]:9/***");
  CHECK(hide_url("out.mkv") == "***");
}

TEST_CASE("a URL alone is redacted up to its end, whatever stands in its secrets") {
  CHECK(redact_url("rtsp://h/x?token=a b\"c'd|e") == "rtsp://h/x?token=***");
  CHECK(redact_url("rtsp://ann:a b\"c@h/x y") == "rtsp://h/x y");
  CHECK(redact_url("clip.mp4?token=a") == "clip.mp4?token=a");
  CHECK(hide_url("rtsp://ann:a/b c@h:1/x") == "rtsp://h:1/***");
}

TEST_CASE("the secrets of a URL are the parts that redaction hides") {
  using List = std::vector<std::string>;
  CHECK(secrets_in("rtmp://ann:pw@h/live/key?token=t&mode=m") == List{"ann", "pw", "key", "t"});
  CHECK(secrets_in("srt://h:1?streamid=publish:cam:bob:s3c&passphrase=pp") ==
        List{"bob", "s3c", "pp"});
  CHECK(secrets_in("rtmp://h/app/instance/key") == List{"instance/key", "key"});
  CHECK(secrets_in("rtsp://h/cam").empty());
  CHECK(secrets_in("rtsp://h/way/cam?mode=m", true) == List{"mode=m", "way/cam", "cam"});
  CHECK(secrets_in("rtmp://h/cam", true) == List{"cam", "cam"});
  CHECK(secrets_in("clip.mp4", true).empty());
}

TEST_CASE("a secret is known as long as somebody holds it, and is replaced by the next one") {
  Secrets first;
  first.set({"hunter2"});
  {
    Secrets second;
    second.set({"hunter2", "other"});
    CHECK(redact("hunter2 other") == "*** ***");
  }
  CHECK(redact("hunter2 other") == "*** other");
  first.set({"rotated"});
  CHECK(redact("hunter2 rotated") == "hunter2 ***");
}

TEST_CASE("the longest secrets are kept when there are too many") {
  std::vector<std::string> many;
  for (int i = 0; i < 1000; ++i) many.push_back("secret-number-" + std::to_string(i));
  many.push_back("the-longest-secret-of-them");
  Secrets secrets;
  secrets.set(many);
  CHECK(redact("the-longest-secret-of-them") == "***");
  CHECK(redact("secret-number-5") == "secret-number-5");
}

TEST_CASE("secrets may be set, looked for and forgotten on many threads") {
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&stop, i] {
      while (!stop) {
        Secrets own;
        own.set({"password" + std::to_string(i), "shared-password"});
        CHECK(redact("x password" + std::to_string(i) + " shared-password") == "x *** ***");
      }
    });
  }
  for (int i = 0; i < 200; ++i) redact("rtsp://a:b@h shared-password");
  stop = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(redact("shared-password") == "shared-password");
}
