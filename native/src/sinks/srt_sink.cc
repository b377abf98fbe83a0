#include "sinks/srt_sink.h"

extern "C" {
#include <libavformat/avio.h>
#include <libavutil/mem.h>
}

#include <algorithm>
#include <new>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/redact.h"
#include "sinks/muxed_address.h"
#include "sinks/tcp_socket.h"
#include "sinks/url.h"

namespace videopush::sinks {
namespace {

constexpr int kBufferBytes = 32'768;

/// Pause between two polls for the last acknowledgements.
constexpr Nanoseconds kPollEvery = 5 * kMillisecond;
/// Added to the latency for the last packets' way to the peer and for its scheduling.
constexpr Nanoseconds kMargin = 100 * kMillisecond;
/// A peer can ask for more latency than anybody would wait for.
constexpr Nanoseconds kMaxLatency = 10 * kSecond;

/// avio_alloc_context's write_packet, whose data became const in FFmpeg 7 (libavformat 61).
template <typename Byte>
int append(void* out, Byte* data, int size) {
  auto& bytes = *static_cast<std::vector<std::uint8_t>*>(out);
  bytes.insert(bytes.end(), data, data + size);
  return size;
}

/// False once `until` has passed.
bool pause(Nanoseconds until, const AbortSignal& abort) {
  const Nanoseconds next = std::min(system_clock().now() + kPollEvery, until);
  system_clock().wait_until(next, {.abort_fd = abort.fd()});
  abort.throw_if_aborted();
  return system_clock().now() < until;
}

}  // namespace

void SrtSink::IoDelete::operator()(AVIOContext* io) const {
  av_freep(&io->buffer);
  avio_context_free(&io);
}

SrtSink::SrtSink(const SinkOptions& options, Clock& clock) : options_(options), clock_(clock) {}

SrtSink::~SrtSink() { drop(); }

void SrtSink::connect(const TrackInfo& track, const AbortSignal& abort) {
  drop();
  trial_.begin();
  held_ = HeldByPeer();
  open_muxer(track);
  const Credentials credentials = options_.credentials ? options_.credentials() : Credentials{};
  const TargetAddress address = target_address(Protocol::Srt, options_.url, credentials);
  const Url url = parse_url(address.url);
  const std::size_t mark = std::min(url.path.find('?'), url.path.size());
  SrtTarget target{.host = url.host, .port = url.port, .query = {}, .stream_id = address.stream_id};
  if (mark < url.path.size()) target.query = url.path.substr(mark + 1);
  socket_ = SrtSocket::connect(target, options_.limits.connect_ms, abort);
  // Asked for now: a broken socket no longer knows it.
  held_for_ = std::min(socket_.latency(), kMaxLatency) + kMargin;
  open_ = true;
}

void SrtSink::open_muxer(const TrackInfo& track) {
  muxer_.emplace(muxer_of(Protocol::Srt, options_.url), track);
  auto* buffer = static_cast<unsigned char*>(av_malloc(kBufferBytes));
  if (buffer == nullptr) throw std::bad_alloc();
  io_.reset(avio_alloc_context(buffer, kBufferBytes, 1, &unit_bytes_, nullptr, append, nullptr));
  if (!io_) {
    av_free(buffer);
    throw std::bad_alloc();
  }
  unit_bytes_.clear();
  AVFormatContext& context = muxer_->context();
  context.pb = io_.get();
  const int result = avformat_write_header(&context, nullptr);
  if (result < 0)
    throw Error::from_averror(ErrorCode::CodecUnsupportedByTarget, result,
                              redact_url(options_.url) + ": MPEG-TS does not take the stream");
}

SendResult SrtSink::send(const Unit& unit, const AbortSignal& abort) {
  if (!open_) throw Error(ErrorCode::InvalidState, "the output is not connected");
  const int muxed = muxer_->write(unit, false);
  if (muxed < 0) throw Error::from_averror(ErrorCode::ProtocolError, muxed, "MPEG-TS");
  SendResult result{.offered = clock_.now(), .accepted = 0, .bytes = unit_bytes_.size()};
  try {
    socket_.write(std::exchange(unit_bytes_, {}), io_deadline(options_.limits.write_ms), abort);
  } catch (...) {
    open_ = false;
    throw;
  }
  result.accepted = clock_.now();
  result.end = socket_.delivery().written;
  trial_.offered(result.offered);
  return result;
}

void SrtSink::on_readable() {
  if (!open_ || socket_.delivery().alive) return;
  open_ = false;
  throw Error(ErrorCode::ConnectionReset, "the SRT connection was lost",
              "see the server's log for its reason");
}

std::size_t SrtSink::backlog_bytes() const {
  const Delivery state = socket_.delivery();
  return static_cast<std::size_t>(state.written - state.acknowledged);
}

std::uint64_t SrtSink::acknowledged() const {
  const Nanoseconds now = clock_.now();
  const std::uint64_t released = held_.released(socket_.delivery(), held_for_, now);
  return trial_.over(now) ? released : 0;
}

Nanoseconds SrtSink::closing_time() const { return open_ ? held_for_ : 0; }

std::optional<Error> SrtSink::close(Nanoseconds limit, const AbortSignal& abort) {
  std::optional<Error> failure;
  if (std::exchange(open_, false)) {
    const Nanoseconds begin = system_clock().now();
    try {
      while (backlog_bytes() > 0 && socket_.delivery().alive && pause(begin + limit, abort)) {
      }
      if (backlog_bytes() > 0) {
        failure = Error(ErrorCode::WriteTimeout, "the server did not take the last of the stream",
                        "check the server's load and the network's bandwidth");
      }
      const Delivery state = socket_.delivery();
      const bool holds = held_.released(state, held_for_, clock_.now()) < state.written;
      const Nanoseconds shown =
          holds ? std::min(system_clock().now() + held_for_, begin + limit) : begin;
      while (socket_.delivery().alive && pause(shown, abort)) {
      }
    } catch (const Error& aborted) {
      failure = aborted;
    }
  }
  socket_.close();
  muxer_.reset();
  io_.reset();
  return failure;
}

}  // namespace videopush::sinks
