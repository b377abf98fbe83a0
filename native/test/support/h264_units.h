// H.264 access units made of noise, and the way back from RTP: for tests of what carries them.
#pragma once

#include <cstdint>
#include <cstring>
#include <random>
#include <stdexcept>
#include <vector>

#include "core/av.h"
#include "sinks/sink.h"

namespace videopush::test {

using Bytes = std::vector<std::uint8_t>;
using Nals = std::vector<Bytes>;  // one access unit, without start codes

inline const Bytes kSps = {0x67, 0x42, 0xc0, 0x1f, 0xda, 0x01, 0x40,
                           0x16, 0xe8, 0x06, 0xd0, 0xa1, 0x35};
inline const Bytes kPps = {0x68, 0xce, 0x06, 0xe2};

inline Bytes annex_b(const Nals& nals) {
  Bytes out;
  for (const Bytes& nal : nals) {
    out.insert(out.end(), {0, 0, 0, 1});
    out.insert(out.end(), nal.begin(), nal.end());
  }
  return out;
}

/// A NAL unit of `size` bytes without zeros, so that no start code occurs in it.
inline Bytes noise_nal(std::uint8_t header, std::size_t size, std::mt19937& random) {
  Bytes nal(size);
  for (std::uint8_t& byte : nal) byte = static_cast<std::uint8_t>(1 + random() % 255);
  nal[0] = header;
  return nal;
}

struct TestUnit {
  PacketPtr packet;
  bool key;
  Nals nals;  // as sent; a receiver sees the parameter sets before those of a key frame
  sinks::Unit unit() const { return {packet.get(), key}; }
};

/// Unit `index` of a stream in ticks of 1/90000, 3600 apart; every tenth is a key frame.
inline TestUnit make_unit(int index, std::size_t bytes, std::mt19937& random) {
  TestUnit unit{make_packet(), index % 10 == 0, {}};
  unit.nals.push_back(noise_nal(unit.key ? 0x65 : 0x41, bytes, random));
  const Bytes data = annex_b(unit.nals);
  if (av_new_packet(unit.packet.get(), static_cast<int>(data.size())) < 0) throw std::bad_alloc();
  std::memcpy(unit.packet->data, data.data(), data.size());
  unit.packet->pts = unit.packet->dts = index * 3'600;
  if (unit.key) unit.packet->flags |= AV_PKT_FLAG_KEY;
  return unit;
}

struct TestTrack {
  CodecParametersPtr parameters{avcodec_parameters_alloc()};
  TestTrack() {
    parameters->codec_type = AVMEDIA_TYPE_VIDEO;
    parameters->codec_id = AV_CODEC_ID_H264;
    parameters->width = 1280;
    parameters->height = 720;
    parameters->bit_rate = 4'000'000;
    const Bytes headers = annex_b({kSps, kPps});
    parameters->extradata =
        static_cast<std::uint8_t*>(av_mallocz(headers.size() + AV_INPUT_BUFFER_PADDING_SIZE));
    std::memcpy(parameters->extradata, headers.data(), headers.size());
    parameters->extradata_size = static_cast<int>(headers.size());
  }
  sinks::TrackInfo info() const { return {parameters.get(), {1, 90'000}, {25, 1}}; }
};

struct RtpPacket {
  bool marker;
  std::uint16_t sequence;
  std::uint32_t timestamp, ssrc;
  Bytes payload;
};

inline RtpPacket parse_rtp(const Bytes& data) {
  if (data.size() < 12 || data[0] != 0x80) throw std::runtime_error("no RTP packet");
  const auto u32 = [&](std::size_t at) {
    return static_cast<std::uint32_t>(data[at]) << 24 |
           static_cast<std::uint32_t>(data[at + 1]) << 16 |
           static_cast<std::uint32_t>(data[at + 2]) << 8 | data[at + 3];
  };
  return {(data[1] & 0x80) != 0,
          static_cast<std::uint16_t>(data[2] << 8 | data[3]),
          u32(4),
          u32(8),
          {data.begin() + 12, data.end()}};
}

struct ReceivedUnit {
  std::uint32_t timestamp;
  Nals nals;
};

/// RFC 6184 packetization mode 1: single NAL units, STAP-A (24) and FU-A (28). Throws on a gap in
/// the sequence.
inline std::vector<ReceivedUnit> reassemble(const std::vector<RtpPacket>& packets) {
  std::vector<ReceivedUnit> out;
  Nals nals;
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const RtpPacket& packet = packets[i];
    if (i > 0 && packet.sequence != static_cast<std::uint16_t>(packets[i - 1].sequence + 1)) {
      throw std::runtime_error("gap in the RTP sequence");
    }
    const Bytes& p = packet.payload;
    const int type = p.at(0) & 0x1f;
    if (type == 24) {
      for (std::size_t at = 1; at + 2 <= p.size();) {
        const std::size_t size = static_cast<std::size_t>(p[at]) << 8 | p[at + 1];
        nals.emplace_back(p.begin() + static_cast<long>(at) + 2,
                          p.begin() + static_cast<long>(at + 2 + size));
        at += 2 + size;
      }
    } else if (type == 28) {
      if ((p.at(1) & 0x80) != 0)
        nals.push_back({static_cast<std::uint8_t>((p[0] & 0xe0) | (p[1] & 0x1f))});
      nals.back().insert(nals.back().end(), p.begin() + 2, p.end());
    } else {
      nals.push_back(p);
    }
    if (packet.marker) {
      out.push_back({packet.timestamp, std::move(nals)});
      nals.clear();
    }
  }
  return out;
}

}  // namespace videopush::test
