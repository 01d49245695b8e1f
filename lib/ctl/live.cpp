#include "ctl/live.hpp"

#include "ctl/page.hpp"
#include "ctl/run.hpp"
#include "ctl/terminal.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <optional>
#include <string>

namespace vastwatch::ctl {
namespace {

namespace asio = boost::asio;

/// Signals, keys and the time to the next screen, all on the link's loop.
class Events {
  public:
    explicit Events(SocketLink& link) : link_(link) {
        wait_signal();
        if (output_is_terminal() && input_is_terminal()) {
            keyboard_.emplace(link.loop(), ::dup(STDIN_FILENO));
            wait_key();
        }
    }

    bool stopping() const { return stopping_; }

    /// Asked to step back (Ctrl-Z); once.
    bool take_suspended() { return std::exchange(suspended_, false); }

    /// Until the interval is over or something happens that asks for a new screen.
    void pause(Duration interval) {
        bool over = false;
        timer_.expires_after(interval);
        timer_.async_wait([&over](const boost::system::error_code&) { over = true; });
        link_.loop().restart();
        while (!over) {
            if (stopping_ || suspended_ || resized_) {
                timer_.cancel();
            }
            link_.loop().run_one();
        }
        resized_ = false;
    }

  private:
    void wait_signal() {
        signals_.async_wait([this](const boost::system::error_code& error, int number) {
            if (error) {
                return;
            }
            if (number == SIGWINCH) {
                resized_ = true;
            } else if (number == SIGTSTP) {
                suspended_ = true;
            } else {
                stop();
            }
            wait_signal();
        });
    }

    /// Waits for readability only: a read by Asio would make the terminal non-blocking for the
    /// shell as well.
    void wait_key() {
        keyboard_->async_wait(
            asio::posix::descriptor_base::wait_read,
            [this](const boost::system::error_code& error) {
                char key = 0;
                if (error || ::read(keyboard_->native_handle(), &key, 1) != 1) {
                    return;
                }
                if (key == 'q' || key == 'Q') {
                    stop();
                }
                wait_key();
            });
    }

    void stop() {
        stopping_ = true;
        link_.interrupt();
    }

    SocketLink& link_;
    asio::signal_set signals_{link_.loop(), SIGINT, SIGTERM};
    asio::steady_timer timer_{link_.loop()};
    std::optional<asio::posix::stream_descriptor> keyboard_;
    bool stopping_ = false;
    bool suspended_ = false;
    bool resized_ = false;

  public:
    /// Those that only matter to a screen that is drawn in place.
    void watch_screen() {
        signals_.add(SIGHUP);
        signals_.add(SIGWINCH);
        signals_.add(SIGTSTP);
    }
};

Look look_of(const Size& size) {
    Look look;
    look.width = size.columns;
    look.colour = wants_colour();
    return look;
}

int report(const Outcome& problem) {
    fmt::print(stderr, "{}", problem.err);
    return problem.code;
}

/// Lines from the top left corner on, each cleared to its end, and what was below them.
std::string frame(const Lines& lines) {
    std::string out = "\x1b[H";
    for (std::size_t i = 0; i < lines.size(); ++i) {
        out += lines[i];
        out += i + 1 < lines.size() ? "\x1b[K\r\n" : "\x1b[K";
    }
    return out + "\x1b[J";
}

Lines screen(const Scene& scene, const std::string& problem) {
    const auto size = terminal_size();
    const auto look = look_of(size);
    Page page{look};
    if (!problem.empty()) {
        page.line(Text{"not up to date: " + problem, Style::bad});
    }
    auto lines = page.take();
    const auto rows = size.rows > lines.size() ? size.rows - lines.size() : 1;
    for (auto& line : show_scene(scene, look, size.rows == 0 ? 0 : rows)) {
        lines.push_back(std::move(line));
    }
    return lines;
}

std::string first_line(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

int draw_in_place(SocketLink& link, const TopSettings& settings, Events& events, Scene scene) {
    FullScreen full;
    std::string problem;
    int code = exit_done;
    for (std::size_t shown = 1; !events.stopping(); ++shown) {
        if (!write_out(frame(screen(scene, problem)))) {
            return exit_refused;
        }
        if (settings.count != 0 && shown >= settings.count) {
            return code;
        }
        events.pause(settings.interval);
        if (events.take_suspended()) {
            full.leave();
            static_cast<void>(std::raise(SIGSTOP));  // a signal that there always is
            full.enter();
        }
        if (events.stopping()) {
            break;
        }
        auto next = read_scene(link);
        code = next.problem.code;
        problem = first_line(next.problem.err);
        if (code == exit_done) {
            scene = std::move(next);
        }
    }
    return exit_done;
}

int print_below(SocketLink& link, const TopSettings& settings, Events& events, Scene scene) {
    const auto count = settings.count == 0 ? 1 : settings.count;
    for (std::size_t shown = 1;; ++shown) {
        std::string out;
        if (settings.json) {
            out = scene_json(scene) + "\n";
        } else {
            for (const auto& line : show_scene(scene, look_of(terminal_size()), 0)) {
                out += line + "\n";
            }
            out += shown < count ? "\n" : "";
        }
        if (!write_out(out)) {
            return exit_refused;
        }
        if (shown >= count) {
            return exit_done;
        }
        events.pause(settings.interval);
        if (events.stopping()) {
            return exit_done;
        }
        scene = read_scene(link);
        if (scene.problem.code != exit_done) {
            return events.stopping() ? exit_done : report(scene.problem);
        }
    }
}

}  // namespace

int run_top(SocketLink& link, const TopSettings& settings) {
    Events events{link};
    auto scene = read_scene(link);
    if (events.stopping()) {
        return exit_done;
    }
    if (scene.problem.code != exit_done) {
        return report(scene.problem);
    }
    if (settings.json || !output_is_terminal()) {
        return print_below(link, settings, events, std::move(scene));
    }
    events.watch_screen();
    return draw_in_place(link, settings, events, std::move(scene));
}

}  // namespace vastwatch::ctl
