// Was it right to act, and in time?
#include "judge/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

namespace vastwatch::simulation {
namespace {

using policy::Action;
using policy::Window;
using std::chrono::minutes;
using std::chrono::seconds;

/// A fresh read is "seconds before acting", however long the request waits for its turn.
constexpr Duration read_is_fresh = seconds{20};
/// From the listing that counts as the latest to the one that the daemon goes by.
constexpr Duration listing_lag = minutes{2};
/// What a policy condemned may be so by what came of it for this long after another one came.
constexpr Duration policy_lag = minutes{1};
constexpr Duration epsilon = std::chrono::milliseconds{5};

bool allows(Action wanted, bool destroy) {
    return destroy ? wanted == Action::destroy : wanted == Action::stop;
}

std::string joined(const std::vector<std::string>& words) {
    return words.empty() ? "nothing" : fmt::format("{}", fmt::join(words, ", "));
}

bool matches_protect(std::string_view label) {
    return label.ends_with("-keep") || label.starts_with("keep/");
}

bool gpu_listed(const policy::Team& team, std::string_view gpu) {
    // The only list that plans draw: A100*, H*, RTX_*.
    return team.gpu_types.empty() || gpu.starts_with("A100") || gpu.starts_with("H") ||
           gpu.starts_with("RTX ");
}

std::optional<Usd> cap_of(const policy::Caps& caps, Window window) {
    return window == Window::day     ? caps.daily
           : window == Window::month ? caps.monthly
                                     : std::nullopt;
}

}  // namespace

bool Judge::label_protects(const policy::Rules& rules, const Watched& watched, Instant at) const {
    if (!matches_protect(watched.label)) {
        return false;
    }
    const bool unlimited = rules.protect_max == Duration{0};
    return unlimited || !watched.protected_since ||
           at < *watched.protected_since + rules.protect_max;
}

/// Idle for long enough since its present period began, `slack` taken for known besides.
bool Judge::covered(const policy::Rules& rules, const Watched& watched, Duration slack) const {
    if (!watched.runs_since || watched.serverless || !watched.idle_since ||
        watched.last_idle - *watched.idle_since <= rules.idle_for) {
        return false;
    }
    const double whole = static_cast<double>((watched.known + watched.unknown).count());
    const double known = static_cast<double>((watched.known + slack).count());
    return whole == 0 || known / whole >= rules.idle_coverage.ratio() - 1e-9;
}

/// The same though its idle clock has begun again wherever it may have: the latest such point need
/// not be where it did, and from an earlier one less of it may be known.
bool Judge::surely_covered(const policy::Rules& rules, const Watched& watched) const {
    return std::ranges::all_of(watched.anew, [&](const IdleSpan& span) {
        const double known = static_cast<double>(span.known.count());
        const double whole = static_cast<double>((span.known + span.unknown).count());
        return span.since && watched.last_idle - *span.since > rules.idle_for &&
               known >= whole * rules.idle_coverage.ratio();
    });
}

/// Idle enough for an action, by the evidence that the daemon can have.
bool Judge::idle_enough(const policy::Rules& rules, const Watched& watched) const {
    if (!watched.runs_since || watched.serverless) {
        return false;
    }
    const bool lost = watched.lost_of == watched.idle_since;
    if (covered(rules, watched, lost ? watched.lost : Duration{0})) {
        return true;
    }
    // Some beginning must do: the daemon may have lost what would have continued an older period,
    // and what was idle for so long by enough samples is idle, whatever was before.
    const bool tolerant = rules.idle_tolerance.value() > 0;
    Duration busy{0};
    Duration known{0};
    Duration whole{0};
    const Instant end = watched.last_idle;
    for (auto at = watched.history.rbegin(); at != watched.history.rend(); ++at) {
        if (at->breaks && !at->may_be_lost) {
            return false;
        }
        // Work that the process saw and did not live to store, nobody knows of.
        const bool works = at->word == Word::busy && !at->may_be_lost;
        const auto count = [&](Duration span) {
            whole += span;
            known += at->word == Word::unknown ? Duration{0} : span;
            busy += works ? span : Duration{0};
        };
        if (works && !tolerant) {
            return false;
        }
        count(at->last - at->first);
        if (at->word == Word::idle && end - at->first > rules.idle_for) {
            const auto share = [&](Duration part) {
                return static_cast<double>(part.count()) / static_cast<double>(whole.count());
            };
            const bool calm_enough = share(busy) <= rules.idle_tolerance.ratio() + 1e-3;
            if (calm_enough && share(known) >= rules.idle_coverage.ratio() - 1e-3) {
                return true;
            }
        }
        // The step into a stretch counts as what the stretch says.
        const auto before = std::next(at);
        count(before == watched.history.rend() ? Duration{0} : at->first - before->last);
    }
    // What lies further back was forgotten here.
    return tolerant && watched.history.size() > 440;
}

/// What it costs per hour, or did before what was taken down in the last minutes went. What was
/// seen to go since it was asked to counts no longer: nothing else goes in its place.
UsdPerHour Judge::recent_burn(const Owner& owner, Instant at) const {
    UsdPerHour sum;
    UsdPerHour served;
    for (const auto& [id, watched] : watches_) {
        const bool ordered = watched.ordered_at.has_value();
        const bool destroyed =
            ordered && watched.ordered_destroy && (watched.unloading || watched.missing);
        if (watched.team != owner || destroyed) {
            continue;
        }
        sum += bill_.rate(watched, at);
        if (ordered && !watched.obeyed && at - *watched.ordered_at < minutes{15}) {
            sum += watched.ordered_rate;
        }
        served += !watched.missing ? watched.rate : UsdPerHour{};
    }
    return std::max(sum, served);  // what went since the latest listing nobody could know
}

bool Judge::over_cap(const policy::Policy& policy, const Watched& watched, Instant at) {
    const auto& team = team_of(policy, watched);
    const auto& calendar = policy.calendar;
    const auto reached_at =
        [&](Instant wall, const Owner& owner, const policy::Caps& caps, bool shed) {
            for (const Window window : {Window::day, Window::month}) {
                const auto cap = cap_of(caps, window);
                if (!cap) {
                    continue;
                }
                const bool day = window == Window::day;
                const Instant start = day ? calendar.day_start(wall) : calendar.month_start(wall);
                const Instant end =
                    day ? calendar.next_day_start(wall) : calendar.next_month_start(wall);
                const auto truth = bill_.spend(owner, start, at);
                // What went since the latest listing goes on costing until the next one; in other
                // zones the days at the edges are divided in proportion.
                Usd doubt = truth.over + unseen_since_listing(owner, at).over;
                doubt += Usd::from_nanos(10'000'000);
                if (start != utc_day_start(start)) {
                    doubt += bill_.spend(owner, utc_day_start(start), start).amount;
                }
                const Usd coming = shed ? accrue(recent_burn(owner, at), end - wall) : Usd{};
                if (truth.amount + doubt + coming + share(coming, 1, 10) >= *cap) {
                    return true;
                }
            }
            return false;
        };
    // Windows are those of the daemon's clock, right or wrong; set back over midnight, it leaves
    // the ledger in the window that it had reached.
    const auto reached = [&](const Owner& owner, const policy::Caps& caps, bool shed) {
        const Instant wall = at + skew_;
        return reached_at(wall, owner, caps, shed) ||
               (latest_wall_ > wall && reached_at(latest_wall_, owner, caps, shed));
    };
    const bool shed = team.rules.cap_strategy == policy::CapStrategy::shed;
    if (reached(watched.team, team.caps, shed)) {
        return true;
    }
    const auto& name = setting_.accounts[watched.account];
    const auto* account = policy.find_account(AccountName{name});
    return account != nullptr && reached("account:" + name, account->caps, false);
}

bool Judge::too_many(const policy::Policy& policy, const Watched& watched) const {
    const auto& team = team_of(policy, watched);
    if (!team.max_instances) {
        return false;
    }
    int older = 0;
    for (const auto& [id, other] : watches_) {
        const bool going = other.ordered_at && *watched.read_at - *other.ordered_at < minutes{10};
        const bool counts =
            other.team == watched.team && (going || (!other.missing && !other.unloading));
        const bool before =
            std::pair{other.started, other.id} < std::pair{watched.started, watched.id};
        older += counts && before ? 1 : 0;
    }
    return older >= *team.max_instances;
}

std::vector<std::string>
Judge::condemned(const policy::Policy& policy, const Watched& watched, bool destroy, Instant at) {
    const auto& team = team_of(policy, watched);
    const auto& rules = team.rules;
    std::vector<std::string> reasons;
    const bool grace = watched.runs_since && at < *watched.runs_since + rules.startup_grace;
    if (allows(rules.idle_action, destroy) && idle_enough(rules, watched) && !grace &&
        !label_protects(rules, watched, at) && judge_warning(watched, at)) {
        reasons.emplace_back("idle");
    }
    if (allows(rules.violation_action, destroy) && !watched.serverless) {
        if (!gpu_listed(team, watched.gpu_name)) {
            reasons.emplace_back("gpu_types");
        }
        if (team.max_dph && watched.rate > *team.max_dph) {
            reasons.emplace_back("max_dph");
        }
        if (team.interruptible_only && !watched.interruptible) {
            reasons.emplace_back("interruptible_only");
        }
        if (too_many(policy, watched)) {
            reasons.emplace_back("max_instances");
        }
    }
    if (allows(rules.stopped_action, destroy) && watched.stopped_since &&
        at >= *watched.stopped_since + rules.stopped_for - epsilon) {
        reasons.emplace_back("stopped");
    }
    if (allows(rules.loading_action, destroy) && watched.waits_since && !watched.ever_ran) {
        const Duration patience = std::min<Duration>(rules.loading_for, minutes{15});
        if (at >= std::min(*watched.waits_since, watched.started) + patience - epsilon) {
            reasons.emplace_back("loading");
        }
    }
    if (reasons.empty() && allows(rules.cap_action, destroy) && over_cap(policy, watched, at)) {
        reasons.emplace_back("cap");
    }
    return reasons;
}

bool Judge::judge_warning(const Watched& watched, Instant at) {
    const auto& rules = rules_of(watched);
    if (rules.idle_warning == Duration{0}) {
        return true;
    }
    const bool in_time =
        watched.warned_at && at >= *watched.warned_at + rules.idle_warning - epsilon;
    // What worked after its warning has to be warned again.
    const bool worked_since = rules.idle_tolerance.value() <= 0 &&
                              std::ranges::any_of(watched.history, [&](const Stretch& stretch) {
                                  return stretch.word == Word::busy && !stretch.may_be_lost &&
                                         stretch.last > watched.warned_at;
                              });
    const bool of_this_period = watched.warned_at && watched.runs_since && !worked_since &&
                                *watched.warned_at >= *watched.runs_since;
    const bool reached = watched.warning_delivered_at && *watched.warning_delivered_at <= at;
    const bool patience_over = watched.warned_at && at >= *watched.warned_at + rules.idle_warning +
                                                              rules.warning_delivery - epsilon;
    return in_time && of_this_period && (reached || patience_over);
}

void Judge::judge_permission(const Watched& watched, bool destroy, Instant at) {
    verdicts_.require(
        policy_->enforcement.enforce || at <= policy_since_ + epsilon,
        Invariant::nothing_forbidden,
        at,
        [&] { return fmt::format("{} is acted upon in dry run", watched.id); });
    verdicts_.require(
        !paused_ || at <= paused_changed_ + epsilon, Invariant::nothing_forbidden, at, [&] {
            return fmt::format("{} is acted upon while actions are paused", watched.id);
        });
    // A mass of idle ones does not keep from it what another rule wants.
    const auto by_another = [&] {
        const auto reasons = condemned(*policy_, watched, destroy, at);
        return std::ranges::any_of(reasons, [](const auto& reason) { return reason != "idle"; }) ||
               over_cap(*policy_, watched, at);
    };
    const bool passes = watched.held_as_mass ? watched.hold_may_be_over || by_another()
                                             : acts_by_another(watched, destroy, at);
    const bool held = watched.held && !passes;
    verdicts_.require(!held, Invariant::nothing_forbidden, at, [&] {
        const auto start = policy_->calendar.day_start(at);
        const auto truth = bill_.spend(watched.team, start, at);
        return fmt::format(
            "{} is acted upon by {} while it is held{} ({}); team \"{}\" has spent {} (+{}) today",
            watched.id,
            fmt::join(watched.intended_for, ", "),
            watched.held_as_mass ? " as one of many" : "",
            fmt::join(watched.held_for | std::views::keys, ", "),
            watched.team,
            to_decimal(truth.amount),
            to_decimal(truth.over));
    });
    const bool protected_now = watched.protected_until && at < *watched.protected_until;
    verdicts_.require(!protected_now, Invariant::nothing_forbidden, at, [&] {
        return fmt::format("{} is acted upon although an operator protects it", watched.id);
    });
    const auto& sweeps = sweeps_[watched.account];
    const Duration staleness =
        std::max(policy_->enforcement.max_staleness, previous_->enforcement.max_staleness);
    verdicts_.require(
        sweeps.last != Instant{} && at - sweeps.last <= staleness + listing_lag,
        Invariant::nothing_stale,
        at,
        [&] {
            return fmt::format(
                "{} is acted upon {} after the latest listing",
                watched.id,
                humanize(at - sweeps.last));
        });
}

void Judge::judge_leave(const Watched& watched, bool destroy, Instant at) {
    judge_permission(watched, destroy, at);
    verdicts_.require(
        watched.read_at && at - *watched.read_at <= read_is_fresh &&
            watched.read_label == watched.label && !watched.read_renamed,
        Invariant::read_afresh,
        at,
        [&] { return fmt::format("{} is acted upon without a fresh read", watched.id); });
}

void Judge::judge_order(Watched& watched, bool destroy, Instant at) {
    judge_leave(watched, destroy, at);
    const bool listed = sweeps_[watched.account].listed >= restarted_at_;
    verdicts_.require(listed, Invariant::nothing_stale, at, [&] {
        return fmt::format("{} is acted upon before any listing since the start", watched.id);
    });
    verdicts_.require(intended_.contains(watched.id), Invariant::intent_first, at, [&] {
        return fmt::format("{} is acted upon without a durable intent", watched.id);
    });
    auto reasons = condemned(*policy_, watched, destroy, at);
    if (reasons.empty() && at < policy_since_ + policy_lag) {
        reasons = condemned(*previous_, watched, destroy, at);
    }
    verdicts_.require(!reasons.empty(), Invariant::no_wrong_kill, at, [&] {
        const auto today = bill_.spend(watched.team, policy_->calendar.day_start(at), at);
        return fmt::format(
            "{} ({}, team \"{}\") is to be {}, and no rule condemns it: idle since {}, last idle "
            "{}, warned {}, known {} unknown {}; the team spent {} (+{}) today at {}",
            watched.id,
            watched.label,
            watched.team,
            destroy ? "destroyed" : "stopped",
            watched.idle_since ? format_rfc3339(*watched.idle_since) : "never",
            format_rfc3339(watched.last_idle),
            watched.warned_at ? format_rfc3339(*watched.warned_at) : "never",
            humanize(watched.known),
            humanize(watched.unknown),
            format_usd(today.amount),
            format_usd(today.over),
            format_rate(recent_burn(watched.team, at)));
    });
    const auto& rules = rules_of(watched);
    if (reasons.size() == 1 && reasons.front() == "idle") {
        verdicts_.checked(Invariant::warned_first);
        if (watched.due_since && watched.orders == 0 &&
            calm(at, at - *watched.due_since + rules.idle_warning + minutes{30})) {
            lateness_.idle = std::max(lateness_.idle, at - *watched.due_since);
        }
        ++lateness_.idle_actions;
    }
    ++reasons_[joined(reasons)];
    if (reasons.size() == 1 && reasons.front() == "cap") {
        judge_overshoot(watched, at);
    } else {
        recent_orders_.push_back(at);
    }
}

void Judge::ordered(bool destroy, const std::vector<std::int64_t>& ids, Instant at) {
    for (const auto id : ids) {
        const auto found = watches_.find(id);
        if (!verdicts_.require(found != watches_.end(), Invariant::no_wrong_kill, at, [&] {
                return fmt::format("{} is acted upon and was never listed", id);
            })) {
            continue;
        }
        auto& watched = found->second;
        judge_order(watched, destroy, at);
        judge_repeat(watched, destroy, at);
        watched.ordered_at = at;
        watched.unasked = watched.cut_short = false;
        watched.ordered_rate = std::max(watched.rate, watched.ordered_rate);
        watched.ordered_destroy = destroy;
        watched.obeyed = false;
        watched.order_disturbed = !calm(at, minutes{1});
        watched.done_judged = false;
        watched.survived_order = false;
        watched.seen_since_order = false;
        fresh_orders_.emplace_back(at, id);
        judge_limits(watched, at);
        ++watched.orders;
        watched.due_since.reset();
        ++kills_;
    }
}

void Judge::refused_as_too_early(bool destroy, const std::vector<std::int64_t>& ids, Instant at) {
    for (const auto id : ids) {
        const auto found = watches_.find(id);
        if (found != watches_.end()) {
            judge_leave(found->second, destroy, at);
        }
    }
}

/// Asking again and again got people's accounts closed.
void Judge::judge_repeat(Watched& watched, bool destroy, Instant at) {
    // What somebody starts after it was stopped meets the same action once more.
    const bool again =
        watched.ordered_at && watched.ordered_destroy == destroy && (destroy || !watched.obeyed);
    verdicts_.require(
        !again || at - *watched.ordered_at >= seconds{25}, Invariant::pace_kept, at, [&] {
            return fmt::format(
                "{} is asked for again after {}", watched.id, humanize(at - *watched.ordered_at));
        });
    verdicts_.require(!watched.unloading, Invariant::pace_kept, at, [&] {
        return fmt::format("{} is asked for while it is being unloaded", watched.id);
    });
    watched.orders_since = watched.orders_since.value_or(at);
    const auto days = 1 + (at - *watched.orders_since) / std::chrono::hours{24};
    verdicts_.require(watched.orders < 20 + days * 150, Invariant::pace_kept, at, [&] {
        return fmt::format(
            "{} was asked for {} times within {}",
            watched.id,
            watched.orders,
            humanize(at - *watched.orders_since));
    });
}

Usd Judge::just_listed(const Owner& owner, Instant from, Instant at) const {
    const Duration just = setting_.request_pace + seconds{5};
    Usd sum;
    for (const auto& [id, watched] : watches_) {
        if (watched.team == owner && watched.teams.size() == 1 &&
            watched.teams.front().first + just >= at) {
            sum += bill_.cost(watched, from, watched.teams.front().first);
        }
    }
    return sum;
}

void Judge::judge_overshoot(const Watched& watched, Instant at) {
    const auto& team = team_of(*policy_, watched);
    for (const Window window : {Window::day, Window::month}) {
        const auto cap = cap_of(team.caps, window);
        if (!cap || team.rules.cap_strategy == policy::CapStrategy::shed) {
            continue;
        }
        const auto& calendar = policy_->calendar;
        const Instant start =
            window == Window::day ? calendar.day_start(at) : calendar.month_start(at);
        // What was spent before the daemon began comes from charges alone, and late.
        if (start != utc_day_start(start) || start < begun_) {
            continue;
        }
        const auto truth = bill_.spend(watched.team, start, at);
        const CapKey key{.owner = watched.team, .window = window, .start = start};
        const bool first = cap_orders_.emplace(key, at).second;
        if (!first || truth.amount < *cap || !calm(at, std::chrono::hours{2})) {
            continue;
        }
        // A cap that was passed before this one could be acted upon is not crossed now.
        const auto burn = bill_.burn(watched.team, at);
        if (!watched.open_since ||
            bill_.spend(watched.team, start, *watched.open_since).amount >= *cap) {
            continue;
        }
        // What has begun to cost more since the latest listing, nobody could count yet.
        const Usd unseen = unseen_since_listing(watched.team, at).under;
        const Usd late = truth.under + just_listed(watched.team, start, at);
        const Usd bound = accrue(burn, setting_.request_pace + seconds{1}) + late + unseen +
                          bill_.just_charged(watched.team, start, at) + Usd::from_nanos(10'000'000);
        ++lateness_.cap_actions;
        lateness_.overshoot = std::max(lateness_.overshoot, truth.amount - *cap - late);
        verdicts_.require(truth.amount - *cap <= bound, Invariant::overshoot_bounded, at, [&] {
            return fmt::format(
                "team \"{}\" is {} over its cap of {} when the first request leaves; {} at {} was "
                "the bound",
                watched.team,
                format_usd(truth.amount - *cap),
                format_usd(*cap),
                format_usd(bound),
                format_rate(burn));
        });
    }
}

// --- Duties.

bool Judge::exempt(const Watched& watched, Instant at) const {
    const auto& limits = policy_->enforcement;
    const bool busy_hour =
        limits.max_actions_per_hour > 0 &&
        recent_orders_.size() + 1 >= static_cast<std::size_t>(limits.max_actions_per_hour);
    const bool kept = (watched.held && watched.held_as_mass) || waits_for(watched, "idle", at);
    return !limits.enforce || paused_ || kept || watched.unloading || watched.serverless ||
           busy_hour || (watched.protected_until && at < *watched.protected_until) ||
           label_protects(rules_of(watched), watched, at);
}

void Judge::note_open(Watched& watched, Instant at) {
    const bool kept = (watched.held && !watched.held_as_mass) || watched.dismissed ||
                      (watched.protected_until && at < *watched.protected_until);
    const bool stops = rules_of(watched).cap_action == Action::stop;
    if (kept || watched.unloading || watched.rate.is_zero() || (stops && !watched.runs_since)) {
        watched.open_since.reset();
    } else {
        watched.open_since = watched.open_since.value_or(at);
    }
}

void Judge::note_due(Watched& watched, Instant at) {
    if (!watched.idle_since) {
        watched.due_since.reset();
        return;
    }
    const auto& rules = rules_of(watched);
    if (watched.last_idle - *watched.idle_since <= rules.idle_for ||
        rules.idle_action < Action::stop || rules.idle_tolerance.value() > 0) {
        return;
    }
    const bool grace = watched.runs_since && at < *watched.runs_since + rules.startup_grace;
    const bool excused = (watched.excused_until && at < *watched.excused_until) ||
                         watched.lost_of == watched.idle_since;
    if (grace || excused || watched.last_idle != at || !covered(rules, watched, Duration{0}) ||
        !surely_covered(rules, watched) || exempt(watched, at)) {
        watched.due_since.reset();
        return;
    }
    watched.due_since = watched.due_since.value_or(at);
    judge_duty(watched, at);
}

void Judge::judge_duty(Watched& watched, Instant at) {
    const auto& rules = rules_of(watched);
    const Instant heard = watched.warning_delivered_at.value_or(Instant::min());
    const Instant from =
        std::max({*watched.due_since, disturbed_at_, heard, watched.not_due_before});
    // Warned late when the evidence came late; then two looks and a read.
    const bool unheard = watched.warned_at && !watched.warning_delivered_at;
    const Duration bound = rules.idle_warning + 3 * setting_.poll_interval + minutes{2} +
                           (unheard ? rules.warning_delivery : Duration{0});
    verdicts_.checked(Invariant::idle_goes);
    const bool asked = watched.ordered_at && *watched.ordered_at >= from - minutes{30} &&
                       at - *watched.ordered_at < minutes{45};
    if (at - from > bound && !asked && !watched.duty_told) {
        watched.duty_told = true;
        verdicts_.require(false, Invariant::idle_goes, at, [&] {
            return fmt::format(
                "{} ({}, team \"{}\") is idle since {}, due since {}, and nothing is done",
                watched.id,
                watched.label,
                watched.team,
                format_rfc3339(*watched.idle_since),
                format_rfc3339(*watched.due_since));
        });
    }
}

void Judge::judge_caps_acted(Instant at) {
    if (!policy_->enforcement.enforce || paused_ || counts_for_tomorrow(at) ||
        !calm(at, minutes{30})) {
        return;
    }
    for (const auto& team : policy_->teams) {
        const auto cap = team.caps.daily;
        const Instant start = policy_->calendar.day_start(at);
        // What was spent before the daemon began it learns late.
        if (!cap || team.rules.cap_action < Action::stop || start != utc_day_start(start) ||
            start < begun_) {
            continue;
        }
        const Owner owner = team.name == policy::unassigned() ? "" : team.name.str();
        const auto truth = bill_.spend(owner, start, at);
        const Usd margin = truth.under + accrue(bill_.burn(owner, at), 2 * setting_.poll_interval);
        if (truth.amount - margin - Usd::dollars(1) < *cap) {
            continue;
        }
        for (const auto& [id, watched] : watches_) {
            const bool left_alone =
                watched.team == owner && looked_at(watched.account, at) && !watched.missing &&
                !watched.unloading && !watched.held_over_reload &&
                !waits_for(watched, "daily_cap", at) &&
                !(watched.protected_until && at < *watched.protected_until) &&
                !watched.rate.is_zero() &&
                !(team.rules.cap_action == Action::stop && !watched.runs_since) &&
                at - watched.started > 2 * setting_.poll_interval + minutes{20} &&
                watched.teams.back().first + 2 * setting_.poll_interval + minutes{20} < at;
            const bool asked =
                watched.ordered_at && at - *watched.ordered_at < std::chrono::hours{1};
            verdicts_.require(!left_alone || asked, Invariant::cap_acts, at, [&] {
                return fmt::format(
                    "team \"{}\" has spent {} of {}, and {} ({}) goes on at {}",
                    owner,
                    format_usd(truth.amount),
                    format_usd(*cap),
                    id,
                    watched.label,
                    format_rate(watched.rate));
            });
        }
    }
}

}  // namespace vastwatch::simulation
