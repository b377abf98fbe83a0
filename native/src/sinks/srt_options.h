// The parameters of an SRT URL, as libavformat and ffmpeg name them (doc/protocols.texi, "srt").
#pragma once

#include <srt/srt.h>

#include <string_view>

namespace videopush::sinks {

enum class SrtMode { Caller, Listener, Rendezvous };

/// The parameter "mode"; a caller when there is none. UrlInvalid: another word.
SrtMode srt_mode(std::string_view query);

/// Sets what `query` ("a=1&b=2", percent-encoded) names on a socket that is not connected; names of
/// other things are passed over. UrlInvalid: a value that libsrt refuses.
void set_srt_options(SRTSOCKET socket, std::string_view query);

}  // namespace videopush::sinks
