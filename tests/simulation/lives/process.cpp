// Lives of the whole daemon: how its processes begin and end.
#include "lives/run.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::simulation {

void DaemonRun::on_turn(Instant at, Turn turn, std::string_view text) {
    story("the daemon: {} {}", to_string(turn), text);
    ++kinds_[fmt::format("turn {}", to_string(turn))];
    if (turn == Turn::started) {
        // The process is not yet reachable from here.
        just_started_ = true;
        started_at_ = at;
        take_policy(at);
        // What the one before intended and could not yet append is written down at the start.
        audit_->reread();
        audit_->read(machine_->disk());
        judge_->restarted(at);
        writable_ = true;
        machine_->interrupt();
        return;
    }
    ended(at, turn, text);
}

void DaemonRun::ended(Instant at, Turn turn, std::string_view text) {
    just_started_ = false;
    rebooted_ = rebooted_ || turn == Turn::power_cut;
    broken_at_ = at;
    testimony_->forget_pending();
    judge_->disturbed(at);
    judge_->died(machine_->disk().synced_at() - mischief_->skew(), at, turn == Turn::power_cut);
    for (auto& asked : asked_) {
        unclear_.push_back(std::move(asked));
    }
    asked_.clear();
    for (auto& unkept : unkept_) {
        if (unkept.command.name == "protect") {
            judge_->protect(unkept.command.instance->value(), std::nullopt);
        }
        unclear_.push_back(std::move(unkept));
    }
    unkept_.clear();
    const auto& harms = machine_->disk().mishaps();
    std::uint64_t count = 0;
    for (const auto& [harm, times] : harms) {
        count += times;
    }
    const bool harmed = count != harms_at_start_ || mischief_->disk_full() || file_broken_;
    harms_at_start_ = count;
    const bool bad =
        turn == Turn::fault || turn == Turn::stop_slow || (turn == Turn::start_failed && !harmed);
    require(!bad, Invariant::recovers, [&] {
        return fmt::format("the daemon: {} {}", to_string(turn), text);
    });
}

/// A clock that was set while the daemon was off is noticed, unless the machine was booted since.
void DaemonRun::take_moved_clock() {
    if (rebooted_) {
        judge_->clock_moved_unseen(moved_while_off_, now());
    } else if (pause_ends_) {
        *pause_ends_ += moved_while_off_;
    }
    moved_while_off_ = Duration{0};
    rebooted_ = false;
}

/// What a daemon that begins has read back.
void DaemonRun::started(Instant at) {
    just_started_ = false;
    take_moved_clock();
    for (std::size_t i = 0; i < accounts_.size(); ++i) {
        judge_->charges_missed(i, at);
    }
    const auto seen = view();
    if (!seen) {
        return;
    }
    std::set<std::string> stored;
    for (auto alert = seen->alerts.rbegin(); alert != seen->alerts.rend(); ++alert) {
        stored.insert(alert->alert.id.str());
        const auto known = alerts_.find(alert->alert.id.str());
        if (known == alerts_.end() || !known->second.durable) {
            tell(alert->alert, at, true);
        }
    }
    for (auto known = alerts_.begin(); known != alerts_.end();) {
        if (!known->second.durable && !stored.contains(known->first)) {
            judge_->lost(known->first);
            known = alerts_.erase(known);
        } else {
            ++known;
        }
    }
    adopt(*seen);
}

namespace {

/// The rules that the hold has it for.
std::vector<std::string> rules_of(const enforcement::Hold& hold, InstanceId id) {
    std::vector<std::string> rules;
    for (const auto& [instance, rule] : hold.wanted) {
        if (instance == id) {
            rules.emplace_back(rules::to_string(rule));
        }
    }
    return rules;
}

}  // namespace

/// What reloads' holds have it for.
void DaemonRun::adopt_holds(const engine::View& view, InstanceId id) {
    for (const auto& hold : view.holds) {
        if (const auto rules = rules_of(hold, id); !rules.empty()) {
            judge_->held(id.value(), true, false, rules, hold.created - mischief_->skew());
        }
    }
}

/// What is held, and commands that were cut short and may have been carried out or not.
void DaemonRun::adopt(const engine::View& view) {
    // A hold that was stored in the moment of a crash is in no audit log.
    for (const auto& item : view.cases) {
        if (item.step == enforcement::Step::held) {
            const bool mass = held_as_mass(item.instance);
            judge_->held(item.instance.value(), true, mass);
            if (!mass) {
                adopt_holds(view, item.instance);
            }
        }
    }
    for (const auto& asked : unclear_) {
        const auto& command = asked.command;
        for (const auto id : asked.held) {
            for (const auto& hold : view.holds) {
                if (std::ranges::find(hold.instances, id) != hold.instances.end()) {
                    judge_->held(id.value(), true);
                    adopt_holds(view, id);
                }
            }
        }
        if (command.instance) {
            for (const auto& protection : view.protections) {
                if (protection.instance == *command.instance) {
                    judge_->protect(
                        command.instance->value(), protection.until - mischief_->skew());
                }
            }
        }
        if (command.name == "pause" || command.name == "resume") {
            judge_->paused(view.health.pause.has_value(), now());
            pause_ends_ = view.health.pause ? view.health.pause->until : std::nullopt;
        }
    }
    unclear_.clear();
}

}  // namespace vastwatch::simulation
