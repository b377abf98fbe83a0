#include "media/source/source.h"

#include "core/error.h"
#include "media/picture/changes.h"
#include "media/source/libav_source.h"
#include "media/source/pattern_source.h"

namespace videopush::media {
namespace {

constexpr ScanLimits kQuickScan{10, 8 << 20};
constexpr ScanLimits kThoroughScan{10, 32 << 20};

std::unique_ptr<FrameSource> open(const SourceOptions& options, const DecodeOptions& decode,
                                  const ScanLimits& scan, const AbortSignal& abort) {
  if (options.test_pattern && !options.uri.empty()) {
    throw Error(ErrorCode::InvalidArgument, "a source is either a uri or a test pattern, not both");
  }
  if (options.open_timeout_ms <= 0 || options.read_timeout_ms <= 0) {
    throw Error(ErrorCode::InvalidArgument, "a source's time limits must be above 0");
  }
  if (options.test_pattern) return std::make_unique<PatternSource>(*options.test_pattern, abort);
  return std::make_unique<LibavSource>(options, decode, scan, abort);
}

}  // namespace

std::unique_ptr<FrameSource> open_source(const SourceOptions& options, const DecodeOptions& decode,
                                         const AbortSignal& abort) {
  return open(options, decode, kQuickScan, abort);
}

SourceDescriptor probe(const SourceOptions& options, const AbortSignal& abort) {
  SourceDescriptor found = open(options, DecodeOptions{1}, kThoroughScan, abort)->descriptor();
  ConvertOptions push = for_viewers();
  push.orientation = found.orientation;
  found.changes =
      picture_changes(found.format, push, deinterlaces(Deinterlace::Auto, found.interlaced));
  return found;
}

}  // namespace videopush::media
