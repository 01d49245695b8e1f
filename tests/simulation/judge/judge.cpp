#include "judge/judge.hpp"

#include <algorithm>
#include <utility>

namespace vastwatch::simulation {
namespace {

using std::chrono::hours;

constexpr Duration minutes_of_grace = std::chrono::minutes{30};

}  // namespace

Judge::Judge(Setting setting, std::span<const vastsim::Account* const> accounts, Verdicts& verdicts)
    : setting_(std::move(setting)),
      accounts_(accounts),
      verdicts_(verdicts),
      bill_(accounts, watches_, setting_.fixed_teams),
      sweeps_(accounts.size()) {}

// --- What is in force.

void Judge::take_policy(std::shared_ptr<const policy::Policy> policy, Instant at) {
    if (policy == policy_) {
        return;  // a restart under the same one
    }
    previous_ = policy_ ? policy_ : policy;
    policy_ = std::move(policy);
    policy_since_ = at;
    begun_ = begun_ == Instant{} ? at : begun_;
    for (auto& [id, watched] : watches_) {
        watched.due_since.reset();
        watched.dismissed = false;
        watched.dismissed_for.clear();
        watched.held_over_reload = watched.held;
        watched.not_due_before = at + rules_of(watched).idle_for;
        may_begin_anew(watched);
        ++watched.changes;
    }
    disturbed(at);
}

void Judge::paused(bool is, Instant at) {
    paused_ = is;
    paused_changed_ = at;
    disturbed(at);
}

void Judge::protect(std::int64_t id, std::optional<Instant> until) {
    const auto found = watches_.find(id);
    if (found != watches_.end()) {
        found->second.protected_until = until;
        ++found->second.changes;
        found->second.due_since.reset();
        found->second.open_since.reset();
    }
}

void Judge::disturbed(Instant at) {
    disturbed_at_ = std::max(disturbed_at_, at);
    note_disturbed_orders(at);
}

void Judge::clock_moved(Duration by, bool wrong, Instant at) {
    disturbed(at);
    doubt_midnights(at);
    clock_wrong_ = wrong;
    clock_moved_at_ = at;
    latest_wall_ = std::max(latest_wall_, at + skew_);
    skew_ += by;
    const Duration span = std::chrono::abs(by);
    for (auto& [id, watched] : watches_) {
        watched.not_due_before = std::max(watched.not_due_before, at + rules_of(watched).idle_for);
        may_begin_anew(watched);
        if (!watched.missing) {
            bill_.unseen(watched, Doubt{watched.rate, watched.rate}, at - span, at + span);
        }
    }
}

/// By a wrong clock midnight comes early or late: what is spent from then to the true one, or from
/// the true one to then, is counted for the other day (section 15: windows follow the calendar).
void Judge::doubt_midnights(Instant at) {
    const Instant since = clock_moved_at_;
    if (skew_ == Duration{0} || since == Instant{}) {
        return;
    }
    const Duration nearly_midnight{1};
    for (Instant midnight = utc_day_start(since); midnight <= at + hours{24};
         midnight += hours{24}) {
        const Instant seen = midnight - skew_;
        const Instant from = std::max(std::min(midnight, seen), since);
        const Duration span = std::min(std::max(midnight, seen), at) - from;
        if (span <= Duration{0}) {
            continue;
        }
        for (const auto& [id, watched] : watches_) {
            if (watched.missing && watched.last_sample < from) {
                continue;
            }
            const auto rate = std::max(watched.rate, watched.rate_before);
            const Doubt more{.over = rate, .under = {}};
            const Doubt less{.over = {}, .under = rate};
            const bool early = skew_ > Duration{0};
            bill_.unseen(watched, early ? more : less, midnight, midnight + span);
            bill_.unseen(
                watched,
                early ? less : more,
                midnight - nearly_midnight - span,
                midnight - nearly_midnight);
        }
    }
}

void Judge::clock_moved_unseen(Duration by, Instant at) {
    for (auto& [id, watched] : watches_) {
        watched.skew = skew_;
        believe_clock(watched, by, at);
    }
}

void Judge::watches_again(std::int64_t id, Instant at) {
    const auto found = watches_.find(id);
    if (found != watches_.end()) {
        // Whose it is may have been forgotten with the rest: anybody's patience may count.
        Duration longest{0};
        for (const auto& team : policy_->teams) {
            longest = std::max<Duration>(longest, team.rules.idle_for);
        }
        auto& watched = found->second;
        watched.not_due_before = std::max(watched.not_due_before, at + longest);
        may_begin_anew(watched);
        watched.due_since.reset();
    }
}

void Judge::dismissed(std::int64_t id, bool mass) {
    const auto found = watches_.find(id);
    if (found != watches_.end()) {
        // Of many idle ones the idle clock begins again; else it lasts until the next reload.
        auto& names = found->second.dismissed_for;
        if (!mass && found->second.held_for.empty()) {
            names.clear();
        } else if (!mass && (!found->second.dismissed || !names.empty())) {
            names.insert(found->second.held_for.begin(), found->second.held_for.end());
        }
        found->second.dismissed = found->second.dismissed || !mass;
        if (mass) {
            found->second.idle_since.reset();
            found->second.due_since.reset();
            found->second.known = found->second.unknown = Duration{0};
            found->second.pending_unknown = Duration{0};
            found->second.history.clear();
        }
    }
}

void Judge::died(Instant stored, Instant at, bool booted) {
    bill_.charges_lost(stored);
    for (auto& sweeps : sweeps_) {
        if (sweeps.last > stored) {
            sweeps.kept = std::min(sweeps.kept, stored);
        }
    }
    for (auto& [id, watched] : watches_) {
        if (watched.last_known > stored) {
            const Instant kept = std::min(stored, watched.known_before);
            watched.kept_known = std::min(kept, watched.kept_known.value_or(kept));
        }
        bool set_unseen = false;
        for (auto& stretch : watched.history) {
            // A clock that was set is noticed later as well, unless the machine was booted anew.
            const bool late = stretch.first > stored || (stretch.first == at && stored == at);
            const bool unstored = late && (booted || !stretch.breaks);
            set_unseen = set_unseen || (unstored && stretch.breaks && !stretch.may_be_lost);
            stretch.may_be_lost = stretch.may_be_lost || unstored;
        }
        if (set_unseen) {
            believe_clock(watched, skew_ - watched.skew_before, at);
        } else if (booted && watched.skew != skew_) {
            // Set after the latest sample: nobody was there to notice.
            believe_clock(watched, skew_ - watched.skew, at);
            watched.skew = skew_;
        }
        const bool last_act = watched.changed_at == stored && stored == at;
        const bool known =
            std::ranges::any_of(unkept_, [&](const Unkept& one) { return one.id == watched.id; });
        if ((watched.changed_at > stored || last_act) && !known) {
            const auto rate = std::max(watched.rate, watched.rate_before);
            unkept_.push_back(Unkept{watched.id, watched.changed_at, rate});
        }
    }
}

/// A listing has shown anew what a crash may have lost: until now it went on as before for who
/// did not keep it, at another rate or for another team.
void Judge::judge_unkept(std::size_t account, Instant at) {
    std::erase_if(unkept_, [&](const Unkept& one) {
        const auto found = watches_.find(one.id);
        if (found == watches_.end()) {
            return true;
        }
        const auto& watched = found->second;
        if (watched.account != account) {
            return false;
        }
        const auto rate = std::max(one.rate, watched.rate);
        bill_.unseen(watched, Doubt{rate, rate}, one.since, at);
        return true;
    });
}

void Judge::restarted(Instant at) {
    disturbed(at);
    restarted_at_ = at;
    intended_.clear();
    for (auto& [id, watched] : watches_) {
        watched.cut_short = watched.cut_short || watched.unasked;
        // With the latest samples lost the gap may be too long to go on.
        if (at - watched.last_known > max_gap(watched) / 2) {
            watched.excused_until = at + 2 * rules_of(watched).idle_for + minutes_of_grace;
        }
        // The latest sample may not have been kept: then the time around it counts as known.
        watched.lost = watched.lost_of == watched.idle_since ? watched.lost : Duration{0};
        watched.lost += setting_.poll_interval;
        watched.lost_of = watched.idle_since;
    }
}

// --- What it was shown.

std::string Judge::team_by_label(std::string_view label) const {
    for (const auto& team : setting_.teams) {
        if (label == team ||
            (label.starts_with(team) && label.substr(team.size()).starts_with('/'))) {
            return team;
        }
    }
    return "";
}

const policy::Team& Judge::team_of(const policy::Policy& policy, const Watched& watched) const {
    for (const auto& team : policy.teams) {
        if (team.name.str() == watched.team) {
            return team;
        }
    }
    return policy.teams.back();  // unassigned
}

const policy::Rules& Judge::rules_of(const Watched& watched) const {
    return team_of(*policy_, watched).rules;
}

Watched& Judge::watch(std::size_t account, std::int64_t id) {
    auto& watched = watches_[id];
    watched.id = id;
    watched.account = account;
    return watched;
}

Duration Judge::longest_idle_for() const {
    Duration longest{0};
    for (const auto& team : policy_->teams) {
        longest = std::max<Duration>(longest, team.rules.idle_for);
    }
    return longest;
}

void Judge::take_label(Watched& watched, const Reading& reading, Instant at) {
    const auto& fixed = setting_.fixed_teams[watched.account];
    if (watched.any_sample && watched.label == reading.label && fixed.empty()) {
        return;
    }
    bill_.look_anew();
    watched.label = reading.label;
    ++watched.changes;
    auto team = fixed.empty() ? team_by_label(reading.label) : fixed;
    if (team.empty()) {
        team = watched.team;  // what has lost its label stays whose it was
    }
    const auto first = reading.label.find(':');
    watched.serverless = first != std::string_view::npos &&
                         reading.label.find(':', first + 1) != std::string_view::npos;
    const bool moved = watched.teams.empty() || watched.team != team;
    if (moved) {
        const auto& before = rules_of(watched);
        const bool lenient =
            before.idle_tolerance.value() > 0 || before.idle_max_gap > 3 * setting_.poll_interval;
        const bool may_end = !watched.teams.empty() && lenient;
        watched.teams.emplace_back(at, team);
        watched.changed_at = at;
        watched.due_since.reset();
        if (may_end) {
            // Work that the team before tolerated, or a gap that it allowed, may be too much for
            // the next one.
            watched.not_due_before = std::max(watched.not_due_before, at + longest_idle_for());
            may_begin_anew(watched);
        }
        watched.open_since.reset();
    }
    watched.team = std::move(team);
    if (moved) {
        bill_.changed_team(watched, at);
    }
}

Duration Judge::max_gap(const Watched& watched) const {
    return std::max(rules_of(watched).idle_max_gap, 3 * setting_.poll_interval);
}

void Judge::sample(Watched& watched, const Reading& reading, Instant at) {
    take_label(watched, reading, at);
    watched.gpu_name = reading.gpu_name;
    watched.interruptible = reading.interruptible;
    watched.started = reading.started;
    if (!watched.any_sample || watched.rate != reading.rate) {
        ++watched.changes;
        watched.rate_before = std::exchange(watched.rate, reading.rate);
        watched.changed_at = at;
    }
    watched.unloading = reading.unloading;
    watched.obeyed = watched.obeyed || reading.stopped;
    if (!watched.seen_since_order) {
        watched.seen_since_order = true;
        watched.survived_order = !reading.unloading;
    }
    watched.missing = watched.left_out = false;
    watched.lies = 0;
    if (reading.waits_to_run && !watched.ever_ran) {
        watched.waits_since = watched.waits_since.value_or(at);
    }
    // Set back and forth between two looks, nobody could see it.
    constexpr Duration noticed = std::chrono::seconds{5};
    watched.interrupted = watched.any_sample && std::chrono::abs(watched.skew - skew_) > noticed;
    watched.skew_before = watched.interrupted ? watched.skew : watched.skew_before;
    watched.skew = skew_;
    if (!watched.any_sample && skew_ != Duration{0}) {
        // How long it has run already is told by a clock that does not go with the account's.
        bill_.unseen(watched, Doubt{watched.rate, watched.rate}, at - std::chrono::abs(skew_), at);
    }
    const auto& rules = rules_of(watched);
    if (!watched.protected_since && label_protects(rules, watched, Instant::min())) {
        watched.protected_since = at;
    }
    follow(watched, reading, at, max_gap(watched), rules.idle_below.value());
    // What idles anew is none of those that were held, and what a cap wants is held no longer, even
    // if the cap does not get to it.
    const bool capped = rules.cap_action >= policy::Action::stop && watched.held_as_mass &&
                        over_cap(*policy_, watched, at);
    watched.hold_may_be_over =
        watched.hold_may_be_over || watched.idle_since != watched.held_of || capped;
    if (watched.nearly_gap) {
        ++watched.changes;
        watched.not_due_before = std::max(watched.not_due_before, at + rules.idle_for);
        may_begin_anew(
            watched,
            IdleSpan{.since = watched.word == Word::idle ? std::optional{at} : std::nullopt});
    }
    note_due(watched, at);
    note_open(watched, at);
}

void Judge::read(Watched& watched, const Reading& reading, Instant at) {
    at = std::max(at, watched.last_sample);  // a listing may have overtaken it
    watched.read_at = at;
    if (watched.any_sample && watched.rate != reading.rate) {
        watched.listed_rate = watched.rate;
        watched.repriced_at = at;
    }
    watched.read_renamed = watched.any_sample && watched.label != reading.label;
    watched.read_label = reading.label;
    watched.read = reading;
    sample(watched, reading, at);
}

void Judge::listed(std::size_t account, Instant at) {
    sweeps_[account].before_listed = std::exchange(sweeps_[account].listed, at);
}

void Judge::swept(std::size_t account, Instant began, Instant at) {
    auto& sweeps = sweeps_[account];
    listed(account, at);
    if (at - sweeps.last >
        std::min<Duration>(3 * setting_.poll_interval, policy_->enforcement.max_staleness)) {
        sweeps.blind_from = sweeps.last;
        sweeps.blind_until = at;
    }
    sweeps.before_last = sweeps.last;
    sweeps.last = at;
    sweeps.began = began;
    sweeps.kept = Instant::max();
    judge_unkept(account, at);
    while (!recent_orders_.empty() && recent_orders_.front() + std::chrono::hours{1} <= at) {
        recent_orders_.pop_front();
    }
}

void Judge::forget_gone(Instant before) {
    std::erase_if(watches_, [&](const auto& entry) {
        return entry.second.missing && entry.second.last_sample < before;
    });
    for (auto& [condition, members] : firing_) {
        std::erase_if(
            members, [&](const auto& member) { return !watches_.contains(member.first); });
    }
}

// --- What it did.

void Judge::held(
    std::int64_t id,
    bool is,
    bool mass,
    const std::vector<std::string>& reasons,
    Instant at) {
    const auto found = watches_.find(id);
    if (found != watches_.end()) {
        if (is && !mass) {
            auto& names = found->second.held_for;
            // A condition that was away for a moment, or a crash, takes nothing out of the hold.
            const bool goes_on = !found->second.hold_decided && !names.empty();
            if (!goes_on || reasons.empty()) {
                names.clear();
                found->second.first_held_for.clear();
            }
            found->second.hold_decided = false;
            for (const auto& reason : reasons) {
                const auto rule = reason.substr(0, reason.find(':'));
                names.insert_or_assign(rule, at + skew_);
                found->second.first_held_for.try_emplace(rule, at + skew_);
            }
        }
        found->second.hold_decided = found->second.hold_decided || !is;
        found->second.approved = !is && (found->second.held || found->second.approved);
        found->second.held = is;
        found->second.held_over_reload = false;
        found->second.held_as_mass = mass;
        found->second.held_of = found->second.idle_since;
        found->second.hold_may_be_over = false;
        found->second.due_since.reset();
        found->second.open_since.reset();
    }
}

void Judge::dropped(std::int64_t id) {
    intended_.erase(id);
    const auto found = watches_.find(id);
    if (found != watches_.end()) {
        const bool decided = found->second.hold_decided;
        held(id, false);
        found->second.hold_decided = decided;
        found->second.unasked = found->second.cut_short = false;
        found->second.approved = false;
    }
}

void Judge::shown(const engine::View& view, Instant at) {
    judge_figures(view, at);
    judge_thresholds_told(at);
    judge_caps_acted(at);
    judge_account_caps(at);
    judge_done_told(at);
    judge_blindness_told(at);
    judge_deliveries(at);
}

}  // namespace vastwatch::simulation
