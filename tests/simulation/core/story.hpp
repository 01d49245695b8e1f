// The latest lines of what happened in a life, for whoever has to find out why something broke.
#pragma once

#include "base/time.hpp"

#include <fmt/format.h>

#include <deque>
#include <string>
#include <utility>

namespace vastwatch::simulation {

class Story {
  public:
    /// Lines are made only when they are kept.
    explicit Story(bool keep) : keep_(keep) {}

    template <class... Parts>
    void add(Instant at, fmt::format_string<Parts...> words, Parts&&... parts) {
        if (!keep_) {
            return;
        }
        auto what = fmt::format(words, std::forward<Parts>(parts)...);
        if (what == latest_) {
            return;  // a daemon that cannot start says so every five seconds
        }
        lines_.push_back(format_rfc3339_millis(at) + "  " + what);
        latest_ = std::move(what);
        if (lines_.size() > longest) {
            lines_.pop_front();
        }
    }

    const std::deque<std::string>& lines() const { return lines_; }

  private:
    static constexpr std::size_t longest = 20000;

    bool keep_;
    std::deque<std::string> lines_;
    std::string latest_;
};

}  // namespace vastwatch::simulation
