// Random fleets, evidence and operators: whatever happens, nothing is stopped or destroyed that the
// latest fresh read, the policy or the operator speaks for.
#include "scene.hpp"

#include <doctest/doctest.h>

#include <random>

namespace vastwatch::engine::testing {
namespace {

class Chaos : public Scene {
  public:
    explicit Chaos(unsigned seed) : Scene(make_policy()), random_(seed) {
        for (int id = 1; id <= 24; ++id) {
            rent(id, label(), 0.5 * (1 + pick(8)));
            mood(id);
        }
        at_send = [this](const RequestOrder& order) { judge(order); };
        before_read = [this](const VerifyOrder& order) {
            for (const auto id : order.ids) {
                const int number = static_cast<int>(id.value());
                if (chance(25) && exists(number)) {
                    mood(number);
                }
            }
        };
    }

    void live(Duration span) {
        const auto until = time() + span;
        while (time() < until) {
            happen();
            run_for(std::chrono::seconds{20 + pick(400)});
        }
    }

    int judged = 0;

  private:
    static policy::Policy make_policy() {
        auto policy = idle_policy();
        auto& team = ml_of(policy);
        team.rules.idle_for = 30min;
        team.rules.idle_warning = 5min;
        team.rules.protect = {"*-keep"};
        team.protected_ids = {InstanceId{3}, InstanceId{7}};
        team.caps.daily = usd(260);
        policy.teams[1].rules.idle_action = Action::stop;
        policy.teams[1].rules.idle_for = 20min;
        policy.teams[1].rules.idle_warning = 0s;
        policy.teams[1].max_dph = dph(3.9);
        policy.teams[1].rules.violation_action = Action::stop;
        return policy;
    }

    int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

    bool chance(int percent) { return pick(100) < percent; }

    std::string label() {
        static const std::vector<std::string> labels{
            "ml/a", "ml/b", "ml/c", "ml/d-keep", "web/a", "web/b", "", "ml:12:web", "stranger"};
        return labels[static_cast<std::size_t>(pick(static_cast<int>(labels.size())))];
    }

    void mood(int id) {
        auto& machine = this->machine(id);
        machine.frozen = chance(3);
        switch (pick(12)) {
            case 0:
                machine.busy();
                break;
            case 1:
                machine.row.telemetry.gpu_util = std::nullopt;
                break;
            case 2:
                machine.row.telemetry.gpu_temp = 0;
                break;
            case 3:
                machine.row.telemetry.gpu_util = -1;
                break;
            case 4:
                machine.offline();
                break;
            case 5:
                machine.stopped();
                break;
            case 6:
                machine.labelled(label());
                break;
            case 7:
                machine.busy(5.0);
                break;
            default:
                machine.idle();
                break;
        }
    }

    void happen() {
        for (int id = 1; id <= 24; ++id) {
            if (exists(id) && chance(4)) {
                mood(id);
            }
        }
        blind = chance(blind ? 60 : 4);
        disk_full = chance(disk_full ? 50 : 3);
        notifiers_down = chance(notifiers_down ? 80 : 5);
        verify_fails = chance(10);
        takes_effect = chance(85);
        switch (pick(40)) {
            case 0:
                pause(chance(50) ? std::optional<Duration>(20min) : std::nullopt);
                break;
            case 1:
            case 2:
                resume();
                break;
            case 3:
                restart(std::chrono::seconds{pick(600)});
                break;
            case 4:
                protect(1 + pick(24), 1h);
                break;
            case 5:
                unprotect(1 + pick(24));
                break;
            case 6:
                switch_mode();
                break;
            case 7:
                approve();
                break;
            case 8:
                crash_before_send = true;
                break;
            case 9:
                step_wall_clock(std::chrono::minutes{pick(30)});
                break;
            case 10:
                rent_now(100 + pick(30), label(), 1.0).idle();
                break;
            default:
                break;
        }
    }

    void switch_mode() {
        auto changed = policy();
        changed.enforcement.enforce = !changed.enforcement.enforce;
        reload(changed);
    }

    void judge(const RequestOrder& order) {
        // By the clock that nobody can set.
        CHECK(now().mono - last_sweep.mono <= policy().enforcement.max_staleness);
        CHECK_FALSE(disk_full);
        for (const auto id : order.ids) {
            ++judged;
            CAPTURE(id.value());
            const auto item = open_case(static_cast<int>(id.value()));
            REQUIRE(item);
            CHECK(item->action == order.action);
            const auto read = reads.find(id);
            REQUIRE(read != reads.end());
            CHECK(time() - read->second.first <= 20s);
            judge_row(read->second.second, *item);
        }
    }

    void judge_row(const fleet::Observation& row, const enforcement::Case& item) {
        CHECK(row.label == item.label);
        CHECK(row.start_date == item.start_date);
        CHECK(item.team != policy::unassigned());
        CHECK((item.cap || !fleet::is_serverless_worker(row)));
        CHECK(row.id != InstanceId{3});
        CHECK(row.id != InstanceId{7});
        const auto view = this->view();
        for (const auto& protection : view->protections) {
            CHECK(protection.instance != row.id);
        }
        const bool only_idle =
            item.reasons.size() == 1 && item.reasons.front().rule == rules::Rule::idle;
        if (only_idle) {
            CHECK(fleet::is_running(row));
            REQUIRE(row.telemetry.gpu_util);
            CHECK(*row.telemetry.gpu_util >= 0);
            CHECK(*row.telemetry.gpu_util < 5);
            REQUIRE(row.telemetry.gpu_temp);
            CHECK(*row.telemetry.gpu_temp > 0);
            CHECK_FALSE((item.team == ml && row.label.ends_with("-keep")));
        }
    }

    std::minstd_rand random_;
};

TEST_CASE("no order ever goes against the fresh read, the policy or the operator") {
    int judged = 0;
    for (unsigned seed = 1; seed <= 12; ++seed) {
        CAPTURE(seed);
        Chaos chaos{seed};
        chaos.live(12h);
        judged += chaos.judged;
    }
    CHECK(judged > 50);  // else the story proves nothing
}

TEST_CASE("the same events give the same effects") {
    Chaos one{7};
    Chaos two{7};
    one.live(8h);
    two.live(8h);
    REQUIRE(one.sent.size() == two.sent.size());
    for (std::size_t i = 0; i < one.sent.size(); ++i) {
        CHECK(one.sent[i].at == two.sent[i].at);
        CHECK(one.sent[i].order.ids == two.sent[i].order.ids);
    }
    CHECK(one.told == two.told);
}

}  // namespace
}  // namespace vastwatch::engine::testing
