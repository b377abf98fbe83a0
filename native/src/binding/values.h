// The core's snapshots as the plain objects of native/lib/types.ts. Unknown becomes null, never 0.
#pragma once

#include <napi.h>

#include "core/error.h"
#include "media/source/source.h"
#include "ring/layout.h"
#include "sessions/decode/snapshot.h"
#include "sessions/encode/snapshot.h"

namespace videopush::binding {

Napi::Value to_js(Napi::Env env, const media::SourceDescriptor& source);
Napi::Value to_js(Napi::Env env, const std::optional<Error>& error);
Napi::Value to_js(Napi::Env env, const sessions::DecodeSnapshot& decode, const ring::Header* queue);
Napi::Value to_js(Napi::Env env, const sessions::EncodeSnapshot& encode, const ring::Header* queue);
Napi::Value to_js(Napi::Env env, const VideoFormat& format);
/// QueueSnapshot
Napi::Value queue_to_js(Napi::Env env, const ring::Header* queue);
/// Everything a status page asks of a ring: format, cursors, epochs, ledgers.
Napi::Value ring_to_js(Napi::Env env, const ring::Header& header);

std::string rational_text(AVRational value);

}  // namespace videopush::binding
