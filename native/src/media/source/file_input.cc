#include "media/source/file_input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/av.h"
#include "core/error.h"

namespace videopush::media {
namespace {

class FileInput final : public ByteInput {
 public:
  FileInput(const std::string& path, int fd, std::int64_t size)
      : path_(path), fd_(fd), size_(size) {}
  ~FileInput() override { close(fd_); }

  int read(std::uint8_t* out, int size) override {
    for (;;) {
      const ssize_t count = pread(fd_, out, static_cast<std::size_t>(size), position_);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) {
        throw Error::from_averror(ErrorCode::SourceDisconnected, AVERROR(errno),
                                  "'" + path_ + "': reading failed", "check the disk or mount");
      }
      position_ += count;
      return static_cast<int>(count);
    }
  }

  void seek(std::int64_t position) override { position_ = position; }
  std::int64_t size() const override { return size_; }
  bool seekable() const override { return true; }

 private:
  std::string path_;
  int fd_;
  std::int64_t size_;
  std::int64_t position_ = 0;
};

[[noreturn]] void throw_open_error(const std::string& path, int error) {
  const std::string what = "'" + path + "'";
  if (error == ENOENT || error == ENOTDIR) {
    throw Error::from_averror(ErrorCode::SourceNotFound, AVERROR(error), what, "check the path");
  }
  if (error == EACCES || error == EPERM) {
    throw Error::from_averror(ErrorCode::SourceForbidden, AVERROR(error), what,
                              "give this user permission to read the file");
  }
  throw Error::from_averror(ErrorCode::SourceNotFound, AVERROR(error), what);
}

}  // namespace

std::unique_ptr<ByteInput> open_file(const std::string& path) {
  // Non-blocking, since opening a FIFO would otherwise wait for a writer without limit.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) throw_open_error(path, errno);
  struct stat status{};
  const bool known = fstat(fd, &status) == 0;
  if (known && S_ISREG(status.st_mode) && status.st_size > 0) {
    return std::make_unique<FileInput>(path, fd, status.st_size);
  }
  close(fd);
  if (known && S_ISREG(status.st_mode)) {
    throw Error(ErrorCode::SourceEmpty, "'" + path + "' is empty (0 bytes)",
                "check that the file was copied whole");
  }
  throw Error(ErrorCode::SourceUnsupported, "'" + path + "' is no regular file",
              "give a video file or a URL");
}

}  // namespace videopush::media
