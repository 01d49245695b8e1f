// Was what was told true, told once, and delivered; were the figures right?
#include "judge/judge.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::simulation {
namespace {

using alerts::Alert;
using alerts::Kind;
using policy::Window;
using std::chrono::hours;
using std::chrono::minutes;

const Usd cent = Usd::from_nanos(10'000'000);

/// Conditions of a window: never told twice.
bool once_ever(Kind kind) {
    return kind == Kind::budget_threshold || kind == Kind::cap_reached ||
           kind == Kind::budget_forecast;
}

/// Told again while they last, by design.
bool repeats(Kind kind) {
    return kind == Kind::enforcement_paused || kind == Kind::test || kind == Kind::price_increase ||
           kind == Kind::state_unwritable || kind == Kind::state_damaged ||
           kind == Kind::exemption_ended;
}

/// What it is taken to have cost since it was listed at `from`: a fresh read that showed another
/// rate says nothing about the time before it.
Usd taken_to_cost(const Watched& watched, Instant from, Instant at) {
    if (!watched.repriced_at || *watched.repriced_at <= from || *watched.repriced_at > at) {
        return accrue(watched.rate, at - from);
    }
    return accrue(watched.listed_rate, *watched.repriced_at - from) +
           accrue(watched.rate, at - *watched.repriced_at);
}

}  // namespace

bool Judge::blind(Instant at) const {
    return std::ranges::any_of(sweeps_, [&](const Sweeps& sweeps) {
        return at - sweeps.last > setting_.poll_interval + minutes{1};
    });
}

Owner Judge::owner_of(const Alert& alert) const {
    if (!alert.team) {
        return "account:" + (alert.account ? alert.account->str() : "");
    }
    return *alert.team == policy::unassigned() ? "" : alert.team->str();
}

bool Judge::told(const Alert& alert, Instant at, bool durable) {
    const auto [known, is_new] = told_.emplace(alert.id.str(), Told{});
    auto& entry = known->second;
    const bool first_stored = durable && !entry.durable;
    entry.durable = entry.durable || durable;
    const bool blindness =
        alert.kind == Kind::api_unreachable || alert.kind == Kind::api_key_rejected;
    if (blindness && alert.account && alert.resolved) {
        blindness_told_.erase(alert.account->str());
    } else if (blindness && alert.account) {
        blindness_told_.insert(alert.account->str());
    }
    if (is_new) {
        ++alerts_told_;
        ++alert_kinds_[fmt::format(
            "{}{}", alerts::to_string(alert.kind), alert.resolved ? " (resolved)" : "")];
        entry.at = at;
        entry.kind = alert.kind;
        for (const auto& notifier : alert.notify) {
            if (notifier.str() != "finance" || alert.severity != policy::Severity::info) {
                entry.wanted.insert(notifier.str());
            }
        }
        for (const auto& instance : alert.instances) {
            const auto watched = watches_.find(instance.id.value());
            entry.changes[instance.id.value()] =
                watched == watches_.end() ? 0 : watched->second.changes;
        }
        if (!alert.resolved) {
            judge_alert(alert, at);
        }
    }
    if (first_stored) {
        judge_once(alert, entry, at);
    }
    return is_new;
}

void Judge::lost(const std::string& alert) {
    const auto found = told_.find(alert);
    if (found != told_.end() && !found->second.durable) {
        told_.erase(found);
    }
}

void Judge::refused(const std::string& alert, const std::string& notifier) {
    const auto found = told_.find(alert);
    if (found != told_.end()) {
        found->second.wanted.erase(notifier);
    }
}

