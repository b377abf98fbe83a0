// The addon's functions for relays, as native/lib/addon.ts names them.
#include <memory>
#include <string>
#include <utility>

#include "binding/exports.h"
#include "binding/fields.h"
#include "binding/relay_host.h"

namespace videopush::binding {
namespace {

std::uint64_t position_at(const Info& info, std::size_t i) {
  return info[i].IsNumber() ? static_cast<std::uint64_t>(info[i].As<Napi::Number>().Int64Value())
                            : 0;
}

Napi::Value relay_reader_open(const Info& info) {
  Fields fields(info[0], "");
  std::string path = fields.required_text("path");
  const auto limit = static_cast<Nanoseconds>(
      fields.number("openTimeoutMilliseconds", 0, 86'400'000).value_or(10'000) * 1e6);
  fields.finish();
  return open_queue<RelayReaderHost>(info, std::make_shared<RelayReaderHost>(std::move(path)),
                                     info[1], [limit](RelayReaderHost& host) { host.open(limit); });
}
Napi::Value relay_reader_take(const Info& info) {
  return unwrap<RelayReaderHost>(info[0])->take(info.Env());
}
Napi::Value relay_reader_release(const Info& info) {
  unwrap<RelayReaderHost>(info[0])->release(position_at(info, 1));
  return info.Env().Undefined();
}
Napi::Value relay_reader_done(const Info& info) {
  unwrap<RelayReaderHost>(info[0])->done(position_at(info, 1));
  return info.Env().Undefined();
}
Napi::Value relay_reader_rewind(const Info& info) {
  unwrap<RelayReaderHost>(info[0])->rewind();
  return info.Env().Undefined();
}
Napi::Value relay_reader_follow(const Info& info) {
  constexpr Nanoseconds kLimit = 10'000'000'000;
  const auto host = unwrap<RelayReaderHost>(info[0]);
  return run_blocking(
      info.Env(), [host] { host->close(); },
      [host]() -> Pending::MakeValue {
        host->find_next(kLimit);
        return [host](Napi::Env env) {
          host->follow();
          return env.Undefined();
        };
      });
}
Napi::Value relay_reader_state(const Info& info) {
  return unwrap<RelayReaderHost>(info[0])->state(info.Env());
}

Napi::Value relay_writer_open(const Info& info) {
  return open_queue<RelayWriterHost>(info,
                                     std::make_shared<RelayWriterHost>(parse_relay_writer(info[0])),
                                     info[1], [](RelayWriterHost& host) { host.open(); });
}
Napi::Value relay_writer_put(const Info& info) {
  return Napi::Boolean::New(info.Env(), unwrap<RelayWriterHost>(info[0])->put(info[1], info[2]));
}
Napi::Value relay_writer_end(const Info& info) {
  bool lossless = false;
  const std::int64_t frames =
      info[1].IsBigInt() ? info[1].As<Napi::BigInt>().Int64Value(&lossless) : 0;
  if (!lossless || frames < 0) bad_argument("sourceFrames", "a BigInt of 64 bits");
  unwrap<RelayWriterHost>(info[0])->end(static_cast<std::uint64_t>(frames));
  return info.Env().Undefined();
}
Napi::Value relay_writer_replay(const Info& info) {
  unwrap<RelayWriterHost>(info[0])->begin_replay();
  return info.Env().Undefined();
}
Napi::Value relay_writer_watch(const Info& info) {
  unwrap<RelayWriterHost>(info[0])->watch();
  return info.Env().Undefined();
}
Napi::Value relay_writer_last(const Info& info) {
  return unwrap<RelayWriterHost>(info[0])->last(info.Env());
}
Napi::Value relay_writer_state(const Info& info) {
  return unwrap<RelayWriterHost>(info[0])->state(info.Env());
}

}  // namespace

void add_relays(Napi::Object& exports) {
  add<relay_reader_open>(exports, "relayReaderOpen");
  add<relay_reader_take>(exports, "relayReaderTake");
  add<relay_reader_release>(exports, "relayReaderRelease");
  add<relay_reader_done>(exports, "relayReaderDone");
  add<relay_reader_rewind>(exports, "relayReaderRewind");
  add<relay_reader_follow>(exports, "relayReaderFollow");
  add<relay_reader_state>(exports, "relayReaderState");
  add<queue_news<RelayReaderHost>>(exports, "relayReaderNews");
  add<queue_close<RelayReaderHost>>(exports, "relayReaderClose");
  add<relay_writer_open>(exports, "relayWriterOpen");
  add<relay_writer_put>(exports, "relayWriterPut");
  add<relay_writer_end>(exports, "relayWriterEnd");
  add<relay_writer_replay>(exports, "relayWriterReplay");
  add<relay_writer_watch>(exports, "relayWriterWatch");
  add<relay_writer_last>(exports, "relayWriterLast");
  add<relay_writer_state>(exports, "relayWriterState");
  add<queue_news<RelayWriterHost>>(exports, "relayWriterNews");
  add<queue_close<RelayWriterHost>>(exports, "relayWriterClose");
}

}  // namespace videopush::binding
