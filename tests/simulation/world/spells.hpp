// When each kind of trouble is on: spells that begin and end by chance, each kind from a stream of
// its own, and single mishaps that strike one event in so many.
#pragma once

#include "world/plan.hpp"

#include <map>
#include <string>

namespace vastwatch::simulation {

/// One kind of trouble of one subject over time. Asked at rising instants.
class Spells {
  public:
    Spells(
        const Options& options,
        Trouble trouble,
        std::string_view subject,
        Spell spell,
        Instant from);

    /// Whether it is on at `now`; counts each spell once.
    bool on(Instant now);

    /// When it changes next.
    Instant next_change() const { return on_ ? until_ : begins_; }

    std::uint64_t count() const { return count_; }

  private:
    void draw_next(Instant from);

    vastsim::Random random_;
    Spell spell_;
    bool enabled_;
    bool on_ = false;
    Instant begins_;
    Instant until_;
    std::uint64_t count_ = 0;
};

/// A mishap that strikes by chance.
class Mishap {
  public:
    Mishap(const Options& options, Trouble trouble, std::string_view subject, double probability);

    bool strikes();

    std::uint64_t count() const { return count_; }

    vastsim::Random& random() { return random_; }

  private:
    vastsim::Random random_;
    double probability_;
    std::uint64_t count_ = 0;
};

}  // namespace vastwatch::simulation
