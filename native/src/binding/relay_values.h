// A frame's header and the queue's picture format as plain objects, whole and without loss: what a
// relay carries from one ring to another, in another machine (RingFrameHeader and RingFormat in
// native/lib/types.ts).
#pragma once

#include <napi.h>

#include "binding/fields.h"
#include "core/format.h"
#include "ring/ring.h"

namespace videopush::binding {

/// 64-bit fields as BigInt. `produced_at` becomes an age, since the other machine's monotonic clock
/// is another one.
Napi::Object relay_header_to_js(Napi::Env env, const ring::SlotHeader& header);
/// The reverse. InvalidArgument names what is wrong.
ring::SlotHeader parse_relay_header(Fields& fields);

/// The pixel format by name: its number differs between FFmpeg's versions.
Napi::Object relay_format_to_js(Napi::Env env, const VideoFormat& format);
VideoFormat parse_relay_format(Fields fields);

/// A header with the time base of its pts.
ring::Seed parse_seed(Fields fields);

}  // namespace videopush::binding
