// libav*'s log lines to one JavaScript listener.
#pragma once

#include <napi.h>

namespace videopush::binding {

/// `listener`: function(level, line) or undefined for silence; level as in set_log_level. The log
/// is the process's, so the environment that asked last gets it. Lines are redacted; when the
/// listener falls far behind, lines are left out and their number is reported.
void set_log_listener(Napi::Env env, const Napi::Value& listener);

}  // namespace videopush::binding
