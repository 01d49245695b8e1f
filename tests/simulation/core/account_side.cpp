// The core's lives: what the account is asked, and what it answers.
#include "core/run.hpp"
#include "core/setting.hpp"
#include "core/tenant.hpp"
#include "world/fleet.hpp"
#include "world/load.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::simulation {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

Duration draw_answer(vastsim::Random& random) {
    return draw_length(random, milliseconds{80}, seconds{4});
}

}  // namespace

CoreRun::Tenant* CoreRun::tenant_of(const AccountName& account) {
    for (auto& tenant : tenants_) {
        if (tenant->name == account.str()) {
            return tenant.get();
        }
    }
    return nullptr;
}

Lies CoreRun::lies_of(Tenant& tenant) {
    Lies lies;
    lies.zeros = tenant.zeros.on(now_);
    lies.nulls = tenant.nulls.on(now_);
    if (tenant.frozen.on(now_)) {
        if (tenant.frozen_spell != tenant.frozen.count() && !tenant.model.instances().empty()) {
            tenant.frozen_spell = tenant.frozen.count();
            auto at = tenant.model.instances().begin();
            std::advance(
                at,
                static_cast<std::ptrdiff_t>(
                    tenant.frozen_spell * 7919 % tenant.model.instances().size()));
            tenant.frozen_id = at->first;
        }
        lies.frozen = tenant.frozen_id;
    }
    return lies;
}

void CoreRun::poll(Tenant& tenant) {
    ++polls_;
    const bool rejected = tenant.rejected.on(now_);
    const bool listed = now_ >= tenant.unlisted_until;
    if (!listed || tenant.blind.on(now_) || rejected || tenant.failed_poll.strikes()) {
        judge_->disturbed(now_);
        ++tenant.failures;
        const Duration pause = std::min<Duration>(
            {seconds{2} * (1 << std::min(tenant.failures - 1, 10)),
             minutes{5},
             std::max<Duration>(plan_.poll_interval, seconds{2})});
        tenant.next_poll = now_ + pause;
        engine::PollFailed failed;
        failed.account = AccountName{tenant.name};
        failed.key_rejected = rejected;
        failed.message = rejected ? "the key is rejected" : "timed out";
        note("blind");
        settle(engine_->on_poll_failed(failed, now()));
        return;
    }
    tenant.failures = 0;
    tenant.next_poll = now_ + plan_.poll_interval;
    const auto& rows = tenant.listing.take(lies_of(tenant));
    const Duration took = seconds{1} * static_cast<std::int64_t>(rows.size() / 25);
    auto& sweep = tenant.sweep;
    sweep.account = AccountName{tenant.name};
    sweep.ended = now();
    sweep.began = Now{sweep.ended.wall - took, sweep.ended.mono - took};
    if (tenant.missing_row.strikes() && !rows.empty()) {
        // A lie that cannot be told from the truth: a complete listing without a row.
        judge_->disturbed(now_);
        sweep.rows = rows;
        const auto which =
            static_cast<std::ptrdiff_t>(tenant.missing_row.random().below(sweep.rows.size()));
        const auto id = sweep.rows[static_cast<std::size_t>(which)].id.value();
        ++judge_->watch(tenant.index, id).changes;
        sweep.rows.erase(sweep.rows.begin() + which);
        tenant.listing.served(now_ - took, now_, id);
        note("missing");
        settle(engine_->on_sweep(sweep, now()));
        return;
    }
    rows_ += rows.size();
    tenant.listing.served(now_ - took, now_);
    note("poll", static_cast<std::int64_t>(rows.size()));
    tenant.listing.lend(sweep.rows);
    auto effects = engine_->on_sweep(sweep, now());
    tenant.listing.lend(sweep.rows);
    settle(std::move(effects));
}

