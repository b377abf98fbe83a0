// The addon's functions for the ends of rings, as native/lib/addon.ts names them.
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "binding/exports.h"
#include "binding/fields.h"
#include "binding/queue_host.h"
#include "binding/relay_host.h"
#include "binding/ring_options.h"

namespace videopush::binding {
namespace {

template <typename Host>
Napi::Value open_end(const Info& info, const std::shared_ptr<Host>& host,
                     std::function<void(Host&)> open) {
  arm(info[1], [host] { host->close(); });
  return run_blocking(
      info.Env(), [host] { host->close(); },
      [host, open = std::move(open)]() -> Pending::MakeValue {
        open(*host);
        return [host](Napi::Env env) {
          host->start(env);
          return wrap(env, host);
        };
      });
}
template <typename Host>
Napi::Value news(const Info& info) {
  return unwrap<Host>(info[0])->news(info.Env());
}
template <typename Host>
Napi::Value close(const Info& info) {
  const auto host = unwrap<Host>(info[0]);
  host->close();
  return host->closed(info.Env());
}

std::int64_t integer_at(const Info& info, std::size_t i) {
  return info[i].IsNumber() ? info[i].As<Napi::Number>().Int64Value() : 0;
}
std::uint64_t position_at(const Info& info, std::size_t i) {
  return static_cast<std::uint64_t>(integer_at(info, i));
}

// --- Two processes of one machine

Napi::Value writer_open(const Info& info) {
  auto end = std::make_shared<sessions::QueueWriter>(parse_queue_writer(info[0]));
  return open_end<QueueWriterHost>(info, std::make_shared<QueueWriterHost>(std::move(end)),
                                   [](QueueWriterHost& host) { host.open(); });
}
Napi::Value writer_put(const Info& info) {
  return Napi::Boolean::New(
      info.Env(), unwrap<QueueWriterHost>(info[0])->put(info[1], info[2], integer_at(info, 3),
                                                        integer_at(info, 4), info[5].ToBoolean()));
}
Napi::Value writer_end(const Info& info) {
  unwrap<QueueWriterHost>(info[0])->end();
  return info.Env().Undefined();
}

Napi::Value queue_reader_open(const Info& info) {
  Fields fields(info[0], "");
  std::string path = fields.required_text("path");
  const Nanoseconds limit = parse_limit(fields, "openTimeoutMilliseconds", 0, 10'000);
  const Nanoseconds peer = parse_limit(fields, "peerTimeoutMilliseconds", 100, 5'000);
  fields.finish();
  auto end = std::make_shared<sessions::QueueReader>(std::move(path), peer);
  return open_end<QueueReaderHost>(info, std::make_shared<QueueReaderHost>(std::move(end)),
                                   [limit](QueueReaderHost& host) { host.open(limit); });
}
Napi::Value queue_reader_take(const Info& info) {
  return unwrap<QueueReaderHost>(info[0])->take(info.Env());
}
Napi::Value queue_reader_release(const Info& info) {
  if (info[1].IsNumber()) unwrap<QueueReaderHost>(info[0])->release(position_at(info, 1));
  return info.Env().Undefined();
}
Napi::Value queue_reader_parameters(const Info& info) {
  return unwrap<QueueReaderHost>(info[0])->parameters(info.Env());
}
Napi::Value queue_reader_format(const Info& info) {
  return unwrap<QueueReaderHost>(info[0])->format(info.Env());
}

// --- To and from another machine

Napi::Value relay_reader_open(const Info& info) {
  Fields fields(info[0], "");
  std::string path = fields.required_text("path");
  const Nanoseconds limit = parse_limit(fields, "openTimeoutMilliseconds", 0, 10'000);
  fields.finish();
  auto end = std::make_shared<sessions::RelayReader>(std::move(path));
  return open_end<RelayReaderHost>(info, std::make_shared<RelayReaderHost>(std::move(end)),
                                   [limit](RelayReaderHost& host) { host.native().open(limit); });
}
Napi::Value relay_reader_take(const Info& info) {
  return unwrap<RelayReaderHost>(info[0])->take(info.Env());
}
Napi::Value relay_reader_release(const Info& info) {
  unwrap<RelayReaderHost>(info[0])->native().release(position_at(info, 1));
  return info.Env().Undefined();
}
Napi::Value relay_reader_done(const Info& info) {
  unwrap<RelayReaderHost>(info[0])->native().done(position_at(info, 1));
  return info.Env().Undefined();
}
Napi::Value relay_reader_rewind(const Info& info) {
  unwrap<RelayReaderHost>(info[0])->native().rewind();
  return info.Env().Undefined();
}
Napi::Value relay_reader_follow(const Info& info) {
  constexpr Nanoseconds kLimit = 10 * kSecond;
  const auto host = unwrap<RelayReaderHost>(info[0]);
  return run_blocking(
      info.Env(), [host] { host->close(); },
      [host]() -> Pending::MakeValue {
        host->native().find_next(kLimit);
        return [host](Napi::Env env) {
          host->native().follow();
          return env.Undefined();
        };
      });
}
Napi::Value relay_reader_state(const Info& info) {
  return unwrap<RelayReaderHost>(info[0])->state(info.Env());
}

Napi::Value relay_writer_open(const Info& info) {
  auto end = std::make_shared<sessions::RelayWriter>(parse_relay_writer(info[0]));
  return open_end<RelayWriterHost>(info, std::make_shared<RelayWriterHost>(std::move(end)),
                                   [](RelayWriterHost& host) { host.native().open(); });
}
Napi::Value relay_writer_put(const Info& info) {
  return Napi::Boolean::New(info.Env(), unwrap<RelayWriterHost>(info[0])->put(info[1], info[2]));
}
Napi::Value relay_writer_end(const Info& info) {
  bool lossless = false;
  const std::int64_t frames =
      info[1].IsBigInt() ? info[1].As<Napi::BigInt>().Int64Value(&lossless) : 0;
  if (!lossless || frames < 0) bad_argument("sourceFrames", "a BigInt of 64 bits");
  unwrap<RelayWriterHost>(info[0])->native().end(static_cast<std::uint64_t>(frames));
  return info.Env().Undefined();
}
Napi::Value relay_writer_replay(const Info& info) {
  unwrap<RelayWriterHost>(info[0])->native().begin_replay();
  return info.Env().Undefined();
}
Napi::Value relay_writer_watch(const Info& info) {
  unwrap<RelayWriterHost>(info[0])->native().watch();
  return info.Env().Undefined();
}
Napi::Value relay_writer_last(const Info& info) {
  return unwrap<RelayWriterHost>(info[0])->last(info.Env());
}
Napi::Value relay_writer_state(const Info& info) {
  return unwrap<RelayWriterHost>(info[0])->state(info.Env());
}

}  // namespace

void add_ring_ends(Napi::Object& exports) {
  add<writer_open>(exports, "writerOpen");
  add<writer_put>(exports, "writerPut");
  add<writer_end>(exports, "writerEnd");
  add<news<QueueWriterHost>>(exports, "writerNews");
  add<close<QueueWriterHost>>(exports, "writerClose");
  add<queue_reader_open>(exports, "queueReaderOpen");
  add<queue_reader_take>(exports, "queueReaderTake");
  add<queue_reader_release>(exports, "queueReaderRelease");
  add<queue_reader_parameters>(exports, "queueReaderParameters");
  add<queue_reader_format>(exports, "queueReaderFormat");
  add<news<QueueReaderHost>>(exports, "queueReaderNews");
  add<close<QueueReaderHost>>(exports, "queueReaderClose");
  add<relay_reader_open>(exports, "relayReaderOpen");
  add<relay_reader_take>(exports, "relayReaderTake");
  add<relay_reader_release>(exports, "relayReaderRelease");
  add<relay_reader_done>(exports, "relayReaderDone");
  add<relay_reader_rewind>(exports, "relayReaderRewind");
  add<relay_reader_follow>(exports, "relayReaderFollow");
  add<relay_reader_state>(exports, "relayReaderState");
  add<news<RelayReaderHost>>(exports, "relayReaderNews");
  add<close<RelayReaderHost>>(exports, "relayReaderClose");
  add<relay_writer_open>(exports, "relayWriterOpen");
  add<relay_writer_put>(exports, "relayWriterPut");
  add<relay_writer_end>(exports, "relayWriterEnd");
  add<relay_writer_replay>(exports, "relayWriterReplay");
  add<relay_writer_watch>(exports, "relayWriterWatch");
  add<relay_writer_last>(exports, "relayWriterLast");
  add<relay_writer_state>(exports, "relayWriterState");
  add<news<RelayWriterHost>>(exports, "relayWriterNews");
  add<close<RelayWriterHost>>(exports, "relayWriterClose");
}

}  // namespace videopush::binding
