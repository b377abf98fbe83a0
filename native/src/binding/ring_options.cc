#include "binding/ring_options.h"

#include <utility>

#include "binding/relay_values.h"

namespace videopush::binding {
ring::RingOptions parse_ring(Fields& fields) {
  ring::RingOptions ring;
  ring.path = fields.required_text("path");
  if (auto capacity = fields.integer("capacityFrames", limits::kQueueFrames))
    ring.capacity = static_cast<std::uint32_t>(*capacity);
  if (auto bytes = fields.integer("maxBytes", limits::kQueueBytes))
    ring.max_bytes = static_cast<std::uint64_t>(*bytes);
  ring.parameters = fields.text("parameters").value_or("");
  return ring;
}

ring::RingOptions parse_pipeline_ring(Fields& fields) {
  ring::RingOptions ring = parse_ring(fields);
  ring.outputs = fields.texts("outputs");
  if (ring.outputs.empty()) bad_argument(fields.name_of("outputs"), "at least one output name");
  if (auto seed = fields.object("seed")) ring.seed = parse_seed(*std::move(seed));
  return ring;
}

std::optional<ring::WhenFull> parse_when_full(Fields& fields) {
  return fields.choice<ring::WhenFull>("whenFull", {{"Block", ring::WhenFull::Block},
                                                    {"DropOldest", ring::WhenFull::DropOldest},
                                                    {"DropNewest", ring::WhenFull::DropNewest}});
}

Nanoseconds parse_limit(Fields& fields, const char* key, double least, double usual) {
  const auto given = fields.number(key, least, limits::kTimeoutMilliseconds.most);
  return static_cast<Nanoseconds>(given.value_or(usual) * 1e6);
}

}  // namespace videopush::binding
