#include "media/picture/color.h"

#include <algorithm>

namespace videopush::media {

bool is_rgb(AVPixelFormat format) {
  const AVPixFmtDescriptor* description = av_pix_fmt_desc_get(format);
  return description && (description->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL));
}

AVColorSpace default_matrix(int width, int height) {
  const bool hd = std::max(width, height) >= 1280 || std::min(width, height) >= 720;
  return hd ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
}

ColorMeaning color_meaning(AVPixelFormat format, AVColorSpace matrix, AVColorRange range, int width,
                           int height) {
  if (is_rgb(format)) return {AVCOL_SPC_RGB, range != AVCOL_RANGE_MPEG};
  if (matrix == AVCOL_SPC_UNSPECIFIED || matrix == AVCOL_SPC_RGB || matrix == AVCOL_SPC_RESERVED) {
    matrix = default_matrix(width, height);
  }
  const AVPixelFormat plain = without_j(format, range);
  const AVPixFmtDescriptor* description = av_pix_fmt_desc_get(plain);
  const bool gray = description && description->nb_components == 1;
  return {matrix, range == AVCOL_RANGE_JPEG || (gray && range == AVCOL_RANGE_UNSPECIFIED)};
}

AVPixelFormat without_j(AVPixelFormat format, AVColorRange& range) {
  AVPixelFormat plain = format;
  switch (format) {
    case AV_PIX_FMT_YUVJ420P:
      plain = AV_PIX_FMT_YUV420P;
      break;
    case AV_PIX_FMT_YUVJ422P:
      plain = AV_PIX_FMT_YUV422P;
      break;
    case AV_PIX_FMT_YUVJ444P:
      plain = AV_PIX_FMT_YUV444P;
      break;
    case AV_PIX_FMT_YUVJ440P:
      plain = AV_PIX_FMT_YUV440P;
      break;
    case AV_PIX_FMT_YUVJ411P:
      plain = AV_PIX_FMT_YUV411P;
      break;
    default:
      return format;
  }
  range = AVCOL_RANGE_JPEG;
  return plain;
}

}  // namespace videopush::media
