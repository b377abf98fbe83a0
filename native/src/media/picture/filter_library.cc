#include "media/picture/filter_library.h"

#include <dlfcn.h>

#include <string>

#include "core/error.h"

namespace videopush::media {
namespace {

[[noreturn]] void refuse() {
  const char* why = dlerror();
  throw Error(ErrorCode::Internal,
              std::string("libavfilter cannot be loaded: ") + (why ? why : "unknown"),
              "install libavfilter beside FFmpeg's other libraries, in their version");
}

FilterLibrary load() {
  const std::string file = "libavfilter.so." + std::to_string(LIBAVFILTER_VERSION_MAJOR);
  void* const handle = dlopen(file.c_str(), RTLD_LAZY | RTLD_LOCAL);
  if (!handle) refuse();
  FilterLibrary library;
#define VIDEOPUSH_FILTER_FUNCTION(name)                                     \
  library.name = reinterpret_cast<decltype(&::name)>(dlsym(handle, #name)); \
  if (!library.name) refuse();
  VIDEOPUSH_FILTER_FUNCTIONS(VIDEOPUSH_FILTER_FUNCTION)
#undef VIDEOPUSH_FILTER_FUNCTION
  return library;
}

}  // namespace

const FilterLibrary& filters() {
  static const FilterLibrary library = load();
  return library;
}

}  // namespace videopush::media
