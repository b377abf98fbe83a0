#include "sinks/file_error.h"

#include <cerrno>

#include "core/av.h"

namespace videopush::sinks {
namespace {

const char* action_for(int averror) {
  switch (averror) {
    case AVERROR(ENOSPC):
    case AVERROR(EDQUOT):
      return "free space on its disk, or name a file on another one";
    case AVERROR(EFBIG):
      return "raise this process's limit (ulimit -f), or use a file system for larger files";
    case AVERROR(ENOENT):
    case AVERROR(ENOTDIR):
      return "create its folder, or name another one";
    case AVERROR(EACCES):
    case AVERROR(EPERM):
      return "let this user write there, or name another folder";
    case AVERROR(EROFS):
      return "its file system is mounted read-only: name another folder";
    case AVERROR(ENAMETOOLONG):
      return "give it a shorter name";
    case AVERROR(EMFILE):
    case AVERROR(ENFILE):
      return "raise the limit of open files (ulimit -n)";
    case AVERROR(EIO):
      return "check its disk: the system's log has the details";
    case AVERROR_EXIT:
      return "check whether its disk is overloaded or unreachable";
    default:
      return "see what the system says of its disk and folder";
  }
}

}  // namespace

Error file_error(int averror, const std::string& shown) {
  const std::string what = "cannot write " + shown;
  const char* action = action_for(averror);
  // libavformat's words for it, "Immediate exit requested", say nothing of the time limit.
  if (averror == AVERROR_EXIT) {
    return Error(ErrorCode::FileNotWritable, what + ": it took no more data in time", action,
                 averror);
  }
  return Error::from_averror(ErrorCode::FileNotWritable, averror, what, action);
}

}  // namespace videopush::sinks
