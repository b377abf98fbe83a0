#include "ring/validate.h"

#include <cstring>

#include "ring/geometry.h"

namespace videopush::ring {
namespace {

const char* wrong_sizes(const Header& header, std::uint64_t file_bytes) {
  const std::optional<Geometry> expected = geometry(header.format);
  if (!expected) return "its picture format is none that can be stored";
  Geometry found{.plane_count = header.plane_count,
                 .picture_bytes = expected->picture_bytes,
                 .slot_bytes = header.slot_bytes};
  std::memcpy(found.plane_offset, header.plane_offset, sizeof found.plane_offset);
  std::memcpy(found.plane_stride, header.plane_stride, sizeof found.plane_stride);
  if (found != *expected) return "its slots don't fit its picture format";
  if (header.capacity < 1 || header.slot_count <= header.capacity ||
      header.slot_count > kMaxSlots || header.slots_offset != sizeof(Header)) {
    return "its size is impossible";
  }
  if (header.total_bytes != header.slots_offset + header.slot_count * header.slot_bytes ||
      file_bytes < header.total_bytes) {
    return "it is truncated";
  }
  return nullptr;
}

const char* wrong_records(const Header& header) {
  const VideoFormat& format = header.format;
  if (format.time_base_num <= 0 || format.time_base_den <= 0) return "its time base is impossible";
  if (header.when_full > static_cast<std::uint32_t>(WhenFull::DropNewest) ||
      header.gate.load() > static_cast<std::uint32_t>(Gate::AfterRelease)) {
    return "it follows an unknown policy";
  }
  if (header.output_count < 1 || header.output_count > kMaxOutputs ||
      header.parameters_bytes > sizeof header.parameters) {
    return "its records are impossible";
  }
  for (std::uint32_t i = 0; i < header.output_count; ++i) {
    const char* name = header.outputs[i].name;
    if (name[0] == '\0' || std::memchr(name, '\0', sizeof header.outputs[i].name) == nullptr) {
      return "the name of an output is impossible";
    }
  }
  return nullptr;
}

/// Cursors may move while they are read; what is looked for is a state in which they never are.
const char* wrong_cursors(const Header& header) {
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    const Cursors cursors = header.cursors();
    const std::uint64_t published = header.published.load();
    if (cursors.acked <= cursors.taken && cursors.taken <= published &&
        published - cursors.acked < kMaxSlots) {
      return nullptr;
    }
  }
  return "its cursors are impossible";
}

}  // namespace

Error invalid(const std::string& path, const std::string& reason) {
  return {ErrorCode::RingInvalid, "frame queue " + path + " can't be used: " + reason,
          "delete the file if it is an old queue, or name another path"};
}

void validate(const Header& header, std::uint64_t file_bytes, const std::string& path) {
  if (header.magic != kMagic) throw invalid(path, "it is not a frame queue");
  if (header.abi_version != kAbiVersion || header.header_bytes != sizeof(Header)) {
    throw invalid(path, "another version of this program made it");
  }
  for (const char* wrong :
       {wrong_sizes(header, file_bytes), wrong_records(header), wrong_cursors(header)}) {
    if (wrong != nullptr) throw invalid(path, wrong);
  }
}

}  // namespace videopush::ring
