// The options of rings, as native/lib/types.ts and native/lib/rings name them.
#pragma once

#include <optional>

#include "binding/fields.h"
#include "core/clock.h"
#include "ring/ring.h"

namespace videopush::binding {

/// What all rings have: path, capacityFrames, maxBytes, parameters.
ring::RingOptions parse_ring(Fields& fields);
/// A ring between a decoder and an encoder: outputs and seed, too.
ring::RingOptions parse_pipeline_ring(Fields& fields);
std::optional<ring::WhenFull> parse_when_full(Fields& fields);
/// A limit given in milliseconds, at most a day.
Nanoseconds parse_limit(Fields& fields, const char* key, double least, double usual);

}  // namespace videopush::binding
