// Assertions that stay on in release builds: a broken invariant ends the process, which systemd
// restarts into the last durable state, rather than letting it act on nonsense.
#pragma once

namespace vastwatch {

/// Prints what failed, and where, to standard error and aborts.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace vastwatch

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): file, line and the text of the condition
#define VW_ASSERT(condition) \
    ((condition) ? void() : ::vastwatch::assertion_failed(#condition, __FILE__, __LINE__))
