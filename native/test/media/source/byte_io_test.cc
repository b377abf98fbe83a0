// A byte input behind libavformat's reader.
#include "media/source/byte_io.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

using namespace videopush;
using namespace videopush::media;

namespace {

class Text final : public ByteInput {
 public:
  Text(std::string text, bool seekable) : text_(std::move(text)), seekable_(seekable) {}
  int read(std::uint8_t* out, int size) override {
    if (std::exchange(fails_, false)) throw Error(ErrorCode::SourceDisconnected, "gone");
    const int count = std::min<int>(size, static_cast<int>(text_.size()) - position_);
    std::copy_n(text_.begin() + position_, count, out);
    position_ += count;
    return count;
  }
  void seek(std::int64_t position) override { position_ = static_cast<int>(position); }
  std::int64_t size() const override { return static_cast<std::int64_t>(text_.size()); }
  bool seekable() const override { return seekable_; }
  void fail_once() { fails_ = true; }

 private:
  const std::string text_;
  const bool seekable_;
  int position_ = 0;
  bool fails_ = false;
};

std::string read_all(ByteIo& io) {
  std::array<std::uint8_t, 16> bytes{};
  const int count = avio_read(io.context(), bytes.data(), static_cast<int>(bytes.size()));
  return count < 0 ? "" : std::string(bytes.begin(), bytes.begin() + count);
}

}  // namespace

TEST_CASE("libavformat reads a byte input to its end, and again from where it seeks to") {
  ByteIo io(std::make_unique<Text>("0123456789", true));
  CHECK(avio_size(io.context()) == 10);
  CHECK(read_all(io) == "0123456789");
  CHECK(avio_seek(io.context(), 7, SEEK_SET) == 7);
  CHECK(read_all(io) == "789");
  CHECK_FALSE(io.error());
}

TEST_CASE("libavformat cannot seek in a byte input that offers no seeking") {
  ByteIo io(std::make_unique<Text>("0123456789", false));
  CHECK((io.context()->seekable & AVIO_SEEKABLE_NORMAL) == 0);
}

TEST_CASE("the error of a byte input is kept for the caller until it is cleared before a seek") {
  auto text = std::make_unique<Text>("0123456789", true);
  text->fail_once();
  ByteIo io(std::move(text));
  CHECK(read_all(io).empty());
  REQUIRE(io.error());
  CHECK(io.error()->code() == ErrorCode::SourceDisconnected);
  io.clear_error();
  CHECK_FALSE(io.error());
  CHECK(avio_seek(io.context(), 5, SEEK_SET) == 5);
  CHECK(read_all(io) == "56789");
}
