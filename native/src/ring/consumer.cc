#include <poll.h>

#include <algorithm>

#include "ring/futex.h"
#include "ring/ledger.h"
#include "ring/mapping.h"
#include "ring/ring.h"

namespace videopush::ring {
namespace {

/// How often a consumer looks whether the producer has made the ring.
constexpr int kLookMilliseconds = 20;

std::unique_ptr<Mapping> wait_for_ring(const std::string& path, const AbortSignal& abort,
                                       Nanoseconds limit) {
  BellWait wait(limit);
  for (;;) {
    abort.throw_if_aborted();
    if (auto mapping = Mapping::open(path, Side::Consumer)) return mapping;
    if (wait.expired()) {
      throw Error(ErrorCode::SourceTimeout, "frame queue " + path + ": no decoder has made it",
                  "see whether the decoder runs and names the same path");
    }
    pollfd aborted{.fd = abort.fd(), .events = POLLIN, .revents = 0};
    poll(&aborted, 1, kLookMilliseconds);
  }
}

std::uint64_t smallest_base(const Header& header) {
  std::uint64_t base = UINT64_MAX;
  for (std::uint32_t i = 0; i < header.output_count; ++i) {
    base = std::min(base, header.outputs[i].counters.base.load());
  }
  return base;
}

}  // namespace

Consumer::Consumer(std::unique_ptr<Mapping> mapping, std::string path)
    : mapping_(std::move(mapping)), path_(std::move(path)) {
  Header& h = header();
  for (std::uint32_t i = 0; i < h.output_count; ++i)
    Ledger{h.outputs[i]};  // unfinished redo records
  resumed_ = h.cursors().taken > 0;
  h.consumer_heartbeat = monotonic_now();
  if (h.consumer_epoch.fetch_add(1) > 0) h.consumer_resumes.fetch_add(1);
  rewind();
}

Consumer::~Consumer() = default;

std::unique_ptr<Consumer> Consumer::open(const std::string& path, const AbortSignal& abort,
                                         Nanoseconds limit) {
  return std::unique_ptr<Consumer>(new Consumer(wait_for_ring(path, abort, limit), path));
}

std::unique_ptr<Consumer> Consumer::next(const AbortSignal& abort, Nanoseconds limit) {
  std::unique_ptr<Mapping> mapping = wait_for_ring(path_, abort, limit);
  // The producer took the ledgers over when it made the generation; what was settled since is only
  // here.
  Header& to = mapping->header();
  for (std::uint32_t i = 0; i < to.output_count; ++i) {
    for (std::uint32_t j = 0; j < header().output_count; ++j) {
      if (std::string_view(to.outputs[i].name) == header().outputs[j].name) {
        Ledger(to.outputs[i]).adopt(header().outputs[j]);
      }
    }
  }
  return std::unique_ptr<Consumer>(new Consumer(std::move(mapping), path_));
}

Header& Consumer::header() const { return mapping_->header(); }
const VideoFormat& Consumer::format() const { return header().format; }
std::string Consumer::parameters() const {
  return {header().parameters, header().parameters_bytes};
}

Take Consumer::take(TakenFrame& out, const AbortSignal& abort, Nanoseconds limit) {
  Header& h = header();
  BellWait wait(limit);
  for (;;) {
    const std::uint32_t bell = h.published_bell.load();
    h.consumer_heartbeat = monotonic_now();
    if (abort.aborted()) return Take::Aborted;
    if (claim(out)) return Take::Frame;
    // The marker is read first: a frame published before it is then seen, too.
    const bool ended = h.ended.load() != 0;
    const bool drained = h.replay_request.load() == 0 && h.cursors().taken == h.published.load();
    if (drained && mapping_->replaced_at(path_)) return Take::Replaced;
    if (drained && ended) return Take::End;
    if (wait.expired()) return Take::Timeout;
    h.consumer_blocked_ns += static_cast<std::uint64_t>(wait.slice(h.published_bell, bell));
  }
}

bool Consumer::wait_published(const AbortSignal& abort, Nanoseconds limit) const {
  Header& h = header();
  BellWait wait(limit);
  for (;;) {
    const std::uint32_t bell = h.published_bell.load();
    const bool ended = h.ended.load() != 0;
    const bool replayed = h.replay_request.load() == 0;
    const bool more = h.cursors().taken != h.published.load();
    if (replayed && (more || ended || mapping_->replaced_at(path_))) return true;
    if (abort.aborted() || wait.expired()) return false;
    wait.slice(h.published_bell, bell);
  }
}

bool Consumer::claim(TakenFrame& out) {
  const std::lock_guard lock(own_);
  Header& h = header();
  for (;;) {
    std::uint64_t word = h.claims.load();
    const Cursors cursors = unpack(word);
    if (h.replay_request.load() != 0 || cursors.taken == h.published.load()) return false;
    if (!pixels_intact(cursors)) {
      give_up_or_ask(cursors);
      continue;
    }
    if (!h.claims.compare_exchange_strong(word, pack({cursors.taken + 1, cursors.acked}))) continue;
    deliver(cursors.taken, out);
    break;
  }
  ring_bell(h.consumed_bell);
  return true;
}

/// Only after a rewind can the next frame be one whose slot was written again: while it runs on,
/// what was not released is safe. The producer may be writing one frame beyond the published ones,
/// unless it has ended.
bool Consumer::pixels_intact(const Cursors& cursors) const {
  const Header& h = header();
  if (h.gate.load() == static_cast<std::uint32_t>(Gate::AfterAck)) return true;
  const std::uint64_t being_written = h.ended.load() != 0 ? 0 : 1;
  return cursors.taken + h.slot_count >= h.published.load() + being_written;
}

/// The next frames are gone from memory: the producer gives them again if it can, else they are
/// skipped.
void Consumer::give_up_or_ask(const Cursors& cursors) {
  Header& h = header();
  if (h.replayable.load() != 0) {
    h.replay_request = cursors.taken + 1;
    ring_bell(h.consumed_bell);
    return;
  }
  // The oldest slot that the producer can't be writing to. `released` first: it only makes the
  // producer wait.
  const std::uint64_t oldest = h.published.load() - h.slot_count + 1;
  h.released = oldest;
  std::uint64_t word = pack(cursors);
  if (h.claims.compare_exchange_strong(word, pack({oldest, oldest}))) lost_ = true;
}

void Consumer::deliver(std::uint64_t position, TakenFrame& out) {
  const Header& h = header();
  const SlotHeader& frame = mapping_->slot(position);
  out.position = position;
  out.header = &frame;
  for (std::uint32_t i = 0; i < kMaxPlanes; ++i) {
    out.data[i] = i < h.plane_count ? mapping_->plane(position, i) : nullptr;
    out.stride[i] = h.plane_stride[i];
  }
  out.skipped = frame.sequence > expected_ ? frame.sequence - expected_ : 0;
  out.discontinuity = lost_ || (frame.flags & kDiscontinuity) != 0;
  out.skipped_reason = out.discontinuity ? Drop::Network : Drop::QueueFull;
  expected_ = frame.sequence + 1;
  lost_ = false;
  unreleased_.insert(position);
  next_position_ = position + 1;
}

void Consumer::release(std::uint64_t position) {
  const std::lock_guard lock(own_);
  if (unreleased_.erase(position) == 0) return;
  header().released = unreleased_.empty() ? next_position_ : *unreleased_.begin();
  ring_bell(header().consumed_bell);
}

void Consumer::ack(std::uint64_t through) {
  const std::lock_guard lock(own_);
  Header& h = header();
  std::uint64_t word = h.claims.load();
  for (;;) {
    Cursors cursors = unpack(word);
    // Behind the last frame taken lie only frames that the producer has passed over: done as soon
    // as that one is.
    const std::uint64_t acked = through >= next_position_ ? cursors.taken : through;
    if (acked <= cursors.acked) return;
    cursors.acked = acked;
    if (h.claims.compare_exchange_weak(word, pack(cursors))) break;
  }
  ring_bell(h.consumed_bell);
}

void Consumer::rewind() {
  const std::lock_guard lock(own_);
  Header& h = header();
  std::uint64_t word = h.claims.load();
  for (;;) {
    const std::uint64_t acked = unpack(word).acked;
    // Before the cursor: until then nobody relies on these pixels, from then on the producer leaves
    // them alone.
    h.released = acked;
    if (h.claims.compare_exchange_strong(word, pack({acked, acked}))) {
      next_position_ = acked;
      break;
    }
  }
  unreleased_.clear();
  expected_ = smallest_base(h);
  ring_bell(h.consumed_bell);
}

void Consumer::relax_gate() {
  header().gate = static_cast<std::uint32_t>(Gate::AfterRelease);
  ring_bell(header().consumed_bell);
}

void Consumer::heartbeat(Nanoseconds now) { header().consumer_heartbeat = now; }

}  // namespace videopush::ring