void CoreRun::next_read(Tenant& tenant) {
    if (tenant.reading || tenant.reads.empty()) {
        return;
    }
    tenant.reading = true;
    auto order = std::move(tenant.reads.front());
    tenant.reads.pop_front();
    const Now began = now();
    after(draw_answer(daemon_random_), [this, &tenant, order, began]() {
        tenant.reading = false;
        if (renamed_before_read_.strikes() && !order.ids.empty()) {
            // Whoever was warned says at the last moment that it is something else.
            const auto id = order.ids.front().value();
            const auto label = draw_label(plan_, renamed_before_read_.random());
            story("a user labels {} \"{}\"", id, label);
            tenant.model.set_label(id, label);
        }
        read(tenant, order, began);
        if (engine_) {
            next_read(tenant);
        }
    });
}

void CoreRun::read(Tenant& tenant, const engine::VerifyOrder& order, Now began) {
    if (failed_read_.strikes() || tenant.blind.on(now_) || tenant.rejected.on(now_)) {
        judge_->disturbed(now_);
        settle(engine_->on_verify_failed(order, "timed out", now()));
        return;
    }
    fleet::Verification read;
    read.account = order.account;
    read.asked = order.ids;
    read.read_at = began;  // as the client has it: what is read is at least that fresh
    const auto lies = lies_of(tenant);
    for (const auto id : order.ids) {
        if (const auto* row = tenant.listing.take_one(id.value(), lies)) {
            read.rows.push_back(*row);
            fleet::Recipe recipe;
            recipe.image = row->image;
            recipe.label = row->label;
            recipe.gpu_name = row->gpu_name;
            read.recipes.push_back(std::move(recipe));
            tenant.listing.read(id.value(), now_);
        }
    }
    note("read", static_cast<std::int64_t>(read.rows.size()));
    settle(engine_->on_verified(read, now()));
}

void CoreRun::next_request(Tenant& tenant) {
    if (tenant.requesting || tenant.requests.empty()) {
        return;
    }
    tenant.requesting = true;
    const Duration wait = std::max(tenant.request_allowed - now_, Duration{0});
    auto order = std::move(tenant.requests.front());
    tenant.requests.pop_front();
    after(wait, [this, &tenant, order]() { leave(tenant, order); });
}

void CoreRun::leave(Tenant& tenant, engine::RequestOrder order) {
    const auto wanted = order.ids.size();
    auto withdrawn = engine_->withdraw(order, now());
    if (order.ids.size() < wanted) {
        settle(std::move(withdrawn));
        if (engine_) {  // it may have died of storing that
            leave(tenant, std::move(order));
        }
    } else if (!order.ids.empty()) {
        send(tenant, order);
    } else {
        tenant.requesting = false;
        next_request(tenant);
    }
}

void CoreRun::send(Tenant& tenant, const engine::RequestOrder& order) {
    std::vector<std::int64_t> ids;
    for (const auto id : order.ids) {
        ids.push_back(id.value());
        note("order", id.value());
    }
    const bool destroy = order.action == policy::Action::destroy;
    story("request: {} {}", destroy ? "destroy" : "stop", fmt::join(ids, " "));
    judge_->ordered(destroy, ids, now_);
    tenant.request_allowed = now_ + request_pace;
    const bool refused = failed_request_.strikes();
    const bool ignored = ignored_request_.strikes();
    const bool lost = lost_answer_.strikes();
    if (refused || ignored || lost) {
        judge_->disturbed(now_);
    }
    bool any = false;
    for (const auto id : ids) {
        if (refused || ignored || (lost && lost_answer_.random().chance(0.3))) {
            any = true;
            continue;
        }
        const bool slow = slow_unload_.strikes();
        const Duration linger = draw_length(slow_unload_.random(), minutes{1}, hours{2});
        const bool there =
            destroy ? tenant.model.destroy(id, slow ? std::optional{linger} : std::nullopt)
                    : tenant.model.stop(id);
        any = any || there;
    }
    engine::RequestAnswered answer;
    answer.account = order.account;
    answer.action = order.action;
    answer.ids = order.ids;
    answer.outcome = refused ? engine::RequestOutcome::failed
                     : lost  ? engine::RequestOutcome::unclear
                     : any   ? engine::RequestOutcome::accepted
                             : engine::RequestOutcome::gone;
    answer.message = refused ? "refused" : lost ? "the answer was lost" : "";
    after(draw_answer(daemon_random_), [this, &tenant, answer]() {
        tenant.requesting = false;
        settle(engine_->on_answered(answer, now()));
        if (engine_) {
            next_request(tenant);
        }
    });
}

