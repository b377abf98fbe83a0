#include "ring/mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>
#include <utility>

#include "ring/geometry.h"
#include "ring/ledger.h"
#include "ring/validate.h"

namespace videopush::ring {
namespace {

/// A file descriptor until somebody else owns it.
class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() {
    if (fd_ >= 0) close(fd_);
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  int get() const { return fd_; }
  int leave() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

[[noreturn]] void fail_file(const std::string& path, const char* what, int error) {
  throw Error(ErrorCode::FileNotWritable,
              "frame queue " + path + ": " + what + ": " + std::strerror(error),
              "name a file in an existing, memory-backed folder that this user can write to");
}

[[noreturn]] void fail_busy(const std::string& path, Side side) {
  const char* who = side == Side::Producer ? "producer" : "consumer";
  throw Error(ErrorCode::RingBusy, "frame queue " + path + ": another " + who + " is using it",
              std::string("stop the other ") + who + ", or use another queue file");
}

bool try_lock(int fd, Side side) {
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = side == Side::Producer ? 0 : 1;
  lock.l_len = 1;
  while (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
    if (errno == EAGAIN || errno == EACCES) return false;
    if (errno != EINTR) {
      throw Error(ErrorCode::RingInvalid,
                  std::string("frame queue: this file can't be locked: ") + std::strerror(errno),
                  "use a local, memory-backed folder");
    }
  }
  return true;
}

bool same_file(int fd, const std::string& path) {
  struct stat own{}, named{};
  return fstat(fd, &own) == 0 && stat(path.c_str(), &named) == 0 && own.st_ino == named.st_ino &&
         own.st_dev == named.st_dev;
}

bool exists(const std::string& path) {
  struct stat named{};
  return lstat(path.c_str(), &named) == 0;
}

/// The new file under its temporary name, locked; an unfinished one of a killed producer is used
/// again.
int open_temporary(const std::string& path) {
  for (;;) {
    Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (fd.get() < 0) fail_file(path, "can't be made", errno);
    if (!try_lock(fd.get(), Side::Producer)) fail_busy(path, Side::Producer);
    if (!same_file(fd.get(), path)) continue;
    if (fchmod(fd.get(), 0600) != 0) fail_file(path, "is not this user's", errno);
    return fd.leave();
  }
}

/// All pages now, so that a full tmpfs is an error here and not a SIGBUS later.
void allocate(int fd, const std::string& path, std::uint64_t bytes) {
  if (ftruncate(fd, 0) != 0) fail_file(path, "can't be sized", errno);
  int error = EINTR;
  while (error == EINTR) error = posix_fallocate(fd, 0, static_cast<off_t>(bytes));
  if (error == 0) return;
  const std::string mebibytes = std::to_string((bytes + (1 << 20) - 1) >> 20);
  throw Error(
      ErrorCode::FileNotWritable,
      "frame queue " + path + ": no room for " + mebibytes + " MiB: " + std::strerror(error),
      "give its folder at least " + mebibytes + " MiB, or use a smaller queue or picture");
}

void fill(Header& header, const RingOptions& options, const VideoFormat& format) {
  const RingSize size = ring_size(format, options);
  const Geometry slot = *geometry(format);
  header.abi_version = kAbiVersion;
  header.header_bytes = sizeof(Header);
  header.total_bytes = size.total_bytes;
  header.slots_offset = sizeof(Header);
  header.slot_bytes = size.slot_bytes;
  header.slot_count = size.slots;
  header.capacity = size.capacity;
  header.when_full = static_cast<std::uint32_t>(options.when_full);
  header.output_count = static_cast<std::uint32_t>(options.outputs.size());
  header.generation = 1;
  header.format = format;
  header.plane_count = slot.plane_count;
  std::copy(std::begin(slot.plane_offset), std::end(slot.plane_offset), header.plane_offset);
  std::copy(std::begin(slot.plane_stride), std::end(slot.plane_stride), header.plane_stride);
  header.parameters_bytes = static_cast<std::uint32_t>(options.parameters.size());
  options.parameters.copy(header.parameters, sizeof header.parameters);
  for (std::size_t i = 0; i < options.outputs.size(); ++i) {
    // The mapping begins as zeros, so a zero stays behind the longest name.
    options.outputs[i].copy(header.outputs[i].name, sizeof header.outputs[i].name - 1);
  }
  header.gate = static_cast<std::uint32_t>(size.gate);
}

template <typename Atomic>
void carry(Atomic& to, const Atomic& from) {
  to.store(from.load());
}

/// The next generation goes on where `old` (drained and acked) stopped: numbering, time, counters
/// and ledgers.
void continue_from(Header& header, const Header& old) {
  header.generation = old.generation + 1;
  const std::uint64_t position = old.published.load();
  carry(header.published, old.published);
  header.claims = pack({position, position});
  header.released = position;
  if (position > 0) {
    SlotHeader& last = header.journal[(position - 1) % kMaxSlots];
    last = old.journal[(position - 1) % kMaxSlots];
    last.pts = av_rescale_q(last.pts, old.format.time_base(), header.format.time_base());
    last.duration = av_rescale_q(last.duration, old.format.time_base(), header.format.time_base());
    last.segment_start =
        av_rescale_q(last.segment_start, old.format.time_base(), header.format.time_base());
  }
  carry(header.source_frames, old.source_frames);
  carry(header.rate_repeats, old.rate_repeats);
  carry(header.rate_drops, old.rate_drops);
  carry(header.decode_errors, old.decode_errors);
  carry(header.producer_blocked_ns, old.producer_blocked_ns);
  carry(header.consumer_blocked_ns, old.consumer_blocked_ns);
  carry(header.producer_epoch, old.producer_epoch);
  carry(header.consumer_epoch, old.consumer_epoch);
  carry(header.producer_resumes, old.producer_resumes);
  carry(header.consumer_resumes, old.consumer_resumes);
  for (std::uint32_t i = 0; i < header.output_count; ++i) {
    for (std::uint32_t j = 0; j < old.output_count; ++j) {
      if (std::strncmp(header.outputs[i].name, old.outputs[j].name, sizeof OutputRecord::name) ==
          0) {
        Ledger(header.outputs[i]).adopt(old.outputs[j]);
      }
    }
  }
}

/// A ring whose one frame was published, taken and acked elsewhere.
void begin_behind(Header& header, const Seed& seed) {
  const AVRational from = seed.time_base, to = header.format.time_base();
  SlotHeader& last = header.journal[0];
  last = seed.last;
  last.pts = av_rescale_q(last.pts, from, to);
  last.duration = av_rescale_q(last.duration, from, to);
  last.segment_start = av_rescale_q(last.segment_start, from, to);
  header.published = 1;
  header.claims = pack({1, 1});
  header.released = 1;
  header.source_frames = last.sequence + 1;
  for (std::uint32_t i = 0; i < header.output_count; ++i) {
    header.outputs[i].counters.base = last.sequence + 1;
  }
}

}  // namespace

Mapping::Mapping(int fd, std::uint64_t bytes, bool writable, const std::string& path)
    : fd_(fd), bytes_(bytes) {
  const int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  void* memory = mmap(nullptr, bytes, protection, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) {
    const int error = errno;
    close(fd_);
    throw Error(ErrorCode::RingInvalid,
                "frame queue " + path + ": can't be mapped: " + std::strerror(error));
  }
  header_ = static_cast<Header*>(memory);
}

Mapping::~Mapping() {
  munmap(header_, bytes_);
  close(fd_);
}

std::uint8_t* Mapping::plane(std::uint64_t position, std::uint32_t index) const {
  return reinterpret_cast<std::uint8_t*>(header_) + header_->slots_offset +
         position % header_->slot_count * header_->slot_bytes + header_->plane_offset[index];
}

bool Mapping::stands_at(const std::string& path) const { return same_file(fd_, path); }
bool Mapping::replaced_at(const std::string& path) const {
  return !stands_at(path) && exists(path);
}

std::unique_ptr<Mapping> Mapping::open(const std::string& path, Side side) {
  for (;;) {
    const int access = side == Side::Observer ? O_RDONLY : O_RDWR;
    Fd fd(::open(path.c_str(), access | O_CLOEXEC | O_NONBLOCK));
    if (fd.get() < 0 && errno == ENOENT) return nullptr;
    if (fd.get() < 0) fail_file(path, "can't be opened", errno);
    struct stat status{};
    if (fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
      throw invalid(path, "it is not a file");
    }
    if (static_cast<std::uint64_t>(status.st_size) < sizeof(Header)) {
      throw invalid(path, "it is too short");
    }
    if (side != Side::Observer && !try_lock(fd.get(), side)) fail_busy(path, side);
    // The next generation may have taken the path between open and lock.
    if (side == Side::Producer && !same_file(fd.get(), path)) continue;
    std::unique_ptr<Mapping> mapping(new Mapping(
        fd.leave(), static_cast<std::uint64_t>(status.st_size), side != Side::Observer, path));
    validate(mapping->header(), mapping->bytes_, path);
    return mapping;
  }
}

std::unique_ptr<Mapping> Mapping::create(const RingOptions& options, const VideoFormat& format,
                                         const Mapping* predecessor) {
  const std::uint64_t bytes = ring_size(format, options).total_bytes;
  const std::string temporary = options.path + ".next";
  Fd fd(open_temporary(temporary));
  // While this lock is held nobody else can bring a file to the path.
  const bool as_expected =
      predecessor != nullptr ? predecessor->stands_at(options.path) : !exists(options.path);
  if (!as_expected) {
    unlink(temporary.c_str());
    return nullptr;
  }
  std::unique_ptr<Mapping>
      mapping;  // outside, so that the lock is held until a failure has been cleaned up
  try {
    allocate(fd.get(), temporary, bytes);
    mapping.reset(new Mapping(fd.leave(), bytes, true, temporary));
    Header& header = *new (mapping->header_) Header{};
    fill(header, options, format);
    if (predecessor != nullptr) {
      continue_from(header, predecessor->header());
    } else if (options.seed) {
      begin_behind(header, *options.seed);
    }
    header.magic = kMagic;
    if (std::rename(temporary.c_str(), options.path.c_str()) != 0) {
      fail_file(options.path, "can't be put in its place", errno);
    }
    return mapping;
  } catch (...) {
    unlink(temporary.c_str());
    throw;
  }
}

}  // namespace videopush::ring
