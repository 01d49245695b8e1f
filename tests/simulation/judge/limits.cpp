// Did it act on too many at once, and is what it did told?
#include "judge/judge.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::simulation {
namespace {

using policy::Action;
using std::chrono::hours;
using std::chrono::minutes;

/// Caps are exempt from the limits on numbers.
bool names_cap(const std::string& reason) {
    const auto rule = std::string_view{reason}.substr(0, reason.find(':'));
    return rule.ends_with("_cap") || rule == "spending_limit" || rule == "shed";
}

bool names_idle(const std::string& reason) {
    return reason.starts_with("idle:");
}

}  // namespace

Instant Judge::window_of(std::string_view cap, Instant at) const {
    const auto& calendar = policy_->calendar;
    const Instant wall = at + skew_;
    if (cap == "spending_limit") {
        return Instant::min();
    }
    return cap.ends_with("monthly_cap") ? calendar.month_start(wall) : calendar.day_start(wall);
}

bool Judge::waits_for(const Watched& watched, std::string_view rule, Instant at) const {
    const std::string name{rule};
    const auto waits = [&](const std::map<std::string, Instant>& names) {
        const auto found = names.find(name);
        if (names.empty() || found == names.end() || !names_cap(name)) {
            return names.empty() || found != names.end();
        }
        // A cap that is reached in a later window is not what the reload made due.
        return found->second >= window_of(name, at);
    };
    // One of many idle ones may be in a reload's hold as well.
    const bool both = !watched.hold_decided && !watched.held_for.empty();
    const bool held = watched.held && (!watched.held_as_mass || both);
    return (held && waits(watched.held_for)) || (watched.dismissed && waits(watched.dismissed_for));
}

bool Judge::acts_by_another(const Watched& watched, bool destroy, Instant at) {
    const auto reasons = condemned(*policy_, watched, destroy, at);
    return std::ranges::any_of(watched.intended_for, [&](const std::string& rule) {
        const bool holds = names_cap(rule) ? over_cap(*policy_, watched, at)
                                           : std::ranges::find(reasons, rule) != reasons.end();
        // A later reload takes out of a hold what is not due at that moment.
        const bool comes_and_goes = names_cap(rule) || rule == "idle";
        const auto entry = watched.held_for.find(rule);
        const bool older = entry != watched.held_for.end() &&
                           entry->second < policy_since_ + skew_ - std::chrono::seconds{1};
        // What worked since it was held is idle anew, which is not what it was held for.
        const bool anew = rule == "idle" && entry != watched.held_for.end() && watched.idle_since &&
                          *watched.idle_since + skew_ > entry->second;
        const auto first = watched.first_held_for.find(rule);
        const bool of_earlier_window = names_cap(rule) && first != watched.first_held_for.end() &&
                                       first->second < window_of(rule, at);
        const bool out =
            comes_and_goes && (watched.held_over_reload || older || anew || of_earlier_window);
        return holds && (out || !waits_for(watched, rule, at));
    });
}

void Judge::intended(std::int64_t id, const std::vector<std::string>& reasons) {
    intended_.insert(id);
    const auto found = watches_.find(id);
    if (found != watches_.end()) {
        auto& watched = found->second;
        watched.unasked = true;
        watched.intended_for.clear();
        for (const auto& reason : reasons) {
            watched.intended_for.insert(reason.substr(0, reason.find(':')));
        }
        watched.cut_short = false;
        watched.limited = !reasons.empty() && std::ranges::none_of(reasons, names_cap);
        watched.only_idle = !reasons.empty() && std::ranges::all_of(reasons, names_idle);
    }
}

/// So many different ones that the limits are about were acted upon since `from`.
std::size_t Judge::acted_since(Instant from, const std::function<bool(const Watched&)>& counts) {
    std::set<std::int64_t> ids;
    for (const auto& [at, id] : limited_orders_) {
        if (at >= from && counts(watches_.at(id))) {
            ids.insert(id);
        }
    }
    return ids.size();
}