void Judge::judge_once(const Alert& alert, const Told& told, Instant at) {
    if (alert.resolved) {
        firing_.erase(alert.condition);
        return;
    }
    const auto [firing, is_new] = firing_.try_emplace(alert.condition);
    // A rule with several instances tells of each; of the same one again when it broke it anew.
    // With a broken disk several are stored at once that were made one after the other.
    bool news = is_new || alert.condition.ends_with("/max_instances");
    for (const auto& instance : alert.instances) {
        const auto changes = told.changes.at(instance.id.value());
        const auto [known, first] = firing->second.emplace(instance.id.value(), changes);
        news = news || first || known->second != changes;
        known->second = changes;
    }
    if (!repeats(alert.kind)) {
        verdicts_.require(news, Invariant::alert_once, at, [&] {
            return fmt::format("\"{}\" is told again: {}", alert.condition, alert.title);
        });
    }
    if (once_ever(alert.kind)) {
        verdicts_.require(
            thresholds_told_.insert(alert.condition).second, Invariant::alert_once, at, [&] {
                return fmt::format("\"{}\" is told a second time", alert.condition);
            });
    }
}

void Judge::judge_alert(const Alert& alert, Instant at) {
    switch (alert.kind) {
        case Kind::budget_threshold:
        case Kind::cap_reached:
            judge_threshold(alert, at);
            return;
        case Kind::idle_warning:
            for (const auto& one : alert.instances) {
                const auto found = watches_.find(one.id.value());
                if (found == watches_.end()) {
                    continue;
                }
                auto& watched = found->second;
                const auto& rules = rules_of(watched);
                // Stored when it was made, it may be seen only after the next start.
                watched.warned_at = clock_wrong_ ? at : std::clamp(alert.time, at - hours{1}, at);
                watched.warning = alert.id.str();
                watched.warning_delivered_at.reset();
                // Made while a listing was on its way, it was true when it was made.
                const bool overtaken = !clock_wrong_ && watched.idle_until > alert.time;
                const bool quiet =
                    watched.idle_since || overtaken || rules.idle_tolerance.value() > 0;
                verdicts_.require(quiet, Invariant::alert_true, at, [&] {
                    return fmt::format("{} is warned of as idle and is not", watched.id);
                });
            }
            return;
        case Kind::instance_stopped:
            judge_done(alert, at);
            return;
        case Kind::instance_destroyed:
            judge_done(alert, at);
            for (const auto& one : alert.instances) {
                bool there = false;
                for (const auto* account : accounts_) {
                    const auto* instance = account->find(one.id.value());
                    there = there || (instance != nullptr && !instance->unloading);
                }
                // Two complete listings in succession that lie alike cannot be told from the truth.
                const auto watched = watches_.find(one.id.value());
                const bool lied = watched != watches_.end() && watched->second.lies >= 2;
                const bool gone = !there || lied || alert.dry_run;
                verdicts_.require(gone, Invariant::alert_true, at, [&] {
                    return fmt::format("{} is said to be destroyed and runs", one.id.value());
                });
            }
            return;
        case Kind::api_unreachable: {
            const auto& name = alert.account->str();
            const auto index = static_cast<std::size_t>(
                std::ranges::find(setting_.accounts, name) - setting_.accounts.begin());
            const auto& sweeps = sweeps_[index];
            // A process that died may have lost the latest listing, and with a broken disk those
            // before as well; and one that came between the making of the alert and its being
            // seen here says nothing against it.
            const Instant made = clock_wrong_ ? at : std::min(alert.time, at);
            const bool lost = sweeps.last < restarted_at_;
            const auto known = lost || sweeps.last > made ? sweeps.before_last : sweeps.began;
            const auto last = lost ? std::min(known, sweeps.kept - setting_.poll_interval) : known;
            verdicts_.require(
                at - std::max(last, restarted_at_) >=
                        policy_->enforcement.max_staleness - minutes{2} ||
                    at - last >= policy_->enforcement.max_staleness - minutes{2},
                Invariant::alert_true,
                at,
                [&] {
                    return fmt::format(
                        "{} is called unreachable, and was listed at {}",
                        name,
                        format_rfc3339(last));
                });
            return;
        }
        default:
            return;
    }
}

