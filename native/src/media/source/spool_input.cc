#include "media/source/spool_input.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"

namespace videopush::media {
namespace {

using Bytes = std::vector<std::uint8_t>;

/// What stands before the first large box of a file is smaller.
constexpr std::size_t kHeadBytes = 4096;
constexpr std::size_t kPieceBytes = 256ull * 1024;

/// The bytes that were looked at, and then the rest.
class HeadedInput final : public ByteInput {
 public:
  HeadedInput(Bytes head, std::unique_ptr<ByteInput> rest)
      : head_(std::move(head)), rest_(std::move(rest)) {}

  int read(std::uint8_t* out, int size) override {
    if (taken_ == head_.size()) return rest_->read(out, size);
    const std::size_t count = std::min(static_cast<std::size_t>(size), head_.size() - taken_);
    std::memcpy(out, head_.data() + taken_, count);
    taken_ += count;
    return static_cast<int>(count);
  }
  void seek(std::int64_t) override {}
  std::int64_t size() const override { return rest_->size(); }
  bool seekable() const override { return false; }
  std::string content_type() const override { return rest_->content_type(); }
  void opened() override { rest_->opened(); }

 private:
  const Bytes head_;
  std::size_t taken_ = 0;
  const std::unique_ptr<ByteInput> rest_;
};

/// A body that breaks off within its head throws again where the rest is read.
Bytes read_head(ByteInput& input) {
  Bytes head(kHeadBytes);
  std::size_t have = 0;
  try {
    while (have < head.size()) {
      const int count = input.read(head.data() + have, static_cast<int>(head.size() - have));
      if (count == 0) break;
      have += static_cast<std::size_t>(count);
    }
  } catch (const Error& error) {
    if (have == 0 || error.code() != ErrorCode::SourceDisconnected) throw;
  }
  head.resize(have);
  return head;
}

/// True when the media data box comes before the movie box (ISO/IEC 14496-12 section 8.1.1): boxes
/// begin with a size of 32 bits and a type, size 1 = 64 bits follow.
bool index_is_behind(const Bytes& head) {
  const auto number = [&](std::size_t at, int bytes) {
    std::uint64_t value = 0;
    for (int i = 0; i < bytes; ++i) value = value << 8 | head[at + static_cast<std::size_t>(i)];
    return value;
  };
  for (std::size_t at = 0; at + 16 <= head.size();) {
    const std::string_view type(reinterpret_cast<const char*>(&head[at + 4]), 4);
    if (at == 0 && type != "ftyp" && type != "wide" && type != "mdat" && type != "free" &&
        type != "skip")
      return false;
    if (type == "mdat") return true;
    if (type == "moov") return false;
    const std::uint64_t length = number(at, 4) == 1 ? number(at + 8, 8) : number(at, 4);
    if (length < 8 || length > head.size()) return false;
    at += length;
  }
  return false;
}

/// A temporary file that goes with its descriptor.
class SpoolFile final : public ByteInput {
 public:
  explicit SpoolFile(SpoolOptions options) : options_(std::move(options)) {
    std::string name = (std::filesystem::temp_directory_path() / "videopush-XXXXXX").string();
    fd_ = mkostemp(name.data(), O_CLOEXEC);
    if (fd_ < 0) no_room(errno);
    unlink(name.c_str());
  }
  ~SpoolFile() override {
    if (fd_ >= 0) close(fd_);
  }

  void append(const std::uint8_t* bytes, std::size_t count) {
    if (size_ + static_cast<std::int64_t>(count) > options_.most_bytes) too_large();
    while (count > 0) {
      const ssize_t written = pwrite(fd_, bytes, count, size_);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) no_room(errno);
      size_ += written;
      bytes += written;
      count -= static_cast<std::size_t>(written);
    }
  }
  [[noreturn]] void too_large() const {
    fail("and it has more than the " + std::to_string(options_.most_bytes >> 20) +
         " MiB that are fetched in advance");
  }

  int read(std::uint8_t* out, int size) override {
    for (;;) {
      const ssize_t count = pread(fd_, out, static_cast<std::size_t>(size), position_);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail(std::string("and its copy can't be read: ") + std::strerror(errno));
      position_ += count;
      return static_cast<int>(count);
    }
  }
  void seek(std::int64_t position) override { position_ = position; }
  std::int64_t size() const override { return size_; }
  bool seekable() const override { return true; }

 private:
  [[noreturn]] void no_room(int error) const {
    fail(std::string("and there is no room for it among the temporary files: ") +
         std::strerror(error));
  }
  [[noreturn]] void fail(const std::string& why) const {
    throw Error(ErrorCode::SourceTooLarge,
                "'" + options_.shown +
                    "': its index stands at its end, the server sends no ranges "
                    "of it, " +
                    why,
                "put the index first (ffmpeg -i IN -c copy -movflags +faststart OUT), or let the "
                "server answer Range requests");
  }

  const SpoolOptions options_;
  int fd_ = -1;
  std::int64_t size_ = 0, position_ = 0;
};

}  // namespace

std::unique_ptr<ByteInput> spool_if_needed(std::unique_ptr<ByteInput> input,
                                           const SpoolOptions& options) {
  if (input->seekable()) return input;
  Bytes bytes = read_head(*input);
  if (!index_is_behind(bytes)) {
    return std::make_unique<HeadedInput>(std::move(bytes), std::move(input));
  }
  auto spool = std::make_unique<SpoolFile>(options);
  if (input->size() > options.most_bytes) spool->too_large();
  input->opened();
  spool->append(bytes.data(), bytes.size());
  bytes.resize(kPieceBytes);
  while (const int count = input->read(bytes.data(), static_cast<int>(bytes.size())))
    spool->append(bytes.data(), static_cast<std::size_t>(count));
  return spool;
}

}  // namespace videopush::media
