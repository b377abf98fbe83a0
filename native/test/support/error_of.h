// What a call threw.
#pragma once

#include "core/error.h"

namespace videopush::test {

/// The error a call ends in; Internal "nothing was thrown" when in none.
template <typename Call>
Error error_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  return Error(ErrorCode::Internal, "nothing was thrown");
}

}  // namespace videopush::test
