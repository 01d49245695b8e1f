// The numbered calls of one process, and the one at which it ends. Settings come from the
// environment (README.md). Any thread may call anything here.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>

namespace vastwatch::crash_points {

enum class When { before, after, torn, power, fail };

/// Where a counted call goes: a path relative to the folder, or ":PORT" of a connection that this
/// process opened. Without a name the call does not count.
struct Target {
    std::string name;
    int connection = -1;  // its descriptor, if it is one
};

Target target_of_path(int folder, const char* path);
Target target_of_descriptor(int descriptor);

/// Notes that `descriptor` is now a connection to this TCP port; 0 = no connection of ours.
void note_connection(int descriptor, unsigned port);

/// Counts the call and writes its line to the list. True when it is one to end or to fail at.
bool count(const char* call, const Target& target, std::size_t bytes);

When when();

/// Ends the process as SIGKILL does.
[[noreturn]] void end();

/// Breaks the connection; sets errno to what a broken medium or connection gives.
void break_down(const Target& target);

/// Performs a call that may be the last one, or fail. `whole` does it and gives its result; `half`
/// does as much of it as a crash in the middle leaves behind.
template <class Whole, class Half>
auto perform(const char* call, const Target& target, std::size_t bytes, Whole whole, Half half) {
    if (target.name.empty() || !count(call, target, bytes)) {
        return whole();
    }
    if (when() == When::fail) {
        break_down(target);
        return static_cast<decltype(whole())>(-1);
    }
    if (when() == When::after) {
        static_cast<void>(whole());
    } else if (when() == When::torn) {
        half();
    }
    end();
}

/// The same for a call that has no middle.
template <class Whole>
auto perform(const char* call, const Target& target, Whole whole) {
    return perform(call, target, 0, whole, [] {});
}

}  // namespace vastwatch::crash_points