void Judge::judge_threshold(const Alert& alert, Instant at) {
    if (blind(at) || clock_wrong_ || !alert.window_start || !alert.spend ||
        alert.window == Window::lifetime ||
        *alert.window_start != utc_day_start(*alert.window_start) || at - begun_ < hours{48} ||
        *alert.window_start < begun_) {
        return;
    }
    const auto truth = bill_.spend(owner_of(alert), *alert.window_start, at);
    const Usd slack = cent + unseen_since_listing(owner_of(alert), at).total();
    verdicts_.require(truth.allows(*alert.spend, slack), Invariant::alert_true, at, [&] {
        return fmt::format(
            "\"{}\" says {}; the truth is {} (+{} -{})",
            alert.title,
            format_usd(*alert.spend),
            format_usd(truth.amount),
            format_usd(truth.over),
            format_usd(truth.under));
    });
}

/// Thresholds that were crossed a while ago in undisturbed times, and of which nothing was said.
void Judge::judge_thresholds_told(Instant at) {
    if (clock_wrong_ || !calm(at, minutes{30}) || at - begun_ < hours{48}) {
        return;
    }
    for (const auto& rule : policy_->alerts) {
        const Instant start = policy_->calendar.day_start(at);
        if (rule.window != Window::day || start != utc_day_start(start) || start < begun_) {
            continue;
        }
        const Owner owner = rule.team ? (*rule.team == policy::unassigned() ? "" : rule.team->str())
                                      : "account:" + rule.account->str();
        const auto* team = rule.team ? policy_->find_team(*rule.team) : nullptr;
        const auto* account = rule.account ? policy_->find_account(*rule.account) : nullptr;
        const auto cap = team != nullptr      ? team->caps.daily
                         : account != nullptr ? account->caps.daily
                                              : std::nullopt;
        const auto truth = bill_.spend(owner, start, at);
        const Usd sure = truth.amount - truth.under -
                         accrue(bill_.burn(owner, at), 2 * setting_.poll_interval) - cent;
        bool told = false;
        for (auto at_amount = rule.at.rbegin(); at_amount != rule.at.rend(); ++at_amount) {
            const auto amount = at_amount->resolve(cap);
            const auto date = policy_->calendar.date_of(at);
            const auto suffix = fmt::format(
                "/{:04}-{:02}-{:02}/{}",
                static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()),
                at_amount->text());
            const std::string subject =
                rule.team ? "/" + rule.team->str() + "/" : "/" + rule.account->str() + "/";
            told = told || std::ranges::any_of(thresholds_told_, [&](const std::string& key) {
                       return key.starts_with("budget_threshold") && key.ends_with(suffix) &&
                              key.find(subject) != std::string::npos;
                   });
            if (amount && sure > *amount) {
                verdicts_.require(told, Invariant::alert_told, at, [&] {
                    return fmt::format(
                        "{} has spent {} today, and {} was not told",
                        owner,
                        format_usd(truth.amount),
                        at_amount->text());
                });
            }
        }
    }
}

void Judge::delivered(
    const std::string& alert,
    const std::string& notifier,
    Instant at,
    bool confirmed) {
    const auto found = told_.find(alert);
    if (!verdicts_.require(found != told_.end(), Invariant::alert_delivered, at, [&] {
            return fmt::format("alert {} is delivered and was never durable", alert);
        })) {
        return;
    }
    auto& entry = found->second;
    const auto before = entry.reached.find(notifier);
    const bool twice = before != entry.reached.end() && before->second > restarted_at_ &&
                       calm(at, at - before->second);
    verdicts_.require(!twice, Invariant::alert_delivered, at, [&] {
        return fmt::format("alert {} is delivered to {} twice", alert, notifier);
    });
    entry.reached.insert_or_assign(notifier, at);
    entry.wanted.erase(notifier);
    if (entry.kind == Kind::idle_warning && confirmed) {
        for (auto& [id, watched] : watches_) {
            if (watched.warning == alert && !watched.warning_delivered_at) {
                watched.warning_delivered_at = at;
            }
        }
    }
}