void Judge::judge_limits(const Watched& watched, Instant at) {
    while (!limited_orders_.empty() && limited_orders_.front().first + hours{1} < at) {
        limited_orders_.pop_front();
    }
    if (!watched.limited) {
        return;
    }
    limited_orders_.emplace_back(at, watched.id);
    const auto& now = policy_->enforcement;
    const auto& before = previous_->enforcement;
    const bool unlimited = now.max_actions_per_hour == 0 || before.max_actions_per_hour == 0;
    if (!unlimited && at - clock_moved_at_ > hours{2}) {
        const auto limit = std::max(now.max_actions_per_hour, before.max_actions_per_hour);
        // A request may have waited a little for those before it.
        const auto acted = acted_since(at - minutes{55}, [](const Watched&) { return true; });
        verdicts_.require(
            acted <= static_cast<std::size_t>(limit), Invariant::nothing_forbidden, at, [&] {
                return fmt::format("{} are acted upon within an hour, of {}", acted, limit);
            });
    }
    judge_mass(watched, at);
}

/// More idle ones at once than anybody allowed?
void Judge::judge_mass(const Watched& watched, Instant at) {
    if (!watched.only_idle || watched.approved) {
        return;
    }
    const auto same = [&](const Watched& other) { return other.account == watched.account; };
    const auto acted = acted_since(at - minutes{10}, [&](const Watched& other) {
        return same(other) && other.only_idle && !other.approved && !other.order_disturbed;
    });
    std::size_t running = 0;
    for (const auto& [id, other] : watches_) {
        // What was taken down just now ran until then: destroyed, or stopped.
        const bool went = (other.missing || !other.runs_since) && other.ordered_at &&
                          at - *other.ordered_at < minutes{30};
        running += same(other) && ((other.runs_since && !other.missing) || went) ? 1U : 0U;
    }
    const auto& now = policy_->enforcement;
    const auto& before = previous_->enforcement;
    const auto fewest = std::max({now.mass_idle_minimum, before.mass_idle_minimum, 1});
    const auto share = std::max(now.mass_idle_limit.ratio(), before.mass_idle_limit.ratio());
    const bool many = acted >= static_cast<std::size_t>(fewest) &&
                      static_cast<double>(acted) > static_cast<double>(running) * share;
    verdicts_.require(!many, Invariant::nothing_forbidden, at, [&] {
        return fmt::format(
            "{} of {} running instances are taken down as idle within minutes, and nobody approved",
            acted,
            running);
    });
}

/// Notes whose requests something may have come between.
void Judge::note_disturbed_orders(Instant at) {
    while (!fresh_orders_.empty() && fresh_orders_.front().first + minutes{5} < at) {
        fresh_orders_.pop_front();
    }
    for (const auto& [ordered, id] : fresh_orders_) {
        watches_.at(id).order_disturbed = true;
    }
}

/// An action is said to be done.
void Judge::judge_done(const alerts::Alert& alert, Instant at) {
    if (alert.instances_omitted > 0 && alert.team) {
        auto& omitted = omitted_[owner_of(alert)];
        omitted = Omitted{at, omitted.count + alert.instances_omitted};
    }
    for (const auto& one : alert.instances) {
        const auto found = watches_.find(one.id.value());
        if (found == watches_.end()) {
            continue;
        }
        auto& watched = found->second;
        watched.done_told_at = at;
        if (alert.dry_run) {
            continue;
        }
        const auto& sweeps = sweeps_[watched.account];
        // Who died between the intent and the request cannot know whether it left, and has to take
        // what it then looks for in vain for its own work.
        const auto asked = watched.cut_short ? restarted_at_ : watched.ordered_at;
        const bool twice = asked && sweeps.before_listed >= *asked;
        verdicts_.require(twice, Invariant::alert_true, at, [&] {
            return fmt::format(
                "{} is said to be gone, and was not looked for twice since the request",
                watched.id);
        });
    }
}

/// What a request took down, and nobody was told of.
void Judge::judge_done_told(Instant at) {
    for (auto& [id, watched] : watches_) {
        const bool went = watched.ordered_at && watched.ordered_destroy && watched.missing &&
                          !watched.survived_order && !watched.order_disturbed &&
                          !watched.done_judged;
        if (!went || sweeps_[watched.account].before_listed < *watched.ordered_at + hours{4}) {
            continue;
        }
        watched.done_judged = true;
        bool told = watched.done_told_at && *watched.done_told_at >= *watched.ordered_at;
        auto& omitted = omitted_[watched.team];
        if (!told && omitted.count > 0 && omitted.at >= *watched.ordered_at) {
            --omitted.count;
            told = true;
        }
        verdicts_.require(told, Invariant::alert_told, at, [&] {
            return fmt::format(
                "{} ({}) was destroyed at {}, and nobody was told",
                id,
                watched.label,
                format_rfc3339(*watched.ordered_at));
        });
    }
}

