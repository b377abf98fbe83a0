#include "media/source/container_end.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace videopush::media {
namespace {

/// Exactly `count` bytes at `position`, or false.
bool read_at(AVIOContext& io, std::int64_t position, std::uint8_t* out, int count) {
  return avio_seek(&io, position, SEEK_SET) == position && avio_read(&io, out, count) == count;
}

std::uint64_t big_endian(const std::uint8_t* bytes, int count) {
  std::uint64_t value = 0;
  for (int i = 0; i < count; ++i) value = value << 8 | bytes[i];
  return value;
}

/// Top-level boxes: 32-bit size and type, size 1 = 64-bit size follows, 0 = to the end
/// (ISO/IEC 14496-12 section 4.2).
std::int64_t end_of_boxes(AVIOContext& io, std::int64_t size, int max_steps) {
  std::int64_t position = 0;
  for (int step = 0; step < max_steps && position < size; ++step) {
    std::uint8_t head[16];
    if (!read_at(io, position, head, 8)) return position + 8;
    std::uint64_t length = big_endian(head, 4);
    if (length == 0) return size;
    if (length == 1) {
      if (!read_at(io, position, head, 16)) return position + 16;
      length = big_endian(head + 8, 8);
    }
    if (length < 8 || length > INT64_MAX / 2) return -1;  // not a box: junk at the end
    position += static_cast<std::int64_t>(length);
  }
  return position;
}

/// An EBML variable-length size (RFC 8794 section 4); -1 unknown size or malformed.
std::int64_t ebml_size(const std::uint8_t* bytes, int& length) {
  length = 1;
  while (length <= 8 && !(bytes[0] & (0x80 >> (length - 1)))) ++length;
  if (length > 8) return -1;
  const std::uint64_t mask = (std::uint64_t{1} << (7 * length)) - 1;
  const std::uint64_t value = big_endian(bytes, length) & mask;
  return value == mask ? -1 : static_cast<std::int64_t>(value);
}

/// EBML header, then one Segment whose size is known unless it was written live (RFC 9559 section
/// 5).
std::int64_t end_of_segment(AVIOContext& io) {
  std::uint8_t head[12];
  int length = 0;
  if (!read_at(io, 0, head, 12) || big_endian(head, 4) != 0x1A45DFA3) return -1;
  const std::int64_t header = ebml_size(head + 4, length);
  if (header < 0 || header > 1 << 20) return -1;
  const std::int64_t segment = 4 + length + header;
  if (!read_at(io, segment, head, 12) || big_endian(head, 4) != 0x18538067) return -1;
  const std::int64_t body = ebml_size(head + 4, length);
  return body <= 0 ? -1 : segment + 4 + length + body;
}

/// RIFF chunks, several in an OpenDML file. A recorder that never came to write the size left 0.
std::int64_t end_of_riff(AVIOContext& io, std::int64_t size, int max_steps) {
  std::int64_t position = 0;
  for (int step = 0; step < max_steps && position < size; ++step) {
    std::uint8_t head[8];
    if (!read_at(io, position, head, 8) || std::memcmp(head, "RIFF", 4) != 0) break;
    const std::int64_t length =
        head[4] | head[5] << 8 | head[6] << 16 | std::int64_t{head[7]} << 24;
    if (length == 0) return -1;
    position += 8 + length + (length & 1);
  }
  return position > 0 ? position : -1;
}

/// FLV: header of `data offset` bytes, then previous size (4) and tag (11 + size) in turn
/// (Adobe FLV specification 10.1, annex E).
std::int64_t end_of_tags(AVIOContext& io, std::int64_t size, int max_steps) {
  std::uint8_t head[11];
  if (!read_at(io, 0, head, 9)) return -1;
  std::int64_t position = static_cast<std::int64_t>(big_endian(head + 5, 4)) + 4;
  for (int step = 0; step < max_steps && position < size; ++step) {
    if (!read_at(io, position, head, 11)) return position + 11;
    const int type = head[0] & 0x1f;
    if (type != 8 && type != 9 && type != 18) return -1;
    position += 11 + static_cast<std::int64_t>(big_endian(head + 1, 3)) + 4;
  }
  return position;
}

/// Packets have 188 bytes, of which the first is a synchronization byte (ISO/IEC 13818-1, 2.4.3.2),
/// or 192 with a time code before them, or 204 with parity behind them. The first packet may be
/// incomplete, since recordings begin anywhere.
std::int64_t end_of_packets(AVIOContext& io, std::int64_t size) {
  constexpr int kPackets = 5, kSyncByte = 0x47;
  struct Layout {
    int length, before;
  };
  std::uint8_t head[204 * (kPackets + 1)];
  const auto available =
      static_cast<int>(std::min<std::int64_t>(size, static_cast<std::int64_t>(sizeof head)));
  if (!read_at(io, 0, head, available)) return -1;
  for (const auto& [length, before] : {Layout{188, 0}, {192, 4}, {204, 0}}) {
    const int packets = std::min(kPackets, available / length - 1);
    for (int sync = 0; packets > 0 && sync < length; ++sync) {
      int found = 0;
      while (found < packets && head[sync + found * length] == kSyncByte) ++found;
      if (found < packets) continue;
      const std::int64_t begin = sync - before;
      return begin + (size - begin + length - 1) / length * length;
    }
  }
  return -1;
}

std::int64_t end_of_index(const AVStream& stream) {
  auto& mutable_stream = const_cast<AVStream&>(stream);  // the getters are not const
  std::int64_t end = -1;
  const int count = avformat_index_get_entries_count(&stream);
  for (int i = 0; i < count; ++i) {
    const AVIndexEntry* entry = avformat_index_get_entry(&mutable_stream, i);
    if (entry) end = std::max(end, entry->pos + entry->size);
  }
  return end;
}

}  // namespace

std::int64_t declared_end(AVFormatContext& context, int stream_index, std::int64_t size,
                          int max_steps) {
  const std::string_view name = context.iformat->name;
  AVIOContext& io = *context.pb;
  if (name.rfind("mov", 0) == 0) {
    return std::max(end_of_boxes(io, size, max_steps),
                    end_of_index(*context.streams[stream_index]));
  }
  if (name.rfind("matroska", 0) == 0) return end_of_segment(io);
  if (name == "avi") return end_of_riff(io, size, max_steps);
  if (name == "flv") return end_of_tags(io, size, max_steps);
  if (name == "mpegts") return end_of_packets(io, size);
  return -1;
}

/// libavformat takes the header of a second FLV file for a tag of 5 MB.
std::int64_t next_part(AVFormatContext& context, std::int64_t position, int max_steps) {
  if (std::string_view(context.iformat->name) != "flv") return -1;
  std::uint8_t head[11];
  for (int step = 0; step < max_steps && read_at(*context.pb, position, head, 11); ++step) {
    if (std::memcmp(head, "FLV", 3) == 0)
      return position + static_cast<std::int64_t>(big_endian(head + 5, 4)) + 4;
    position += 11 + static_cast<std::int64_t>(big_endian(head + 1, 3)) + 4;
  }
  return -1;
}

}  // namespace videopush::media
