// The frame queue's shared memory, byte for byte: one header (with the journal of frame headers),
// then the slots of pixels. Two processes of one build map the same file (a memory emptyDir or
// /dev/shm), so plain lock-free atomics and futexes join them.
//
// Words. A *sequence* numbers every frame that the decoder offered, dropped ones included; a
// *position* numbers the frames that entered the queue. Pixels of a position lie in slot position %
// slot_count, its header in journal[position % kMaxSlots]: headers outlive pixels, so that a
// decoder knows where to seek for a replay. Cursors are positions:
//
// clang-format off
//
//   acked <= taken <= published
//   published - acked < kMaxSlots - 1      a header outlives its pixels in the journal
//   published - taken <= capacity          the back-pressure (more only just after a rewind)
//   published - reuse_floor < slot_count   a slot may be written
//
//   reuse_floor = acked                    gate AfterAck
//   reuse_floor = max(acked, released)     gate AfterRelease: a replay needs the decoder
//
// clang-format on
//
// `taken` and `acked` share one word, because the producer (DropOldest) and the consumer (take,
// ack, rewind) both move them: each transition is one compare-and-swap, so nobody ever sees or
// leaves half of one.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/format.h"
#include "core/limits.h"

namespace videopush::ring {

inline constexpr std::uint64_t kMagic = 0x31474e4952505656;  // "VVPRING1", little endian
inline constexpr std::uint32_t kAbiVersion = 2;
inline constexpr std::uint32_t kMaxOutputs = 8;
inline constexpr std::uint32_t kMaxSlots =
    512;  // also the width of the outcome window in the ledger
/// Of all slots together, unless a ring's options say otherwise.
inline constexpr std::uint64_t kMaxBytes = 256ull << 20;
inline constexpr std::uint32_t kMaxPlanes = 4;

/// Why a frame was not sent. Order is ABI. The names are the metric's `reason` labels. Backlog: a
/// live source gave it before the first output was connected.
enum class Drop : std::uint32_t { QueueFull, Late, DecodeError, Network, Backlog, kCount };
enum class Fail : std::uint32_t { Encode, Output, kCount };

enum class WhenFull : std::uint32_t { Block, DropOldest, DropNewest };

/// The counters of one output and which sequences they cover.
template <typename Word>
struct Counters {
  Word sent;
  Word repeated;
  Word dropped[static_cast<std::size_t>(Drop::kCount)];
  Word failed[static_cast<std::size_t>(Fail::kCount)];
  Word bytes;
  Word base;                    // all sequences below have an outcome
  Word window[kMaxSlots / 64];  // bit i: sequence base + i has an outcome
};

/// One output's ledger. Law: source frames = sent + sum(dropped) + sum(failed); repeated stands
/// beside it. Single writer (the consumer process). Updates go through a redo record, so that a
/// SIGKILL between two stores leaves nothing half counted (see ledger.h).
struct alignas(64) OutputRecord {
  char name[64];
  Counters<std::atomic<std::uint64_t>> counters;
  std::atomic<std::uint64_t> begun;  // 1 + sequence whose first byte was offered last; 0 none
  // Redo record: absolute new values, applied again on attach while `redo_valid` is set.
  std::atomic<std::uint64_t> redo_valid;
  Counters<std::uint64_t> redo;
  // The sender's schedule and its RTP identity survive the process, so time goes on without a step.
  std::int64_t schedule[12];  // pacing::ScheduleState, byte for byte
  std::uint32_t rtp_timestamp_base;
  std::uint32_t rtp_ssrc;
  std::atomic<std::uint64_t> connects;
  // The parts of an output that is a file: bit n says that part n + 1 was written ("name.mkv" is
  // part 1; "name-2.mkv", which a later process of the push began, is part 2).
  std::atomic<std::uint64_t> parts[limits::kMaxFileParts / 64];
};
static_assert(sizeof(OutputRecord) == 576);

/// One frame's header; its planes lie at `Header::slots_offset + (position % slot_count) *
/// slot_bytes + plane_offset[i]`.
struct alignas(64) SlotHeader {
  std::uint64_t sequence;
  std::int64_t pts;  // queue time base (VideoFormat::time_base), continuous over passes and resumes
  std::int64_t duration;      // ticks, 0 unknown
  std::uint32_t flags;        // SlotFlag
  std::uint32_t pass;         // how many times a repeated source had ended before this frame
  std::int64_t source_pts;    // where a decoder resumes: in the source's own time base
  std::int64_t source_index;  // ordinal of the frame within its pass (after rate conversion)
  std::int64_t produced_at;   // CLOCK_MONOTONIC ns at the decoder's output
  // Times of the first frame since time was last joined (at a pass or a reconnect):
  std::int64_t segment_origin;  // source pts
  std::int64_t segment_start;   // queue pts
  // Where the key frame that the frame depends on lies in its source, for a decoder that resumes:
  std::int64_t source_key_position;  // byte, -1 unknown
  std::int64_t source_shift;         // what the timeline had added to its timestamps, source ticks
};
enum SlotFlag : std::uint32_t {
  kKeyFrame = 1,
  kDiscontinuity = 2,
  kLive = 4,     // a live source gave it at `produced_at`, by its own clock
  kDelayed = 8,  // a live source gave it, and a full queue held it up
};

enum class Gate : std::uint32_t { AfterAck = 0, AfterRelease = 1 };

/// What the word `Header::claims` says: positions below `taken` were claimed (by the consumer, or
/// passed over by a DropOldest producer), positions below `acked` are done.
struct Cursors {
  std::uint64_t taken = 0;
  std::uint64_t acked = 0;
};
constexpr std::uint64_t pack(Cursors cursors) {
  return cursors.taken << 16 | (cursors.taken - cursors.acked);
}
constexpr Cursors unpack(std::uint64_t word) {
  return {word >> 16, (word >> 16) - (word & 0xffff)};
}

struct alignas(4096) Header {
  // Written once, before `magic`.
  std::uint64_t magic;
  std::uint32_t abi_version;
  std::uint32_t header_bytes;
  std::uint64_t total_bytes;
  std::uint64_t slots_offset;
  std::uint64_t slot_bytes;
  std::uint32_t slot_count;
  std::uint32_t capacity;
  std::uint32_t when_full;
  std::uint32_t output_count;
  // +1 for each parameter change: a new ring file takes this one's place (rename).
  std::uint64_t generation;
  VideoFormat format;
  std::uint32_t plane_count;
  std::uint32_t plane_offset[kMaxPlanes];
  std::int32_t plane_stride[kMaxPlanes];
  // The parameter record of the producer as JSON (source descriptor), UTF-8; what mpegCoder puts
  // first through its queue.
  std::uint32_t parameters_bytes;
  char parameters[16384];

