#include "binding/queue_host.h"

#include <chrono>
#include <utility>

#include "binding/fields.h"
#include "binding/pixels.h"
#include "binding/values.h"

namespace videopush::binding {
namespace {

constexpr Nanoseconds kAttempt = 20'000'000;
constexpr auto kHeartbeat = std::chrono::milliseconds(500);
constexpr int kTicksPerSecond = 1'000'000;

}  // namespace

void QueueEnd::start(Napi::Env env) {
  auto mailbox = Environment::of(env).mailbox();
  Environment::of(env).spawn([self = shared_from_this()] { self->close(); },
                             [self = shared_from_this(), mailbox] {
                               self->loop();
                               mailbox->post([self](Napi::Env) { self->give_up(); });
                             });
}

void QueueEnd::give_up() {
  dispose();
  given_up_ = true;
  for (const auto& closer : std::exchange(closers_, {})) closer->resolve({});
}

Napi::Value QueueEnd::closed(Napi::Env env) {
  const auto closer = Pending::create(env);
  if (given_up_) {
    closer->resolve({});
  } else {
    closers_.push_back(closer);
  }
  return closer->promise();
}

void QueueEnd::close() {
  abort_.abort();
  {
    std::lock_guard lock(state_);
    closed_ = true;
    wake_.notify_one();
  }
  doorbell_.ring();
}

void QueueEnd::check() {
  std::lock_guard lock(state_);
  if (closed_) throw Error(ErrorCode::InvalidState, "the frame queue is closed", "open a new one");
  if (failure_) throw *failure_;
}

void QueueEnd::want() {
  std::lock_guard lock(state_);
  wanted_ = true;
  wake_.notify_one();
}

bool QueueEnd::peer_is_gone(Nanoseconds since) const {
  return system_clock().now() - std::max(since, peer_heartbeat()) > peer_limit_;
}

void QueueEnd::loop() {
  Nanoseconds since = 0;  // how long the thread has been waiting for the peer
  for (;;) {
    {
      std::unique_lock lock(state_);
      wake_.wait_for(lock, kHeartbeat, [this] { return closed_ || wanted_; });
      if (closed_) return;
      if (!wanted_) since = 0;
    }
    const Nanoseconds now = system_clock().now();
    heartbeat(now);
    bool done = false;
    std::optional<Error> failure;
    {
      std::lock_guard lock(state_);
      if (!wanted_) continue;
    }
    if (since == 0) since = now;
    try {
      std::lock_guard work(work_);
      done = attempt();
      if (!done && !abort_.aborted() && peer_is_gone(since)) {
        const std::string who = peer_name();
        throw Error(ErrorCode::RingPeerFailed,
                    "frame queue: the " + who + " has not been heard of for " +
                        std::to_string(peer_limit_ / 1'000'000'000) + " s",
                    "see why the " + who + "'s process ended");
      }
    } catch (...) {
      failure = current_error();
    }
    if (!done && !failure) continue;
    since = 0;
    {
      std::lock_guard lock(state_);
      wanted_ = false;
      if (failure) failure_ = std::move(failure);
    }
    doorbell_.ring();
  }
}

WriterInput parse_writer(const Napi::Value& value) {
  Fields fields(value, "");
  WriterInput input{};
  input.ring.path = fields.required_text("path");
  if (auto capacity = fields.integer("capacityFrames", 1, 256))
    input.ring.capacity = static_cast<std::uint32_t>(*capacity);
  if (auto held = fields.integer("heldFrames", 1, 64))
    input.ring.retained = static_cast<std::uint32_t>(*held);
  if (auto policy =
          fields.choice<ring::WhenFull>("whenFull", {{"Block", ring::WhenFull::Block},
                                                     {"DropOldest", ring::WhenFull::DropOldest},
                                                     {"DropNewest", ring::WhenFull::DropNewest}})) {
    input.ring.when_full = *policy;
  }
  input.ring.parameters = fields.text("parameters").value_or("{}");
  input.ring.outputs = {"reader"};
  VideoFormat& format = input.format;
  format.width = static_cast<std::int32_t>(fields.integer("width", 1, 16384).value_or(0));
  format.height = static_cast<std::int32_t>(fields.integer("height", 1, 16384).value_or(0));
  if (!format.width) bad_argument("width", "a width in pixels");
  if (!format.height) bad_argument("height", "a height in pixels");
  const std::string name = fields.text("format").value_or("rgb24");
  format.pixel_format = av_get_pix_fmt(name.c_str());
  if (format.pixel_format == AV_PIX_FMT_NONE)
    bad_argument("format", "rgb24 or a pixel format of FFmpeg, got \"" + name + "\"");
  PlaneSize planes[4];
  plane_sizes(format.pixel_format, format.width, format.height, planes);
  format.time_base_num = 1;
  format.time_base_den = kTicksPerSecond;
  input.peer_limit = static_cast<Nanoseconds>(
      fields.number("peerTimeoutMilliseconds", 100, 86'400'000).value_or(5000) * 1e6);
  input.open_limit = static_cast<Nanoseconds>(
      fields.number("openTimeoutMilliseconds", 0, 86'400'000).value_or(10'000) * 1e6);
  fields.finish();
  return input;
}

bool QueueWriterHost::attempt() {
  if (slot_ || dropped_) return true;
  ring::SlotWriter slot;
  switch (producer_->reserve(slot, abort_, kAttempt)) {
    case ring::Reserve::Slot:
      slot_ = slot;
      return true;
    case ring::Reserve::Dropped:
      dropped_ = true;
      return true;
    case ring::Reserve::ReplayRequested:
      producer_->decline_replay();
      return false;
    case ring::Reserve::Aborted:
    case ring::Reserve::Timeout:
      return false;
  }
  return false;
}

bool QueueWriterHost::put(const Napi::Value& planes, const Napi::Value& strides, std::int64_t ticks,
                          std::int64_t index, bool key) {
  check();
  if (ended_)
    throw Error(ErrorCode::InvalidState, "the end marker was put already", "open a new queue");
  check_frame(planes, strides, input_.format);
  std::unique_lock work(work_, std::try_to_lock);
  if (work && !slot_ && !dropped_) {
    ring::SlotWriter slot;
    const auto got = producer_->reserve(slot, abort_, 0);
    if (got == ring::Reserve::Slot) slot_ = slot;
    if (got == ring::Reserve::Dropped) dropped_ = true;
    if (got == ring::Reserve::ReplayRequested) producer_->decline_replay();
  }
  if (!work || (!slot_ && !dropped_)) {
    want();
    return false;
  }
  if (std::exchange(dropped_, false)) return true;  // its sequence is used: the reader sees the gap
  import_into(planes, strides, input_.format, slot_->data, slot_->stride);
  ring::SlotHeader& header = *slot_->header;
  header.pts = ticks;
  header.duration = 0;
  header.flags = key ? static_cast<std::uint32_t>(ring::kKeyFrame) : 0;
  header.pass = 0;
  header.source_pts = ticks;
  header.source_index = index;
  header.produced_at = system_clock().now();
  producer_->publish(*std::exchange(slot_, std::nullopt));
  return true;
}

void QueueWriterHost::end() {
  check();
  std::lock_guard work(work_);  // at most one attempt long, and only after a put that was given up
  if (!std::exchange(ended_, true)) producer_->end();
}

void QueueReaderHost::open(Nanoseconds limit) {
  consumer_ = ring::Consumer::open(path_, abort_, limit);
  ring::Header& header = consumer_->header();
  if (header.output_count != 1) {
    throw Error(ErrorCode::RingInvalid,
                "frame queue " + path_ + " belongs to an encoder, not to a FrameQueueReader");
  }
  ledger_ = std::make_unique<ring::Ledger>(header.outputs[0]);
}

bool QueueReaderHost::attempt() {
  if (taken_ || ended_) return true;
  ring::TakenFrame taken;
  switch (consumer_->take(taken, abort_, kAttempt)) {
    case ring::Take::Frame:
      taken_ = taken;
      return true;
    case ring::Take::End:
      ended_ = true;
      return true;
    case ring::Take::Replaced:
      throw Error(ErrorCode::RingPeerFailed,
                  "frame queue: the writer made a new queue in place of this one",
                  "attach a new reader");
    case ring::Take::Aborted:
    case ring::Take::Timeout:
      return false;
  }
  return false;
}

Napi::Value QueueReaderHost::take(Napi::Env env) {
  check();
  if (lent_.size() >= consumer_->header().slot_count) {
    throw Error(ErrorCode::InvalidState,
                "frame queue: all " + std::to_string(lent_.size()) + " slots are held by frames",
                "release() frames before taking more");
  }
  std::unique_lock work(work_, std::try_to_lock);
  if (work && !taken_ && !ended_) {
    ring::TakenFrame taken;
    const auto got = consumer_->take(taken, abort_, 0);
    if (got == ring::Take::Frame) taken_ = taken;
    if (got == ring::Take::End) ended_ = true;
  }
  if (work && taken_) return show(env, *std::exchange(taken_, std::nullopt));
  if (work && ended_) {
    const std::uint64_t total = consumer_->header().source_frames.load();
    if (total > ledger_->base() && lent_.empty()) {
      ledger_->dropped(ledger_->base(), total - ledger_->base(), ring::Drop::QueueFull);
    }
    return env.Null();
  }
  want();
  return env.Undefined();
}

Napi::Value QueueReaderHost::show(Napi::Env env, const ring::TakenFrame& taken) {
  const VideoFormat& format = consumer_->format();
  if (taken.skipped > 0) {
    ledger_->dropped(taken.header->sequence - taken.skipped, taken.skipped, taken.skipped_reason);
  }
  PlaneSize sizes[4];
  const int count = plane_sizes(format.pixel_format, format.width, format.height, sizes);
  lent_[taken.position] = taken.header->sequence;
  next_position_ = taken.position + 1;

  auto self = std::static_pointer_cast<QueueReaderHost>(shared_from_this());
  Napi::Array planes = Napi::Array::New(env, count);
  for (int i = 0; i < count; ++i) {
    const std::size_t length =
        static_cast<std::size_t>(taken.stride[i]) * (sizes[i].rows - 1) + sizes[i].row_bytes;
    // The views keep the mapping; giving the slot back is the frame's business, not the garbage
    // collector's.
    Napi::ArrayBuffer buffer = lend_memory(env, taken.data[i], length, [self] {});
    Napi::Object plane = Napi::Object::New(env);
    plane["data"] = Napi::Uint8Array::New(env, length, buffer, 0);
    plane["stride"] = Napi::Number::New(env, taken.stride[i]);
    planes[static_cast<std::uint32_t>(i)] = plane;
  }
  Napi::Object object = Napi::Object::New(env);
  object["width"] = Napi::Number::New(env, format.width);
  object["height"] = Napi::Number::New(env, format.height);
  object["format"] =
      Napi::String::New(env, av_get_pix_fmt_name(static_cast<AVPixelFormat>(format.pixel_format)));
  object["planes"] = planes;
  object["pts"] = Napi::Number::New(env, static_cast<double>(taken.header->pts) / kTicksPerSecond);
  object["index"] = Napi::Number::New(env, static_cast<double>(taken.header->source_index));
  object["keyFrame"] = Napi::Boolean::New(env, (taken.header->flags & ring::kKeyFrame) != 0);
  object["skipped"] = Napi::Number::New(env, static_cast<double>(taken.skipped));
  object["position"] = Napi::Number::New(env, static_cast<double>(taken.position));
  return object;
}

void QueueReaderHost::release(std::uint64_t position) {
  const auto lent = lent_.find(position);
  if (!consumer_ || lent == lent_.end()) return;
  ledger_->sent(lent->second, consumer_->header().slot_bytes);
  lent_.erase(lent);
  consumer_->release(position);
  consumer_->ack(lent_.empty() ? next_position_ : lent_.begin()->first);
}

void QueueReaderHost::dispose() {
  if (!lent_.empty()) return;  // views are left: the mapping goes with the last of them
  ledger_.reset();
  consumer_.reset();
}

Napi::Value QueueReaderHost::parameters(Napi::Env env) const {
  return Napi::String::New(env, consumer_ ? consumer_->parameters() : "{}");
}

Napi::Value QueueReaderHost::format(Napi::Env env) const {
  return consumer_ ? to_js(env, consumer_->format()) : env.Null();
}

}  // namespace videopush::binding