void Judge::judge_deliveries(Instant at) {
    for (auto entry = told_.begin(); entry != told_.end();) {
        const Duration age = at - entry->second.at;
        if (age > hours{27}) {
            verdicts_.require(entry->second.wanted.empty(), Invariant::alert_delivered, at, [&] {
                return fmt::format(
                    "alert {} ({}) of {} has not reached {}",
                    entry->first,
                    alerts::to_string(entry->second.kind),
                    format_rfc3339(entry->second.at),
                    *entry->second.wanted.begin());
            });
            entry = told_.erase(entry);
        } else {
            ++entry;
        }
    }
}

/// What differs from the figures of the latest listings since then, for nobody has seen it yet.
Judge::Unseen Judge::unseen_since_listing(const Owner& owner, Instant at) const {
    Unseen unseen;
    for (std::size_t i = 0; i < accounts_.size(); ++i) {
        const auto& account = *accounts_[i];
        const Instant from = sweeps_[i].last;
        for (const auto* some : {&account.instances(), &account.gone()}) {
            for (const auto& [id, instance] : *some) {
                if (instance.gone_at && *instance.gone_at < from) {
                    continue;
                }
                const auto watched = watches_.find(id);
                const bool ours = owner == "account:" + account.spec().name ||
                                  (watched != watches_.end() && watched->second.team == owner);
                if (ours) {
                    const auto items = instance.meter.between(from, at);
                    const Usd truth = items[0].usd() + items[1].usd();
                    // What a listing lacks is taken to be gone, a lie though it was.
                    const bool counted = watched != watches_.end() && !watched->second.left_out;
                    const Usd assumed = counted ? taken_to_cost(watched->second, from, at) : Usd{};
                    unseen.over += assumed > truth ? assumed - truth : Usd{};
                    unseen.under += truth > assumed ? truth - assumed : Usd{};
                }
            }
        }
    }
    return unseen;
}

/// What the instances of the latest listings are taken to have cost since then.
Usd Judge::assumed_since_listing(const Owner& owner, Instant at) const {
    Usd sum;
    for (const auto& [id, watched] : watches_) {
        const bool ours =
            owner == "account:" + setting_.accounts[watched.account] || owner == watched.team;
        if (ours && !watched.missing && !watched.left_out) {
            sum += taken_to_cost(watched, sweeps_[watched.account].last, at);
        }
    }
    return sum;
}

/// It has turned out since that this lay in a time without listings.
bool Judge::was_blind(Instant at) const {
    return std::ranges::any_of(sweeps_, [&](const Sweeps& sweeps) {
        return at >= sweeps.blind_from && at < sweeps.blind_until;
    });
}

/// The instances of which today's figures differ by more than a cent.
std::string Judge::differences(const Owner& owner, const engine::View& view) {
    const Instant start = policy_->calendar.day_start(view.at);
    std::map<std::int64_t, Usd> said;
    for (const auto& shown : view.instances) {
        said[shown.instance->id.value()] = shown.spend_today;
    }
    std::string text;
    for (const auto* account : accounts_) {
        for (const auto* some : {&account->instances(), &account->gone()}) {
            for (const auto& [id, instance] : *some) {
                const auto watched = watches_.find(id);
                const bool ours = owner == "account:" + account->spec().name ||
                                  (watched != watches_.end() && watched->second.team == owner);
                const Usd truth = vastsim::total(instance.meter.between(start, view.at)).usd();
                const auto known = said.find(id);
                const Usd figure = known == said.end() ? Usd{} : known->second;
                if (ours && (truth - figure > cent || figure - truth > cent)) {
                    text += fmt::format(
                        "; {} cost {}, said to be {}{}",
                        id,
                        to_decimal(truth),
                        to_decimal(figure),
                        known == said.end() ? " (not shown)" : "");
                }
            }
        }
    }
    return text;
}

