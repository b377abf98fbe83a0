#include "media/picture/filter_chain.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "core/error.h"
#include "media/picture/color.h"
#include "media/picture/filter_library.h"

namespace videopush::media {
namespace {

/// Reference white in HDR, cd/m2 (ITU-R BT.2408 section 2.1). It becomes the white of paper in SDR.
constexpr int kReferenceWhite = 203;
/// Highlights keep their detail up to this multiple of reference white: up to 1000 cd/m2, the peak
/// of HLG and of most gradings.
constexpr double kPeak = 1000.0 / kReferenceWhite;

void append(std::string& chain, const std::string& part) {
  if (!chain.empty() && !part.empty()) chain += ',';
  chain += part;
}

std::string alpha_chain(std::uint32_t color) {
  char text[160];
  std::snprintf(text, sizeof text,
                "format=rgba,split[alpha][under];[under]lutrgb=r=%u:g=%u:b=%u:a=255[plain];"
                "[plain][alpha]overlay=format=rgb",
                color >> 16 & 0xff, color >> 8 & 0xff, color & 0xff);
  return text;
}

/// zscale's name for the matrix of a picture without RGB; one that is not tagged is BT.2020's.
const char* matrix_name(AVColorSpace matrix) {
  switch (matrix) {
    case AVCOL_SPC_BT709:
      return "709";
    case AVCOL_SPC_BT2020_CL:
      return "2020_cl";
    case AVCOL_SPC_ICTCP:
      return "ictcp";
    default:
      return "2020_ncl";
  }
}

const char* transfer_name(AVColorTransferCharacteristic transfer) {
  switch (transfer) {
    case AVCOL_TRC_SMPTE2084:
      return "smpte2084";
    case AVCOL_TRC_ARIB_STD_B67:
      return "arib-std-b67";
    default:
      return "2020_10";
  }
}

/// The format at the end of the chain: the wanted one where zscale makes it, else 4:4:4 of 8 bits,
/// which swscale then converts.
const char* made_format(int wanted) {
  constexpr std::array kDirect = {AV_PIX_FMT_YUV420P,     AV_PIX_FMT_YUV422P,
                                  AV_PIX_FMT_YUV444P,     AV_PIX_FMT_YUV420P10LE,
                                  AV_PIX_FMT_YUV422P10LE, AV_PIX_FMT_YUV444P10LE};
  const auto format = static_cast<AVPixelFormat>(wanted);
  const bool direct = std::ranges::find(kDirect, format) != kDirect.end();
  return av_get_pix_fmt_name(direct ? format : AV_PIX_FMT_YUV444P);
}

void require_filters() {
  for (const char* name : {"zscale", "tonemap"}) {
    if (filters().avfilter_get_by_name(name)) continue;
    throw Error(ErrorCode::InvalidArgument,
                std::string("this FFmpeg was built without the filter ") + name +
                    ", which converts HDR to SDR",
                "set `hdr` to Keep, or use an FFmpeg with libzimg, as Debian has it");
  }
}

std::string sdr_chain(const FilterWork::ToSdr& work, const AVFrame& in) {
  require_filters();
  const bool rgb = is_rgb(static_cast<AVPixelFormat>(in.format));
  const bool curve = in.color_trc == AVCOL_TRC_SMPTE2084 || in.color_trc == AVCOL_TRC_ARIB_STD_B67;
  std::string chain = "zscale=w=" + std::to_string(work.width) +
                      ":h=" + std::to_string(work.height) + ":tin=" + transfer_name(in.color_trc) +
                      ":pin=2020" +
                      ":rin=" + (in.color_range == AVCOL_RANGE_JPEG || rgb ? "full" : "limited") +
                      (rgb ? "" : std::string(":min=") + matrix_name(in.colorspace));
  if (curve) {
    chain += ":t=linear:npl=" + std::to_string(kReferenceWhite) +
             ",format=gbrpf32le,zscale=p=709,tonemap=mobius:desat=0:peak=" + std::to_string(kPeak) +
             ",zscale=t=709:m=709:r=limited";
  } else {
    chain += ":p=709:t=709:m=709:r=limited";
  }
  return chain + ",format=" + made_format(work.pixel_format);
}

}  // namespace

std::string filter_chain(const FilterWork& work, const AVFrame& in) {
  std::string chain;
  if (work.background) append(chain, alpha_chain(*work.background));
  if (work.to_sdr) append(chain, sdr_chain(*work.to_sdr, in));
  append(chain, upright_chain(work.orientation));
  return chain;
}

}  // namespace videopush::media
