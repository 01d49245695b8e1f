// How long what has ended is kept on disk, and when it is looked for. Time is taken from the
// records themselves, so that a simulation prunes as production does.
#pragma once

#include "base/time.hpp"
#include "engine/changes.hpp"

#include <optional>

namespace vastwatch::store {

/// Read at start.
constexpr Duration recent_history = std::chrono::hours{30 * 24};
constexpr int recent_count = 2'000;
/// Of contracts that ended; more than the twelve days that the ledger asks for.
constexpr Duration recent_totals = std::chrono::hours{14 * 24};

/// Kept on disk.
constexpr Duration keep_history = std::chrono::hours{92 * 24};
constexpr Duration keep_settled = std::chrono::hours{62 * 24};
constexpr Duration keep_spend_points = std::chrono::hours{32 * 24};
constexpr Duration keep_ended_outbox = std::chrono::hours{7 * 24};

constexpr Duration prune_pause = std::chrono::hours{1};
/// Rows of one table that one commit removes at most.
constexpr int prune_rows = 2'000;

/// The latest moment at which something was observed or decided in `changes`.
std::optional<Instant> newest(const engine::Changes& changes);

/// Decides when to prune, and as of when.
class PruneSchedule {
  public:
    /// `mark` is the time of the latest pass, as stored.
    explicit PruneSchedule(std::optional<Instant> mark) : mark_(mark) {}

    /// The time from which ages are reckoned when a commit as of `now` should prune. That is the
    /// time of the pass before, so that one step of the clock far ahead removes nothing.
    std::optional<Instant> step(Instant now);

    /// The pass reached its limit of rows: the next commit goes on with it.
    void unfinished(bool more) { unfinished_ = more; }

    std::optional<Instant> mark() const { return mark_; }

  private:
    std::optional<Instant> mark_;
    Instant as_of_;
    bool unfinished_ = false;
};

}  // namespace vastwatch::store
