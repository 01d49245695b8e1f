// What the operators of a core run do through commands.
#include "core/tenant.hpp"

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

}  // namespace

void CoreRun::operate() {
    ++operations_;
    auto& random = operator_random_;
    const double kind = random.unit();
    auto& tenant = *tenants_[random.below(tenants_.size())];
    const auto* instance = any_instance(tenant.model, random);
    const Duration span = draw_length(random, minutes{10}, hours{48});
    const std::string actor = "uid:1000";
    note("operate", static_cast<std::int64_t>(kind * 1000));
    if (kind < 0.3 && instance != nullptr) {
        engine::Protect wish;
        wish.instance = InstanceId{instance->id()};
        wish.duration = span;
        wish.reason = "a long run";
        auto [answer, effects] = engine_->protect(wish, actor, now());
        story("protect {} for {}: {}", instance->id(), humanize(span), answer.message);
        if (answer.ok) {
            judge_->protect(instance->id(), now_ + span);
        }
        settle(std::move(effects));
    } else if (kind < 0.45 && instance != nullptr) {
        auto [answer, effects] = engine_->unprotect(InstanceId{instance->id()}, actor, now());
        story("unprotect {}: {}", instance->id(), answer.message);
        judge_->protect(instance->id(), std::nullopt);
        settle(std::move(effects));
    } else if (kind < 0.55) {
        const Duration pause = draw_length(random, minutes{5}, hours{5});
        auto [answer, effects] = engine_->pause(pause, "maintenance", actor, now());
        story("pause for {}: {}", humanize(pause), answer.message);
        judge_->paused(true, now_);
        pause_ends_ = now_ + skew_ + pause;
        settle(std::move(effects));
    } else if (kind < 0.65) {
        auto [answer, effects] = engine_->resume(actor, now());
        story("resume: {}", answer.message);
        judge_->paused(false, now_);
        pause_ends_.reset();
        settle(std::move(effects));
    } else {
        const bool approve = random.chance(0.5);
        const auto view = engine_->view(now());
        for (const auto& hold : view->holds) {
            auto [answer, effects] = engine_->decide_hold(hold.id, approve, actor, now());
            story(
                "{} hold {}: {}", approve ? "approve" : "dismiss", hold.id.value(), answer.message);
            for (const auto id : hold.instances) {
                judge_->held(id.value(), false);
                if (!approve) {
                    judge_->dismissed(id.value(), hold.kind == enforcement::Hold::Kind::mass_idle);
                }
            }
            settle(std::move(effects));
            if (!engine_) {
                return;
            }
        }
    }
}

}  // namespace vastwatch::simulation
