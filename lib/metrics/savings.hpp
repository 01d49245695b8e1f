// What enforcement has saved, or in dry run would have: the difference to an account that nobody
// watches. A statement about what did not happen, so it rests on one assumption, which is said here
// and nowhere else: what was taken down would have run on at its rate until the month ended.
#pragma once

#include "engine/view.hpp"

#include <map>

namespace vastwatch::metrics {

/// US dollars from actions that were done, and from those that dry run only decided upon.
struct Saved {
    Usd done;
    Usd dry_run;
};

/// Of the present day and month, each from its start until now.
struct Savings {
    Saved day;
    Saved month;
};

/// By team, of the actions the view shows that were confirmed (or, in dry run, decided) this month.
/// A stopped instance saves what it costs less than before, a destroyed one all of its rate. A
/// would-be action counts until its reason ended, any until the next case about the same instance.
std::map<TeamName, Savings> savings_of(const engine::View& view);

}  // namespace vastwatch::metrics