/// An account that cannot be seen for long, and nobody was told.
void Judge::judge_blindness_told(Instant at) {
    const Duration patience =
        policy_->enforcement.max_staleness + 2 * setting_.poll_interval + minutes{10};
    for (std::size_t i = 0; i < setting_.accounts.size(); ++i) {
        const auto& name = setting_.accounts[i];
        const Instant since = std::max({sweeps_[i].listed, restarted_at_, policy_since_});
        if (clock_wrong_ || at - since <= patience || blindness_told_.contains(name)) {
            untold_since_.erase(name);
            continue;
        }
        // Whoever has just woken up may not have come to it yet.
        auto& noticed = untold_since_.emplace(name, at).first->second;
        if (noticed < since) {
            noticed = at;  // that was another time
        }
        verdicts_.require(at - noticed < minutes{10}, Invariant::alert_told, at, [&] {
            return fmt::format(
                "{} was listed at {}, and nobody was told that it cannot be seen",
                name,
                format_rfc3339(sweeps_[i].listed));
        });
    }
}

/// It is listed often enough to be acted upon, and not only since a moment ago.
bool Judge::looked_at(std::size_t account, Instant at) const {
    const auto& sweeps = sweeps_[account];
    const auto staleness = policy_->enforcement.max_staleness;
    return at - sweeps.last <= staleness && sweeps.last - sweeps.before_last <= staleness;
}

bool Judge::counts_for_tomorrow(Instant at) const {
    return policy_->calendar.day_start(latest_wall_) > policy_->calendar.day_start(at + skew_);
}

void Judge::judge_account_caps(Instant at) {
    if (!policy_->enforcement.enforce || paused_ || clock_wrong_ || counts_for_tomorrow(at) ||
        !calm(at, minutes{30})) {
        return;
    }
    const Instant start = policy_->calendar.day_start(at);
    for (std::size_t i = 0; i < setting_.accounts.size(); ++i) {
        const auto& name = setting_.accounts[i];
        const auto* account = policy_->find_account(AccountName{name});
        // What was spent before the daemon began it learns late.
        if (account == nullptr || !account->caps.daily || start != utc_day_start(start) ||
            start < begun_ || !looked_at(i, at)) {
            continue;
        }
        const Owner owner = "account:" + name;
        const auto truth = bill_.spend(owner, start, at);
        const Usd margin = truth.under + accrue(bill_.burn(owner, at), 2 * setting_.poll_interval);
        if (truth.amount - margin - Usd::dollars(1) < *account->caps.daily) {
            continue;
        }
        for (const auto& [id, watched] : watches_) {
            if (watched.account != i) {
                continue;
            }
            const auto action = rules_of(watched).cap_action;
            const bool kept = watched.held_over_reload || (watched.held && watched.held_as_mass) ||
                              waits_for(watched, "account_daily_cap", at);
            const bool safe =
                kept || watched.missing || watched.unloading || action < Action::stop ||
                (watched.protected_until && at < *watched.protected_until) ||
                watched.rate.is_zero() || (action == Action::stop && !watched.runs_since);
            const Duration known = 2 * setting_.poll_interval + minutes{20};
            const bool young =
                at - watched.started <= known || watched.teams.back().first + known >= at;
            const bool asked = watched.ordered_at && at - *watched.ordered_at < hours{1};
            verdicts_.require(safe || young || asked, Invariant::cap_acts, at, [&] {
                return fmt::format(
                    "account {} has spent {} of {}, and {} ({}) goes on at {}",
                    name,
                    format_usd(truth.amount),
                    format_usd(*account->caps.daily),
                    id,
                    watched.label,
                    format_rate(watched.rate));
            });
        }
    }
}

}  // namespace vastwatch::simulation
