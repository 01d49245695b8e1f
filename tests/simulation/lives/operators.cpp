// What the operators of a daemon's life do through commands.
#include "lives/run.hpp"

#include <fmt/format.h>

namespace vastwatch::simulation {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

const vastsim::Instance* any_instance(const vastsim::Account& account, vastsim::Random& random) {
    if (account.instances().empty()) {
        return nullptr;
    }
    auto at = account.instances().begin();
    std::advance(at, static_cast<std::ptrdiff_t>(random.below(account.instances().size())));
    return &at->second;
}

web::Command about(std::string name, std::int64_t instance) {
    web::Command wish;
    wish.name = std::move(name);
    wish.instance = InstanceId{instance};
    return wish;
}

}  // namespace

void DaemonRun::operate() {
    auto& random = operator_random_;
    const double kind = random.unit();
    const auto& account = *accounts_[random.below(accounts_.size())];
    const auto* instance = any_instance(account, random);
    const Duration span = draw_length(random, minutes{10}, hours{24});
    const bool approve = random.chance(0.5);
    web::Command wish;
    if (kind < 0.3 && instance != nullptr) {
        wish = about("protect", instance->id());
        wish.duration = span;
        wish.reason = "a long run";
        command(std::move(wish));
    } else if (kind < 0.45 && instance != nullptr) {
        judge_->protect(instance->id(), std::nullopt);
        command(about("unprotect", instance->id()));
    } else if (kind < 0.55) {
        wish.name = "pause";
        wish.duration = draw_length(random, minutes{5}, hours{3});
        wish.reason = "maintenance";
        command(std::move(wish));
    } else if (kind < 0.65) {
        judge_->paused(false, now());
        pause_ends_.reset();
        wish.name = "resume";
        command(std::move(wish));
    } else if (kind < 0.75) {
        wish.name = "poll";
        command(std::move(wish));
    } else {
        decide_holds(approve);
    }
}

void DaemonRun::decide_holds(bool approve) {
    const auto seen = view();
    if (!seen) {
        return;
    }
    audit_->read(machine_->disk());
    for (const auto& hold : seen->holds) {
        web::Command wish;
        wish.name = approve ? "approve" : "dismiss";
        wish.hold = hold.id;
        for (const auto id : hold.instances) {
            judge_->held(id.value(), false);
            decided_[id.value()] = now();
            if (!approve && hold.kind == enforcement::Hold::Kind::mass_idle) {
                // Their idleness is counted from now on.
                judge_->watches_again(id.value(), now());
            }
            if (!approve && hold.kind == enforcement::Hold::Kind::reload) {
                judge_->dismissed(id.value());
            }
        }
        command(std::move(wish));
        if (!asked_.empty()) {
            asked_.back().held = hold.instances;
        }
    }
}

void DaemonRun::command(web::Command wish) {
    ++operations_;
    wish.actor = "uid:1000";
    story(
        "somebody asks: {} {} {}",
        wish.name,
        wish.instance ? std::to_string(wish.instance->value()) : "",
        wish.duration ? humanize(*wish.duration) : "");
    if (machine_->execute(wish)) {
        asked_.push_back(Asked{std::move(wish), {}, now(), machine_->clock().wall});
    }
}

void DaemonRun::on_command(
    Instant at,
    const web::Command& command,
    const web::CommandResult& result) {
    story("{}: {}", command.name, result.message);
    const auto asked = std::ranges::find_if(asked_, [&](const Asked& one) {
        return one.command.name == command.name && one.command.instance == command.instance &&
               one.command.hold == command.hold;
    });
    if (asked == asked_.end()) {
        return;
    }
    // What has an end lasts from when it was asked for, not from when that was answered.
    const auto since = *asked;
    asked_.erase(asked);
    if (!result.kept) {
        unkept_.push_back(since);
    } else if (!result.ok) {
        return;
    }
    if (command.name == "protect") {
        const auto span = std::min<Duration>(*command.duration, hours{24});
        judge_->protect(command.instance->value(), since.at + span);
    } else if (command.name == "pause") {
        judge_->paused(true, at);
        pause_ends_ = since.wall + *command.duration;
    }
}

}  // namespace vastwatch::simulation
