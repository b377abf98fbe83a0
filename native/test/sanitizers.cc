// What the sanitizers' run-time libraries ask the program for, so that it needs no environment.
// The names are theirs: see sanitizer/common_interface_defs.h and LLVM's SanitizerCommonFlags page.

// They are found by name from the shared libraries, whatever the visibility of the rest.
#define ASKED_FOR extern "C" __attribute__((visibility("default"))) const char*

#ifdef __SANITIZE_ADDRESS__

ASKED_FOR __asan_default_options();
ASKED_FOR __ubsan_default_options();
ASKED_FOR __lsan_default_options();
ASKED_FOR __lsan_default_suppressions();

const char* __asan_default_options() {
  return "detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1";
}

const char* __ubsan_default_options() { return "print_stacktrace=1:halt_on_error=1"; }

const char* __lsan_default_options() { return "print_suppressions=0"; }

// libx265 3.5 loses one small block per encoder. libx264 164 lost one picture of its own pool, once
// in many runs. What we forget to free would show as libavcodec's context around it.
const char* __lsan_default_suppressions() { return "leak:x265_malloc\nleak:x264_malloc\n"; }

#endif

#ifdef __SANITIZE_THREAD__

ASKED_FOR __tsan_default_options();

// libav* and libcurl are not instrumented: what they do to memory would all look like races.
const char* __tsan_default_options() {
  return "second_deadlock_stack=1:ignore_noninstrumented_modules=1";
}

#endif
