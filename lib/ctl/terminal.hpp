// The terminal that standard output and input may be.
#pragma once

#include <termios.h>

#include <cstddef>
#include <optional>
#include <string_view>

namespace vastwatch::ctl {

bool output_is_terminal();
bool input_is_terminal();

/// Whether to colour standard output: on a terminal that is not dumb, unless NO_COLOR says no.
bool wants_colour();

struct Size {
    std::size_t columns = 0;  // 0 = no limit
    std::size_t rows = 0;
};

/// COLUMNS and LINES where they are set, else what the terminal says; no limit elsewhere.
Size terminal_size();

/// Writes all of it to standard output at once; false when that is not possible any more.
bool write_out(std::string_view text);

/// The other screen of the terminal, without cursor, line wrapping and echo, for as long as this
/// lives; everything is put back in the end.
class FullScreen {
  public:
    FullScreen() { enter(); }

    FullScreen(const FullScreen&) = delete;
    FullScreen& operator=(const FullScreen&) = delete;

    ~FullScreen() { leave(); }

    /// For the time in which the process is stopped.
    void leave();
    void enter();

  private:
    std::optional<termios> before_;
    bool shown_ = false;
};

}  // namespace vastwatch::ctl
