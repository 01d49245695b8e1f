// What is kept between decisions is what would be worked out anew.
#include "engine/judge.hpp"

#include "engine/enforce.hpp"
#include "engine/observe.hpp"
#include "engine/tell.hpp"
#include "policies.hpp"

#include <doctest/doctest.h>

#include <random>

namespace vastwatch::engine::testing {
namespace {

const Instant morning = parse_rfc3339("2026-11-21T08:00:00Z").value();

/// A state that random things happen to: rows, charges, commands, reloads, the clock.
class Random {
  public:
    explicit Random(unsigned seed) : random_(seed), policy_(make_policy()), state_(policy_, now()) {
        state_.make_alert_id = [](Instant) { return AlertId{"alert"}; };
        follow_policy(state_);
        for (int id = 1; id <= 30; ++id) {
            appear(id);
        }
    }

    State& state() { return state_; }

    Instant time() const { return wall_; }

    /// One thing happens, and time goes on; then everything is judged.
    void step() {
        switch (pick(12)) {
            case 0:
                reload();
                break;
            case 1:
                protect();
                break;
            case 2:
                charge();
                break;
            case 3:
                wall_ -= std::chrono::minutes{pick(3)};
                break;
            case 4:
                break;  // only time
            default:
                sweep();
                break;
        }
        drop_protections();
        state_.ledger.advance(wall_);
        judge(state_, wall_);
        state_.changes = Changes{};
        wall_ += std::chrono::seconds{pick(pick(6) == 0 ? 4000 : 90)};
    }

    /// The moment at which judge() was called last.
    Instant judged_at() const { return *state_.judgement.judged_at; }

  private:
    Now now() const { return {wall_, MonoTime{} + (wall_ - morning)}; }

    int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

    bool chance(int percent) { return pick(100) < percent; }

    std::shared_ptr<const policy::Policy> make_policy() {
        auto policy = idle_policy();
        auto& team = ml_of(policy);
        team.rules.idle_for = std::chrono::minutes{10 + pick(30)};
        team.rules.idle_warning = std::chrono::minutes{pick(8)};
        team.rules.idle_coverage = Percent{pick(2) == 0 ? 80.0 : 95.0};
        team.rules.protect = chance(50) ? std::vector<std::string>{"*-keep"}
                                        : std::vector<std::string>{"*-keep", "ml/a*"};
        team.rules.protect_max = std::chrono::hours{pick(3)};
        team.rules.cap_strategy = chance(50) ? policy::CapStrategy::shed : policy::CapStrategy::all;
        team.rules.stopped_for = std::chrono::minutes{pick(90)};
        team.rules.loading_for = std::chrono::minutes{10 + pick(50)};
        team.gpu_types =
            chance(50) ? std::vector<std::string>{"H100*"} : std::vector<std::string>{};
        team.protected_ids = {InstanceId{3}, InstanceId{1 + pick(30)}};
        team.caps.daily = usd(20 + pick(400));
        team.caps.monthly = usd(200 + pick(400));
        auto& other = policy.teams[1];
        other.max_dph = dph(0.5 + 0.5 * pick(8));
        other.max_instances = 1 + pick(12);
        other.interruptible_only = chance(50);
        policy.accounts.front().caps.daily = usd(100 + pick(400));
        return std::make_shared<policy::Policy>(std::move(policy));
    }

    std::string label() {
        static const std::vector<std::string> labels{
            "ml/a", "ml/b", "ml/c", "ml/d-keep", "web/a", "web/b", "", "ml:12:web", "stranger"};
        return labels[static_cast<std::size_t>(pick(static_cast<int>(labels.size())))];
    }

    void appear(int id) {
        fleet::Observation row;
        row.id = InstanceId{id};
        row.label = label();
        row.gpu_name = chance(50) ? "H100 SXM" : "RTX 4090";
        row.start_date = wall_ - std::chrono::minutes{pick(600)};
        row.interruptible = chance(50);
        row.status = fleet::Status::running;
        row.intended = row.current = fleet::State::running;
        row.prices.gpu = dph(0.5 * (1 + pick(8)));
        row.prices.storage = dph(0.01);
        rows_.insert_or_assign(row.id, row);
    }

    void change(fleet::Observation& row) {
        switch (pick(9)) {
            case 0:
                row.status = fleet::Status::exited;
                row.intended = row.current = fleet::State::stopped;
                break;
            case 1:
                row.status = fleet::Status::exited;
                row.intended = fleet::State::running;
                row.current = fleet::State::stopped;
                break;
            case 2:
                row.status = fleet::Status::loading;
                break;
            case 3:
                row.status = fleet::Status::offline;
                break;
            case 4:
                row.label = label();
                break;
            case 5:
                row.prices.gpu = chance(50) ? std::nullopt : std::optional{dph(1 + pick(4))};
                break;
            case 6:
                row.current = fleet::State::unloaded;
                break;
            default:
                row.status = fleet::Status::running;
                row.intended = row.current = fleet::State::running;
                break;
        }
    }

