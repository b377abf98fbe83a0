// Small rings in memory, frames whose every byte shows their sequence, and child processes to kill.
#pragma once

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>

#include "core/clock.h"
#include "ring/ledger.h"
#include "ring/ring.h"
#include "support/count.h"

namespace videopush::ring::test {

/// The bound of every wait that is expected to end in milliseconds.
inline constexpr Nanoseconds kSoon = 20 * kSecond;

/// A folder of its own in shared memory, removed at the end.
class Folder {
 public:
  Folder() {
    char name[] = "/dev/shm/videopush-ring-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(const char* name = "frames") const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline VideoFormat small_format() {
  VideoFormat format;
  format.width = 64;
  format.height = 36;
  format.pixel_format = AV_PIX_FMT_YUV420P;
  format.time_base_num = 1;
  format.time_base_den = 90000;
  format.frame_rate_num = 30;
  return format;
}

inline RingOptions small_options(const Folder& folder, WhenFull when_full = WhenFull::Block) {
  RingOptions options;
  options.path = folder.file();
  options.capacity = 4;
  options.retained = 3;
  options.when_full = when_full;
  options.outputs = {"main"};
  return options;
}

/// Bytes of plane `index` of a small frame, rows with their padding.
inline std::size_t plane_bytes(int index) { return 64u * (index == 0 ? 36 : 18); }

inline std::uint64_t word_at(std::uint64_t sequence, int plane, std::size_t i) {
  return (sequence + 1) * 0x9e3779b97f4a7c15ull + static_cast<std::uint64_t>(plane) * 1000 + i;
}

inline void paint(const SlotWriter& slot) {
  for (int plane = 0; plane < 3; ++plane) {
    for (std::size_t i = 0; i < plane_bytes(plane) / 8; ++i) {
      const std::uint64_t word = word_at(slot.header->sequence, plane, i);
      std::memcpy(slot.data[plane] + i * 8, &word, 8);
    }
  }
  slot.header->pts = static_cast<std::int64_t>(slot.header->sequence) * 3000;
  slot.header->source_pts = slot.header->pts;
  slot.header->source_index = static_cast<std::int64_t>(slot.header->sequence);
  slot.header->duration = 3000;
}

/// Whether every byte is of the frame that the header names.
inline bool whole(const TakenFrame& frame) {
  for (int plane = 0; plane < 3; ++plane) {
    for (std::size_t i = 0; i < plane_bytes(plane) / 8; ++i) {
      std::uint64_t word = 0;
      std::memcpy(&word, frame.data[plane] + i * 8, 8);
      if (word != word_at(frame.header->sequence, plane, i)) return false;
    }
  }
  return frame.header->pts == static_cast<std::int64_t>(frame.header->sequence) * 3000;
}

inline Reserve put(Producer& producer, const AbortSignal& abort, Nanoseconds limit = 0) {
  SlotWriter slot;
  const Reserve result = producer.reserve(slot, abort, limit);
  if (result == Reserve::Slot) {
    paint(slot);
    producer.publish(slot);
  }
  return result;
}

inline Take take(Consumer& consumer, TakenFrame& frame, Nanoseconds limit = 0) {
  const AbortSignal never;
  return consumer.take(frame, never, limit);
}

/// Runs `body` in a child process; the child ends with it.
template <typename Body>
pid_t spawn(Body body) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child != 0) return child;
  int code = 1;
  try {
    body();
    code = 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "child: %s\n", error.what());
  }
  std::_Exit(code);
}

inline int reap(pid_t child) {
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return status;
}

inline void kill_child(pid_t child) {
  REQUIRE(kill(child, SIGKILL) == 0);
  reap(child);
}

/// VIDEOPUSH_TEST_SEED repeats a run.
inline std::uint32_t seed() { return videopush::test::seed_or(std::random_device{}()); }

}  // namespace videopush::ring::test
