#include "judge/watched.hpp"

#include <algorithm>
#include <utility>

namespace vastwatch::simulation {
namespace {

/// A host whose figures have stood still for this many readings does not measure.
constexpr int still_readings = 3;
constexpr std::size_t longest_history = 512;
constexpr std::size_t most_beginnings = 32;

void end_period(Watched& watched, Instant at) {
    watched.idle_until = watched.idle_since ? at : watched.idle_until;
    watched.idle_since.reset();
    watched.known = Duration{0};
    watched.unknown = Duration{0};
    watched.pending_unknown = Duration{0};
    watched.anew.clear();
}

void extend(IdleSpan& span, Word word, Instant at, Instant last_sample) {
    if (!span.since) {
        span.since = word == Word::idle ? std::optional{at} : std::nullopt;
    } else if (word == Word::unknown) {
        span.pending_unknown += at - last_sample;
    } else {
        span.known += at - last_sample;
        span.unknown += std::exchange(span.pending_unknown, Duration{0});
    }
}

void follow_run(Watched& watched, const Reading& reading, Instant at) {
    if (reading.running) {
        watched.runs_since = watched.runs_since.value_or(at);
        watched.ever_ran = true;
    } else if (!reading.wanted_running) {
        watched.runs_since.reset();
        end_period(watched, at);
        watched.history.clear();
    }
    watched.ever_ran = watched.ever_ran || (!reading.waits_to_run && !reading.host_silent);
    if (reading.stopped) {
        watched.stopped_since = watched.stopped_since.value_or(at);
    } else {
        watched.stopped_since.reset();
    }
}

void remember(Watched& watched, Word word, Instant at) {
    if (!watched.history.empty() && watched.history.back().word == word &&
        !watched.history.back().may_be_lost && !watched.history.back().breaks) {
        watched.history.back().last = at;
        return;
    }
    if (watched.history.size() >= longest_history) {
        watched.history.erase(watched.history.begin(), watched.history.begin() + 64);
    }
    watched.history.push_back(Stretch{.first = at, .last = at, .word = word});
}

void follow_idleness(Watched& watched, Word word, Instant at, Duration max_gap) {
    const bool gap =
        watched.idle_since && word != Word::unknown && at - watched.last_known > max_gap;
    if (watched.interrupted || gap) {
        end_period(watched, at);
        if (gap) {
            watched.history.clear();
        } else {
            watched.history.push_back(Stretch{.first = at, .last = at, .breaks = true});
        }
        watched.interrupted = false;
        ++watched.changes;
    }
    // Just short of a gap: measured a little otherwise, or after a sample that was lost with its
    // process, the daemon may begin anew.
    const Instant kept = std::min(watched.last_known, watched.kept_known.value_or(Instant::max()));
    watched.nearly_gap = watched.idle_since && at - kept > max_gap - max_gap / 20;
    remember(watched, word, at);
    for (auto& span : watched.anew) {
        extend(span, word, at, watched.last_sample);
    }
    if (word == Word::busy) {
        end_period(watched, at);
    } else if (word == Word::unknown) {
        watched.pending_unknown += watched.idle_since ? at - watched.last_sample : Duration{0};
    } else if (!watched.idle_since) {
        watched.idle_since = at;
        watched.last_idle = at;
    } else {
        watched.known += at - watched.last_sample;
        watched.unknown += watched.pending_unknown;
        watched.pending_unknown = Duration{0};
        watched.last_idle = at;
    }
    if (word != Word::unknown) {
        watched.known_before = std::exchange(watched.last_known, at);
        watched.kept_known.reset();
    }
}

}  // namespace

Word word_of(const Reading& reading, int repeats, double below) {
    if (!reading.running || !reading.util || *reading.util < 0 || *reading.util > 100 ||
        repeats >= still_readings) {
        return Word::unknown;
    }
    // A card at zero is still warm: without a temperature the whole row was not measured.
    if (*reading.util == 0 && reading.temperature.value_or(0) <= 0) {
        return Word::unknown;
    }
    return *reading.util < below ? Word::idle : Word::busy;
}

void follow(Watched& watched, const Reading& reading, Instant at, Duration max_gap, double below) {
    follow_run(watched, reading, at);
    // A row of zeros was not measured: it neither moves nor stands still.
    if (reading.util != 0.0 || reading.temperature.value_or(0) > 0) {
        watched.repeats =
            watched.any_sample && watched.others == reading.others ? watched.repeats + 1 : 0;
        watched.others = reading.others;
    }
    const Word word = word_of(reading, watched.repeats, below);
    watched.changes += word != watched.word || !reading.running ? 1 : 0;
    watched.word = word;
    if (watched.runs_since) {
        follow_idleness(watched, word, at, max_gap);
    }
    watched.any_sample = true;
    watched.last_sample = at;
}

void may_begin_anew(Watched& watched, IdleSpan span) {
    if (!watched.anew.empty() && !watched.anew.back().since) {
        watched.anew.pop_back();
    } else if (watched.anew.size() >= most_beginnings) {
        watched.anew.erase(watched.anew.begin());
    }
    watched.anew.push_back(span);
}

void believe_clock(Watched& watched, Duration by, Instant at) {
    const auto move = [by](std::optional<Instant>& kept) {
        if (kept) {
            *kept -= by;
        }
    };
    move(watched.runs_since);
    move(watched.stopped_since);
    move(watched.waits_since);
    move(watched.protected_since);
    move(watched.protected_until);
    move(watched.warned_at);
    move(watched.warning_delivered_at);
    if (watched.last_sample - by > at) {
        end_period(watched, at);  // time that goes backwards is no evidence
        watched.history.clear();
        return;
    }
    move(watched.idle_since);
    for (auto& span : watched.anew) {
        move(span.since);
    }
    watched.last_idle -= by;
    watched.last_known -= by;
    watched.known_before -= by;
    watched.last_sample -= by;
    for (auto& stretch : watched.history) {
        stretch.first -= by;
        stretch.last -= by;
    }
}

}  // namespace vastwatch::simulation