void CoreRun::bill(Tenant& tenant) {
    tenant.next_bill = now_ + plan_.billing_interval;
    if (tenant.no_charges.on(now_) || tenant.blind.on(now_) || tenant.rejected.on(now_)) {
        judge_->charges_missed(tenant.index, now_);
        return;
    }
    engine::MoneyRead money;
    money.account = AccountName{tenant.name};
    money.credit = tenant.model.credit(now_);
    money.total_spend = -tenant.model.lifetime_spend(now_);
    settle(engine_->on_money(money, now()));
    if (!engine_) {
        return;
    }
    std::vector<engine::PriceIncreaseFact> increases;
    for (const auto& [id, instance] : tenant.model.instances()) {
        if (instance.pending) {
            engine::PriceIncreaseFact fact;
            fact.id = instance.pending->id;
            fact.instance = InstanceId{id};
            fact.old_rate = rate_from_double(instance.spec.dph_base);
            fact.new_rate = rate_from_double(instance.pending->dph_base);
            increases.push_back(fact);
        }
    }
    settle(engine_->on_price_increases(money.account, std::move(increases), now()));
    if (engine_) {
        read_charges(tenant);
    }
    if (engine_) {
        judge_->charges_read(tenant.index, now_);
        settle(engine_->on_charges_complete(money.account, now()));
    }
}

namespace {

engine::ChargeRow
charge_row(std::string source, std::string label, const vastsim::ExactItems& items) {
    const auto mills = [&](vastsim::Item item) {
        return Usd::from_nanos(items[static_cast<std::size_t>(item)].mills() * 1'000'000);
    };
    engine::ChargeRow row;
    row.source = std::move(source);
    row.label = std::move(label);
    row.amounts.gpu = mills(vastsim::Item::gpu);
    row.amounts.disk = mills(vastsim::Item::disk);
    row.amounts.bandwidth = mills(vastsim::Item::down) + mills(vastsim::Item::up);
    return row;
}

/// The charges of one UTC day, as far as they have settled.
void add_charges(
    const vastsim::Account& account,
    Instant day,
    std::vector<engine::ChargeRow>& rows) {
    const Instant to = std::min(day + hours{24}, account.settled_until());
    if (to <= day) {
        return;
    }
    for (const auto* some : {&account.instances(), &account.gone()}) {
        for (const auto& [id, instance] : *some) {
            if (instance.start_date >= to || (instance.gone_at && *instance.gone_at <= day)) {
                continue;
            }
            const auto items = instance.meter.between(day, to);
            if (!total(items).is_zero()) {
                rows.push_back(charge_row(
                    fmt::format("instance-{}", id), instance.spec.label.value_or(""), items));
                rows.back().instance = InstanceId{id};
            }
        }
    }
    for (const auto& [id, volume] : account.volumes()) {
        const auto items = volume.meter.between(day, to);
        if (!total(items).is_zero()) {
            rows.push_back(charge_row(fmt::format("volume-{}", id), "", items));
        }
    }
}

}  // namespace

void CoreRun::read_charges(Tenant& tenant) {
    const AccountName name{tenant.name};
    engine::BackfillRead backfill;
    backfill.account = name;
    for (const auto& range : engine_->backfills(name, now())) {
        auto& part = backfill.parts.emplace_back();
        part.range = range;
        for (Instant day = range.first_day; day <= range.last_day; day += hours{24}) {
            add_charges(tenant.model, day, part.rows);
        }
    }
    if (!backfill.parts.empty()) {
        settle(engine_->on_backfill(backfill, now()));
        if (!engine_) {
            return;
        }
    }
    for (const auto day : engine_->charge_days(name, now())) {
        engine::ChargesRead read;
        read.account = name;
        read.day = day;
        add_charges(tenant.model, day, read.rows);
        note("charges", static_cast<std::int64_t>(read.rows.size()));
        settle(engine_->on_charges(read, now()));
        if (!engine_) {
            return;
        }
    }
}

}  // namespace vastwatch::simulation
