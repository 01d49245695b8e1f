#include "ctl/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <string_view>

namespace vastwatch::ctl {
namespace {

constexpr std::string_view enter_sequence = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[H\x1b[2J";
constexpr std::string_view leave_sequence = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

std::string_view environment(const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): there is one thread
    return value == nullptr ? std::string_view{} : std::string_view{value};
}

/// A positive number below 10,000; 0 for other text.
std::size_t number(std::string_view text) {
    constexpr std::size_t most = 10'000;
    std::size_t value = 0;
    const auto* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, value);
    return result.ec == std::errc{} && result.ptr == end && value < most ? value : 0;
}

}  // namespace

bool output_is_terminal() {
    return isatty(STDOUT_FILENO) == 1;
}

bool input_is_terminal() {
    return isatty(STDIN_FILENO) == 1;
}

bool wants_colour() {
    return output_is_terminal() && environment("NO_COLOR").empty() && environment("TERM") != "dumb";
}

Size terminal_size() {
    Size size;
    winsize window{};
    if (output_is_terminal() && ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0) {
        size.columns = window.ws_col;
        size.rows = window.ws_row;
    }
    if (const auto columns = number(environment("COLUMNS")); columns != 0) {
        size.columns = columns;
    }
    if (const auto rows = number(environment("LINES")); rows != 0) {
        size.rows = rows;
    }
    return size;
}

bool write_out(std::string_view text) {
    while (!text.empty()) {
        const auto written = write(STDOUT_FILENO, text.data(), text.size());
        if (written < 0 && errno != EINTR) {
            return false;
        }
        text.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
    return true;
}

void FullScreen::enter() {
    if (shown_) {
        return;
    }
    shown_ = true;
    termios now{};
    if (input_is_terminal() && tcgetattr(STDIN_FILENO, &now) == 0) {
        before_ = now;
        now.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON);
        tcsetattr(STDIN_FILENO, TCSANOW, &now);
    }
    write_out(enter_sequence);
}

void FullScreen::leave() {
    if (!shown_) {
        return;
    }
    shown_ = false;
    write_out(leave_sequence);
    if (before_) {
        tcsetattr(STDIN_FILENO, TCSANOW, &*before_);
        before_.reset();
    }
}

}  // namespace vastwatch::ctl
