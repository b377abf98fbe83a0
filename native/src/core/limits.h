// Bounds of the numbers that people and programs give. Every check in C++ takes them from here. The
// command and WorkerConfig have the same in resources/src/limits.ts, the resources in crds/, and
// resources/src/limits.test.ts compares the three.
#pragma once

#include <cstdint>
#include <string>

namespace videopush {

struct Range {
  std::int64_t least, most;
  constexpr bool holds(std::int64_t value) const { return value >= least && value <= most; }
};

namespace limits {

/// Width and height of what is encoded, pixels. The most holds for sources and queues, too.
constexpr Range kSide{16, 8192};
/// What is cut off at a side of the picture, pixels.
constexpr Range kCrop{0, 8190};
/// b/s; the most is that of H.264's highest level (6.2, ITU-T H.264 table A-1).
constexpr Range kBitRate{10'000, 800'000'000};
/// Constant rate factor; 0 would be lossless.
constexpr Range kQuality{1, 51};
/// Distance of key frames.
constexpr Range kGopFrames{1, 100'000};
/// The least holds for resources; a library user may give a part of a second.
constexpr Range kGopSeconds{1, 600};
/// x264.h: X264_BFRAME_MAX.
constexpr Range kBFrames{0, 16};
/// Threads of a decoder or an encoder; 0 stands for an automatic choice.
constexpr Range kThreads{0, 64};
/// Number of an MPEG program (ISO/IEC 13818-1 section 2.4.4.5: 16 bits).
constexpr Range kProgram{0, 65'535};
/// Capacity of a frame queue.
constexpr Range kQueueFrames{1, 256};
/// Memory of a frame queue's pictures: 1 MiB to 64 GiB.
constexpr Range kQueueBytes{1'048'576, 68'719'476'736};
/// Frames that an encoder may hold back; a ring has no more slots (ring/layout.h, kMaxSlots).
constexpr Range kEncoderDelayFrames{0, 512};
constexpr Range kLatencyMilliseconds{0, 10'000};
/// Length of a test pattern. The least holds for resources; others may give a part of a second.
constexpr Range kDurationSeconds{1, 86'400'000};
constexpr Range kTimeoutMilliseconds{1, 86'400'000};
/// Frames per second, above 0. What is more is a time base, not a rate. A stream is asked for 300
/// at most (resources/src/limits.ts), but a library user's frames may come from a faster camera.
constexpr int kMaxFrameRate = 1000;

/// Files of one output, which begins another one each time its process is started again. The ring
/// has a bit for each (ring/layout.h).
constexpr int kMaxFileParts = 384;

/// How long one picture may be shown, in seconds. A larger step of the timestamps is not a gap,
/// whatever the source, and no unit is ever held back for longer.
constexpr std::int64_t kLongestGapSeconds = 3600;

/// Bit rate of a source, in b/s. No real one comes near; what lies beyond is not a bit rate.
constexpr std::int64_t kMaxSourceBitRate = 1ll << 50;

}  // namespace limits

/// The sentence that refuses a number, behind the name of what it was given for.
inline std::string whole_number_from(Range range) {
  return "must be a whole number from " + std::to_string(range.least) + " to " +
         std::to_string(range.most);
}

}  // namespace videopush
