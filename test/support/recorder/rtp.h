// RTP (RFC 3550), H.264 payloads (RFC 6184) and sender reports, as far as a recorder needs them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recorder {

inline std::uint32_t be16(const std::uint8_t* p) {
  return static_cast<std::uint32_t>(p[0] << 8 | p[1]);
}
inline std::uint32_t be32(const std::uint8_t* p) { return be16(p) << 16 | be16(p + 2); }

struct RtpPacket {
  bool marker = false;
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 0;
  std::uint32_t ssrc = 0;
  const std::uint8_t* payload = nullptr;
  std::size_t size = 0;
};

/// RFC 3550 §5.1; nothing when the bytes are no RTP packet.
inline std::optional<RtpPacket> parse_rtp(const std::uint8_t* data, std::size_t size) {
  if (size < 12 || data[0] >> 6 != 2) return std::nullopt;
  std::size_t header = 12 + 4u * (data[0] & 0x0f);
  if ((data[0] & 0x10) != 0) {
    if (size < header + 4) return std::nullopt;
    header += 4 + 4 * be16(data + header + 2);
  }
  std::size_t padding = (data[0] & 0x20) != 0 ? data[size - 1] : 0;
  if (header + padding > size) return std::nullopt;
  RtpPacket packet;
  packet.marker = (data[1] & 0x80) != 0;
  packet.sequence = static_cast<std::uint16_t>(be16(data + 2));
  packet.timestamp = be32(data + 4);
  packet.ssrc = be32(data + 8);
  packet.payload = data + header;
  packet.size = size - header - padding;
  return packet;
}

struct SenderReport {
  std::uint64_t ntp = 0;  // 32.32 fixed point seconds since 1900
  std::uint32_t rtp = 0;
  std::uint32_t packets = 0;
};

/// RFC 3550 §6.4.1; nothing when the compound packet does not begin with a sender report.
inline std::optional<SenderReport> parse_sender_report(const std::uint8_t* data, std::size_t size) {
  if (size < 28 || data[0] >> 6 != 2 || data[1] != 200) return std::nullopt;
  return SenderReport{static_cast<std::uint64_t>(be32(data + 8)) << 32 | be32(data + 12),
                      be32(data + 16), be32(data + 20)};
}

/// Gathers the NAL units of one access unit from its RTP packets: single, STAP-A and FU-A (RFC 6184
/// §5.6-5.8).
class AccessUnit {
 public:
  void add(const RtpPacket& packet) {
    ++packets;
    bytes += packet.size;
    if (packet.size < 2) return;
    const std::uint8_t kind = packet.payload[0] & 0x1f;
    if (kind == 24) {
      split_aggregate(packet.payload + 1, packet.size - 1);
    } else if (kind == 28) {
      const std::uint8_t fragment = packet.payload[1];
      if ((fragment & 0x80) != 0) {
        start(static_cast<std::uint8_t>((packet.payload[0] & 0xe0) | (fragment & 0x1f)));
      }
      annex_b.append(reinterpret_cast<const char*>(packet.payload + 2), packet.size - 2);
    } else {
      start(packet.payload[0]);
      annex_b.append(reinterpret_cast<const char*>(packet.payload + 1), packet.size - 1);
    }
  }

  std::vector<int> types;
  std::string annex_b;
  std::size_t packets = 0, bytes = 0;

 private:
  void start(std::uint8_t header) {
    types.push_back(header & 0x1f);
    annex_b.append("\0\0\0\1", 4);
    annex_b.push_back(static_cast<char>(header));
  }

  void split_aggregate(const std::uint8_t* data, std::size_t size) {
    while (size > 2) {
      const std::size_t length = be16(data);
      if (length == 0 || length + 2 > size) return;
      start(data[2]);
      annex_b.append(reinterpret_cast<const char*>(data + 3), length - 1);
      data += length + 2;
      size -= length + 2;
    }
  }
};

inline std::string decode_base64(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    int value;
    if (c >= 'A' && c <= 'Z')
      value = c - 'A';
    else if (c >= 'a' && c <= 'z')
      value = c - 'a' + 26;
    else if (c >= '0' && c <= '9')
      value = c - '0' + 52;
    else if (c == '+')
      value = 62;
    else if (c == '/')
      value = 63;
    else
      break;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    held += 6;
    if (held >= 8) out.push_back(static_cast<char>(bits >> (held -= 8) & 0xff));
  }
  return out;
}

/// The SDP's sprop-parameter-sets (RFC 6184 §8.1) as Annex B; empty when it has none.
inline std::string parameter_sets(std::string_view sdp) {
  constexpr std::string_view kKey = "sprop-parameter-sets=";
  const std::size_t at = sdp.find(kKey);
  if (at == std::string_view::npos) return {};
  std::string_view list = sdp.substr(at + kKey.size());
  list = list.substr(0, list.find_first_of("; \r\n"));
  std::string out;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    out.append("\0\0\0\1", 4).append(decode_base64(list.substr(0, comma)));
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  }
  return out;
}

}  // namespace recorder
