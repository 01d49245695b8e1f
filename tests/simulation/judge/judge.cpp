#include "judge/judge.hpp"

#include <algorithm>

namespace vastwatch::simulation {

Judge::Judge(Setting setting, std::span<const vastsim::Account* const> accounts, Verdicts& verdicts)
    : setting_(std::move(setting)),
      accounts_(accounts),
      verdicts_(verdicts),
      bill_(accounts, watches_, setting_.fixed_teams),
      sweeps_(accounts.size()) {}

// --- What is in force.

void Judge::take_policy(std::shared_ptr<const policy::Policy> policy, Instant at) {
    previous_ = policy_ ? policy_ : policy;
    policy_ = std::move(policy);
    policy_since_ = at;
    begun_ = begun_ == Instant{} ? at : begun_;
    for (auto& [id, watched] : watches_) {
        watched.due_since.reset();
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
        found->second.due_since.reset();
    }
}

void Judge::disturbed(Instant at) {
    disturbed_at_ = std::max(disturbed_at_, at);
}

void Judge::clock_moved(Instant at) {
    disturbed(at);
    for (auto& [id, watched] : watches_) {
        watched.interrupted = true;
    }
}

void Judge::restarted(Instant at) {
    disturbed(at);
    restarted_at_ = at;
    intended_.clear();
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

void Judge::take_label(Watched& watched, const Reading& reading, Instant at) {
    const auto& fixed = setting_.fixed_teams[watched.account];
    if (watched.any_sample && watched.label == reading.label && fixed.empty()) {
        return;
    }
    watched.label = reading.label;
    ++watched.changes;
    auto team = fixed.empty() ? team_by_label(reading.label) : fixed;
    if (team.empty()) {
        team = watched.team;  // what has lost its label stays whose it was
    }
    const auto first = reading.label.find(':');
    watched.serverless = first != std::string_view::npos &&
                         reading.label.find(':', first + 1) != std::string_view::npos;
    if (watched.teams.empty() || watched.team != team) {
        watched.teams.emplace_back(at, team);
        watched.due_since.reset();
    }
    watched.team = std::move(team);
}

Duration Judge::max_gap(const Watched& watched) const {
    return std::max(rules_of(watched).idle_max_gap, 3 * setting_.poll_interval);
}

void Judge::sample(Watched& watched, const Reading& reading, Instant at) {
    take_label(watched, reading, at);
    watched.gpu_name = reading.gpu_name;
    watched.interruptible = reading.interruptible;
    watched.started = reading.started;
    watched.changes += watched.rate == reading.rate ? 0 : 1;
    watched.rate = reading.rate;
    watched.unloading = reading.unloading;
    watched.missing = false;
    if (reading.waits_to_run && !watched.ever_ran) {
        watched.waits_since = watched.waits_since.value_or(at);
    }
    const auto& rules = rules_of(watched);
    if (!watched.protected_since && label_protects(rules, watched, Instant::min())) {
        watched.protected_since = at;
    }
    follow(watched, reading, at, max_gap(watched), rules.idle_below.value());
    note_due(watched, at);
}

void Judge::read(Watched& watched, const Reading& reading, Instant at) {
    watched.read_at = at;
    watched.read_label = reading.label;
    watched.read = reading;
    sample(watched, reading, at);
}

void Judge::swept(std::size_t account, Instant began, Instant at) {
    auto& sweeps = sweeps_[account];
    sweeps.before_last = sweeps.last;
    sweeps.last = at;
    (void)began;
    while (!recent_orders_.empty() && recent_orders_.front() + std::chrono::hours{1} <= at) {
        recent_orders_.pop_front();
    }
}

// --- What it did.

void Judge::intended(std::int64_t id) {
    intended_.insert(id);
}

void Judge::held(std::int64_t id, bool is) {
    const auto found = watches_.find(id);
    if (found != watches_.end()) {
        found->second.held = is;
        found->second.due_since.reset();
    }
}

void Judge::dropped(std::int64_t id) {
    intended_.erase(id);
    held(id, false);
}

void Judge::shown(const engine::View& view, Instant at) {
    judge_figures(view, at);
    judge_thresholds_told(at);
    judge_caps_acted(at);
    judge_deliveries(at);
}

}  // namespace vastwatch::simulation