    void sweep() {
        if (chance(10)) {
            rows_.erase(InstanceId{1 + pick(30)});
        }
        if (chance(10)) {
            appear(1 + pick(30));
        }
        fleet::Sweep sweep;
        sweep.account = chance(3) ? AccountName{"stranger"} : main_account;
        sweep.began = sweep.ended = now();
        for (auto& [id, row] : rows_) {
            if (chance(4)) {
                change(row);
            }
            const bool idle = (id.value() + round_ / 25) % 3 == 0;
            row.telemetry.gpu_util = chance(3) ? std::nullopt : std::optional{idle ? 0.0 : 90.0};
            row.telemetry.gpu_temp = 40 + pick(20);
            sweep.rows.push_back(row);
        }
        ++round_;
        sweep.skipped_rows = chance(5) ? 1 : 0;
        if (chance(20) && !state_.instances.empty()) {
            view_ = state_.instances.begin()->second.instance;  // a view holds it
        }
        observe_sweep(state_, sweep, now());
    }

    void reload() {
        policy_ = make_policy();
        state_.policy = policy_;
        follow_policy(state_);
        reassign_teams(state_, now());
    }

    void protect() {
        enforcement::Protection protection;
        protection.instance = InstanceId{1 + pick(30)};
        protection.from = wall_;
        protection.until = wall_ + std::chrono::minutes{1 + pick(60)};
        state_.protections.insert_or_assign(protection.instance, protection);
        touch(state_, protection.instance);
    }

    void drop_protections() {
        Effects effects;
        end_protections(state_, effects, now());
    }

    void charge() {
        ChargesRead charges;
        charges.account = main_account;
        charges.day = utc_day_start(wall_);
        ChargeRow row;
        row.instance = InstanceId{1 + pick(30)};
        row.source = "instance-" + std::to_string(row.instance->value());
        row.amounts.gpu = usd(1 + pick(30));
        charges.rows = {row};
        observe_charges(state_, charges, now());
    }

    std::minstd_rand random_;
    Instant wall_ = morning;
    std::shared_ptr<const policy::Policy> policy_;
    State state_;
    std::map<InstanceId, fleet::Observation> rows_;
    std::shared_ptr<const fleet::Instance> view_;
    int round_ = 0;
};

rules::Evaluation kept(const State& state) {
    rules::Evaluation kept;
    each_finding(state, [&](const rules::Finding& finding) { kept.findings.push_back(finding); });
    kept.next_change = state.judgement.next_change;
    return kept;
}

template <class Check>
void for_random_states(int steps, const Check& check) {
    for (unsigned seed = 1; seed <= 40; ++seed) {
        CAPTURE(seed);
        Random random{seed};
        for (int i = 0; i < steps; ++i) {
            CAPTURE(i);
            random.step();
            check(random.state(), random.judged_at());
        }
    }
}

TEST_CASE("the findings that are kept are those that a full evaluation finds") {
    std::size_t found = 0;
    for_random_states(150, [&](const State& state, Instant now) {
        const auto all = subjects(state, now);
        const auto anew = rules::evaluate(rules::Situation{*state.policy, all, state.ledger, now});
        const auto ours = kept(state);
        REQUIRE(ours.findings == anew.findings);
        REQUIRE(ours.next_change == anew.next_change);
        found += anew.findings.size();
    });
    CHECK(found > 10'000);  // else nothing was compared
}

TEST_CASE("the totals that are kept are those of the instances there are") {
    for_random_states(150, [&](const State& state, Instant now) {
        rules::Tally anew{*state.policy};
        std::size_t unpriced = 0;
        for (const auto& subject : subjects(state, now)) {
            anew.add(anew.part_of(subject));
            const auto billing = fleet::billing_of(subject.instance->row);
            const bool unknown = !subject.rate_known || subject.rates.estimated;
            unpriced += (billing.gpu || billing.disk) && unknown ? 1U : 0U;
        }
        REQUIRE(state.tally->totals() == anew.totals());
        REQUIRE(state.unpriced == unpriced);
        std::map<AccountName, std::size_t> homes;
        for (const auto& [id, slot] : state.instances) {
            ++homes[slot->account];
        }
        for (const auto& [name, count] : state.homes) {
            REQUIRE(count == homes[name]);
        }
    });
}

TEST_CASE("what is kept as wanting to act is what the findings say") {
    for_random_states(150, [&](const State& state, Instant now) {
        REQUIRE(state.acting == acting_findings(state, now));
    });
}

TEST_CASE("every exemption by label that ends is going to be looked at") {
    for_random_states(150, [&](const State& state, Instant) {
        std::set<std::pair<Instant, InstanceId>> ends;
        for (const auto& [id, slot] : state.instances) {
            const auto since = slot->label_protected_since;
            const auto longest = slot.team->rules.protect_max;
            if (slot->missed_sweeps == 0 && since && longest > Duration{0}) {
                ends.emplace(*since + longest, id);
            }
        }
        REQUIRE(state.exempt_ends == ends);
    });
}

TEST_CASE("an instance points at its team in the policy in force") {
    for_random_states(150, [&](const State& state, Instant) {
        for (const auto& [id, slot] : state.instances) {
            REQUIRE(slot.team == &state.policy->team_or_unassigned(slot->team));
        }
    });
}

}  // namespace
}  // namespace vastwatch::engine::testing