  // Cursors, each on a line of its own.
  alignas(64) std::atomic<std::uint64_t> published;
  alignas(64) std::atomic<std::uint64_t> claims;  // pack({taken, acked})
  alignas(64) std::atomic<std::uint64_t> released;
  // Futex words: bumped and woken at each publish / each take, release, ack or rewind.
  alignas(64) std::atomic<std::uint32_t> published_bell;
  alignas(64) std::atomic<std::uint32_t> consumed_bell;

  // Producer's account.
  alignas(64) std::atomic<std::uint64_t> source_frames;  // sequences handed out
  std::atomic<std::uint64_t> rate_repeats;               // constant-rate conversion: frames added
  std::atomic<std::uint64_t> rate_drops;  // ... and left out (these have no sequence)
  std::atomic<std::uint64_t> decode_errors;
  std::atomic<std::uint64_t> producer_blocked_ns;
  std::atomic<std::uint64_t> consumer_blocked_ns;
  std::atomic<std::uint32_t> ended;           // 1: end marker; source_frames is final
  std::atomic<std::uint32_t> producer_error;  // ErrorCode + 1 of a permanent error, 0 none
  std::atomic<std::uint32_t> gate;            // Gate
  // 1: the producer can seek back to a position whose pixels are gone.
  std::atomic<std::uint32_t> replayable;
  std::atomic<std::uint64_t> replay_request;  // 1 + position the consumer needs again, 0 none
  std::atomic<std::uint32_t> producer_epoch, consumer_epoch;
  std::atomic<std::int64_t> producer_heartbeat, consumer_heartbeat;  // CLOCK_MONOTONIC ns
  std::atomic<std::uint32_t> producer_resumes, consumer_resumes;

  OutputRecord outputs[kMaxOutputs];
  SlotHeader journal[kMaxSlots];

  Cursors cursors() const { return unpack(claims.load()); }
};

static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

}  // namespace videopush::ring
