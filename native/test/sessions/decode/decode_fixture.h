// A decode session and the consumer of its ring, with everything that arrived.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "ring/ring_fixture.h"
#include "sessions/decode/decode_session.h"
#include "sessions/decode/scripted_source.h"
#include "support/sim_clock.h"

namespace videopush::test {

using ring::test::Folder;
using ring::test::kSoon;
using sessions::DecodePhase;
using sessions::DecodeSession;
using sessions::DecodeSessionOptions;
using sessions::OnEnd;

/// One frame as the encoder would see it.
struct Arrival {
  std::uint64_t sequence;
  std::int64_t pts, duration;
  std::uint32_t pass;
  std::int64_t source_pts, source_index;
  std::uint32_t flags;
  std::uint64_t pixels;  // checksum
  bool discontinuity() const { return (flags & ring::kDiscontinuity) != 0; }
  bool operator==(const Arrival&) const = default;
};

inline std::uint64_t checksum(const ring::TakenFrame& frame, const VideoFormat& format) {
  const AVPixFmtDescriptor* description =
      av_pix_fmt_desc_get(static_cast<AVPixelFormat>(format.pixel_format));
  std::uint64_t hash = 1469598103934665603ull;
  for (int plane = 0; plane < 4 && frame.data[plane] != nullptr; ++plane) {
    const bool chroma = plane == 1 || plane == 2;
    const int width =
        chroma ? AV_CEIL_RSHIFT(format.width, description->log2_chroma_w) : format.width;
    const int height =
        chroma ? AV_CEIL_RSHIFT(format.height, description->log2_chroma_h) : format.height;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x)
        hash = (hash ^ frame.data[plane][y * frame.stride[plane] + x]) * 1099511628211ull;
    }
  }
  return hash;
}

/// Takes, checks and acks until `until` frames or the end.
inline std::vector<Arrival> drain(ring::Consumer& consumer, std::size_t until = SIZE_MAX) {
  std::vector<Arrival> arrivals;
  const AbortSignal never;
  ring::Ledger ledger(consumer.header().outputs[0]);
  ring::TakenFrame frame;
  while (arrivals.size() < until) {
    const ring::Take result = consumer.take(frame, never, kSoon);
    if (result == ring::Take::End) break;
    REQUIRE(result == ring::Take::Frame);
    const ring::SlotHeader& header = *frame.header;
    arrivals.push_back({header.sequence, header.pts, header.duration, header.pass,
                        header.source_pts, header.source_index, header.flags,
                        checksum(frame, consumer.format())});
    ledger.dropped(header.sequence - frame.skipped, frame.skipped, frame.skipped_reason);
    ledger.sent(header.sequence, 1);
    consumer.release(frame.position);
    consumer.ack(frame.position + 1);
  }
  return arrivals;
}

struct DecodeRig {
  explicit DecodeRig(std::vector<Script> script = {}) : scripts(std::move(script)) {
    options.picture.pixel_format = AV_PIX_FMT_NONE;  // pictures are compared as they were made
    options.ring.path = folder.file();
    options.ring.outputs = {"main"};
    options.ring.capacity = 4;
    hooks.seed = 1;
#ifdef __SANITIZE_THREAD__
    options.decode.threads =
        1;  // the sanitizer can't see how libav's own threads hand over to each other
#endif
    hooks.open_source = [this](const media::SourceOptions& source,
                               const media::DecodeOptions& decode, const AbortSignal& abort) {
      if (source.test_pattern || !source.uri.empty())
        return media::open_source(source, decode, abort);
      return scripts.open(source);
    };
  }
  std::unique_ptr<DecodeSession> start() {
    auto session = std::make_unique<DecodeSession>(
        options, clock ? *clock : system_clock(),
        [this](std::string_view kind, std::string_view) {
          const std::lock_guard lock(mutex);
          events.emplace_back(kind);
        },
        hooks);
    session->start();
    return session;
  }
  std::unique_ptr<ring::Consumer> consumer() {
    return ring::Consumer::open(options.ring.path, never, kSoon);
  }
  /// A whole uninterrupted run to the end marker, or to `frames`.
  std::vector<Arrival> run(std::size_t frames = SIZE_MAX) {
    const auto session = start();
    const auto arrivals = drain(*consumer(), frames);
    return arrivals;
  }
  std::size_t count(const std::string& event) {
    const std::lock_guard lock(mutex);
    return static_cast<std::size_t>(std::count(events.begin(), events.end(), event));
  }

  Folder folder;
  AbortSignal never;
  Scripts scripts;
  DecodeSessionOptions options;
  sessions::DecodeHooks hooks;
  std::unique_ptr<SimClock> clock;
  std::mutex mutex;
  std::vector<std::string> events;
};

/// Waits for a state that a session reaches by itself.
template <typename Condition>
bool reaches(DecodeSession& session, Condition condition) {
  for (Nanoseconds waited = 0; waited < kSoon; waited += kMillisecond) {
    if (condition(session.snapshot())) return true;
    session.wait(kMillisecond);
  }
  return false;
}

}  // namespace videopush::test