void Judge::judge_figures(const engine::View& view, Instant at) {
    // Days become final in the bill when they are asked for.
    const Instant since = std::max(policy_->calendar.month_start(at), begun_) - hours{48};
    for (const auto& team : view.teams) {
        bill_.spend(team.name == policy::unassigned() ? "" : team.name.str(), since, at);
    }
    for (const auto& account : view.accounts) {
        bill_.spend("account:" + account.name.str(), since, at);
    }
    if (blind(at) || clock_wrong_ || at - begun_ < hours{24}) {
        return;  // what nobody could see is in no figure yet
    }
    const auto compare = [&](const Owner& owner, const engine::WindowView& window) {
        const Instant start = window.start;
        if (window.window == Window::lifetime) {
            return;
        }
        const bool day = window.window == Window::day;
        const auto& calendar = policy_->calendar;
        const Instant begins = day ? calendar.day_start(view.at) : calendar.month_start(view.at);
        // A clock that was ahead over midnight and is right again: the ledger's time never goes
        // back, and stays in the window that it had reached until that one truly begins.
        if (latest_wall_ > view.at && start > begins && start <= latest_wall_) {
            return;
        }
        verdicts_.require(start == begins, Invariant::ledger_bounded, at, [&] {
            return fmt::format(
                "the {} of {} is said to have begun at {}",
                policy::to_string(window.window),
                owner,
                format_rfc3339(start));
        });
        if (start != utc_day_start(start)) {
            return;
        }
        // What an account spent up to the first day is known from its charges alone, once they are
        // final; whose it was, from labels that nobody has seen change.
        for (Instant early = start; early < begun_ + hours{24}; early += hours{24}) {
            if (!owner.starts_with("account:") || !bill_.all_settled(early)) {
                return;
            }
        }
        const auto truth = bill_.spend(owner, start, view.at);
        const Usd unseen = unseen_since_listing(owner, view.at).total();
        const bool exact = truth.over == Usd{} && truth.under == Usd{} && unseen == Usd{};
        verdicts_.require(
            truth.allows(window.spend, cent + unseen),
            exact ? Invariant::ledger_exact : Invariant::ledger_bounded,
            at,
            [&] {
                return fmt::format(
                    "{} is said to have spent {} since {}; the truth is {} (+{} -{}){}",
                    owner,
                    to_decimal(window.spend),
                    format_rfc3339(start),
                    to_decimal(truth.amount),
                    to_decimal(truth.over),
                    to_decimal(truth.under),
                    day ? differences(owner, view) : "");
            });
        if (window.window == Window::day) {
            const auto key = owner + "@" + format_rfc3339(start);
            auto& latest = day_spends_[key];
            // What is gone after a time without listings accrues no longer than to its begin
            // (section 4), though it was shown to go on.
            const Usd taken_back = was_blind(latest.at) ? latest.assumed : Usd{};
            const bool falls = window.spend + taken_back + cent < latest.spend;
            verdicts_.require(!falls, Invariant::spend_never_falls, at, [&] {
                return fmt::format(
                    "the spend of {} falls from {} to {}",
                    key,
                    to_decimal(latest.spend),
                    to_decimal(window.spend));
            });
            latest = Shown{window.spend, assumed_since_listing(owner, view.at), view.at};
            if (day_spends_.size() > 1000) {
                day_spends_.clear();
            }
        }
    };
    for (const auto& team : view.teams) {
        for (const auto& window : team.windows) {
            compare(team.name == policy::unassigned() ? "" : team.name.str(), window);
        }
    }
    for (const auto& account : view.accounts) {
        for (const auto& window : account.windows) {
            compare("account:" + account.name.str(), window);
        }
    }
}

}  // namespace vastwatch::simulation
