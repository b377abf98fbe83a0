// The option objects of native/lib/types.ts as the core's structs.
#pragma once

#include <napi.h>

#include "binding/fields.h"
#include "media/encode/encoder.h"
#include "media/source/source.h"
#include "sessions/decode/options.h"
#include "sessions/encode/options.h"

namespace videopush::binding {

struct SourceInput {
  media::SourceOptions source;
  std::string user_file, password_file;
  media::DecodeOptions decode;
};
SourceInput parse_source(Fields fields);

media::EncoderOptions parse_encoder(Fields fields);
sessions::DecodeSessionOptions parse_decode_session(const Napi::Value& value);

struct EncodeSessionInput {
  std::string ring_path;
  sessions::EncodeOptions options;
};
EncodeSessionInput parse_encode_session(const Napi::Value& value);

sessions::OutputOptions parse_output(Fields fields);
std::optional<pacing::CatchUp> parse_catch_up(Fields& fields);
std::optional<Nanoseconds> parse_latency_budget(Fields& fields);

}  // namespace videopush::binding
