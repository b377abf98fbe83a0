#include <algorithm>
#include <cstring>

#include "ring/futex.h"
#include "ring/geometry.h"
#include "ring/mapping.h"
#include "ring/ring.h"

namespace videopush::ring {
namespace {

bool same_outputs(const Header& header, const RingOptions& options) {
  if (header.output_count != options.outputs.size()) return false;
  for (std::uint32_t i = 0; i < header.output_count; ++i) {
    if (options.outputs[i] != header.outputs[i].name) return false;
  }
  return true;
}

bool continues(const Header& header, const RingOptions& options, const VideoFormat& format) {
  const RingSize size = ring_size(format, options);
  return same_picture(header.format, format) && header.capacity == size.capacity &&
         header.slot_count >= size.slots &&
         header.when_full == static_cast<std::uint32_t>(options.when_full) &&
         same_outputs(header, options) &&
         options.parameters == std::string_view(header.parameters, header.parameters_bytes);
}

/// Waits until the consumer has acked everything that was published.
void wait_acked(Header& header, const std::string& path, const AbortSignal& abort, BellWait& wait) {
  for (;;) {
    const std::uint32_t bell = header.consumed_bell.load();
    if (header.cursors().acked == header.published.load()) return;
    abort.throw_if_aborted();
    if (wait.expired()) {
      throw Error(
          ErrorCode::RingPeerFailed,
          "frame queue " + path +
              ": its parameters are to change, but the consumer has not finished what is in it",
          "see whether the encoder runs and its outputs take frames");
    }
    header.producer_heartbeat = monotonic_now();
    wait.slice(header.consumed_bell, bell);
  }
}

/// Whether a frame may be written at position `published`.
bool slot_free(const Header& header, std::uint64_t published) {
  const std::uint64_t acked = header.cursors().acked;
  const bool after_release = header.gate.load() == static_cast<std::uint32_t>(Gate::AfterRelease);
  const std::uint64_t floor = after_release ? std::max(acked, header.released.load()) : acked;
  return published - floor < header.slot_count && published - acked < kMaxSlots - 1;
}

}  // namespace

Producer::Producer(std::unique_ptr<Mapping> mapping) : mapping_(std::move(mapping)) {
  Header& header = mapping_->header();
  const SlotHeader* frame = last();
  resumed_ = frame != nullptr;
  next_sequence_ = frame != nullptr ? frame->sequence + 1 : 0;
  header.producer_error = 0;
  header.producer_heartbeat = monotonic_now();
  if (header.producer_epoch.fetch_add(1) > 0) header.producer_resumes.fetch_add(1);
}

Producer::~Producer() = default;

std::unique_ptr<Producer> Producer::open(const RingOptions& options, const VideoFormat& format,
                                         const AbortSignal& abort, Nanoseconds limit) {
  ring_size(format, options);  // refuses what is out of bounds before anything is touched
  BellWait wait(limit);
  for (;;) {
    abort.throw_if_aborted();
    std::unique_ptr<Mapping> present = Mapping::open(options.path, Side::Producer);
    if (present == nullptr || !continues(present->header(), options, format)) {
      if (present != nullptr) wait_acked(present->header(), options.path, abort, wait);
      std::unique_ptr<Mapping> made = Mapping::create(options, format, present.get());
      if (made == nullptr) continue;
      if (present != nullptr) ring_bell(present->header().published_bell);
      present = std::move(made);
    }
    return std::unique_ptr<Producer>(new Producer(std::move(present)));
  }
}

std::unique_ptr<Producer> Producer::attach(const std::string& path) {
  std::unique_ptr<Mapping> present = Mapping::open(path, Side::Producer);
  if (present == nullptr) return nullptr;
  return std::unique_ptr<Producer>(new Producer(std::move(present)));
}

Header& Producer::header() const { return mapping_->header(); }

bool Producer::ended() const { return header().ended.load() != 0; }

const SlotHeader* Producer::last() const {
  const std::uint64_t published = header().published.load();
  return published == 0 ? nullptr : &mapping_->slot(published - 1);
}

Reserve Producer::reserve(SlotWriter& out, const AbortSignal& abort, Nanoseconds limit) {
  Header& h = header();
  if (ended()) {
    throw Error(ErrorCode::InvalidState, "frame queue: a frame was offered after the end marker");
  }
  const std::uint64_t published = h.published.load();
  const auto policy = static_cast<WhenFull>(h.when_full);
  BellWait wait(limit);
  for (;;) {
    const std::uint32_t bell = h.consumed_bell.load();
    h.producer_heartbeat = monotonic_now();
    if (abort.aborted()) return Reserve::Aborted;
    if (replay_requested()) return Reserve::ReplayRequested;
    const bool queue_full = published - h.cursors().taken >= h.capacity;
    const bool room = !queue_full && slot_free(h, published);
    if (!room && policy == WhenFull::DropNewest) {
      ++dropped_;
      skip_to(next_sequence_ + 1);
      return Reserve::Dropped;
    }
    if (room) break;
    if (queue_full && policy == WhenFull::DropOldest) {
      pass_over_oldest();
      continue;
    }
    if (wait.expired()) return Reserve::Timeout;
    h.producer_blocked_ns += static_cast<std::uint64_t>(wait.slice(h.consumed_bell, bell));
  }
  out.position = published;
  out.header = &mapping_->slot(published);
  *out.header = SlotHeader{};
  out.header->sequence = next_sequence_;
  for (std::uint32_t i = 0; i < kMaxPlanes; ++i) {
    out.data[i] = i < h.plane_count ? mapping_->plane(published, i) : nullptr;
    out.stride[i] = h.plane_stride[i];
  }
  skip_to(next_sequence_ + 1);
  return Reserve::Slot;
}

/// Makes room in the queue by one frame, unless the consumer takes one at this very moment.
void Producer::pass_over_oldest() {
  Header& h = header();
  std::uint64_t word = h.claims.load();
  Cursors cursors = unpack(word);
  if (cursors.taken == h.published.load()) return;
  // With nothing in flight the frame's slot is free at once; else it stays until what is in flight
  // was acked, so that a consumer that dies now finds everything that it had not acked.
  const bool in_flight = cursors.taken != cursors.acked;
  ++cursors.taken;
  if (!in_flight) cursors.acked = cursors.taken;
  if (h.claims.compare_exchange_strong(word, pack(cursors))) ++dropped_;
}

void Producer::publish(const SlotWriter& slot) {
  header().published.store(slot.position + 1);
  ring_bell(header().published_bell);
}

void Producer::skip_to(std::uint64_t sequence) {
  next_sequence_ = sequence;
  std::atomic<std::uint64_t>& count = header().source_frames;
  // A resumed decoder offers frames again that its forerunner had offered and not published: these
  // count once.
  if (count.load() < sequence) count = sequence;
}

void Producer::set_replayable(bool replayable) { header().replayable = replayable ? 1 : 0; }

bool Producer::replay_requested() const { return header().replay_request.load() != 0; }

void Producer::begin_replay() {
  Header& h = header();
  const std::uint64_t request = h.replay_request.load();
  if (request == 0) return;
  const std::uint64_t position = request - 1;
  if (position < h.published.load()) {
    next_sequence_ = position == 0 ? 0 : mapping_->slot(position - 1).sequence + 1;
    h.ended = 0;
    h.published = position;
  }
  // Last, so that a producer killed before it finds the request again.
  h.replay_request = 0;
  ring_bell(h.published_bell);
}

void Producer::decline_replay() {
  header().replayable = 0;
  header().replay_request = 0;
  ring_bell(header().published_bell);
}

Drained Producer::wait_drained(const AbortSignal& abort, Nanoseconds limit) {
  Header& h = header();
  BellWait wait(limit);
  for (;;) {
    const std::uint32_t bell = h.consumed_bell.load();
    h.producer_heartbeat = monotonic_now();
    if (abort.aborted()) return Drained::Aborted;
    if (replay_requested()) return Drained::ReplayRequested;
    const bool never_asked =
        h.gate.load() == static_cast<std::uint32_t>(Gate::AfterAck) || h.replayable.load() == 0;
    if (never_asked || h.cursors().acked == h.published.load()) return Drained::Yes;
    if (wait.expired()) return Drained::Timeout;
    wait.slice(h.consumed_bell, bell);
  }
}

bool Producer::wait_consumed(const Cursors& seen, const AbortSignal& abort,
                             Nanoseconds limit) const {
  Header& h = header();
  BellWait wait(limit);
  for (;;) {
    const std::uint32_t bell = h.consumed_bell.load();
    const Cursors now = h.cursors();
    if (now.taken != seen.taken || now.acked != seen.acked || replay_requested()) return true;
    if (abort.aborted() || wait.expired()) return false;
    wait.slice(h.consumed_bell, bell);
  }
}

void Producer::end() {
  header().source_frames = next_sequence_;
  header().ended = 1;
  ring_bell(header().published_bell);
}

void Producer::fail(std::optional<ErrorCode> code) {
  header().producer_error = code ? static_cast<std::uint32_t>(*code) + 1 : 0;
  ring_bell(header().published_bell);
}

void Producer::heartbeat(Nanoseconds now) { header().producer_heartbeat = now; }

}  // namespace videopush::ring
