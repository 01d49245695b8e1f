// Accounts that come, go and change their names with the configuration.
#include "scene.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

namespace vastwatch::engine::testing {
namespace {

const AccountName other_account{"other"};

policy::Policy with_accounts(policy::Policy policy, const std::vector<AccountName>& names) {
    const auto sample = policy.accounts.front();
    policy.accounts.clear();
    for (const auto& name : names) {
        policy.accounts.push_back(sample);
        policy.accounts.back().name = name;
    }
    return policy;
}

const std::vector<AccountName> both{main_account, other_account};

/// The key of the account in which instances 1 and 2 are is now that of an account of another name.
void rename(Scene& scene) {
    scene.machine(1).of_account(other_account);
    scene.machine(2).of_account(other_account);
}

TEST_CASE("instances of an account that a reload gave another name are acted upon under it") {
    IdleScene scene;
    scene.run_until(at("08:30"));
    rename(scene);
    scene.reload(with_accounts(idle_policy(), {other_account}));
    scene.run_until(at("09:00"));
    CHECK(scene.seen(1).instance->account == other_account);
    scene.run_until(at("12:00"));
    CHECK(scene.sent_at(1));
    CHECK_FALSE(scene.sent_at(2));
}

TEST_CASE("instances of an account that has another name after a restart are acted upon under it") {
    IdleScene scene;
    scene.run_until(at("08:30"));
    rename(scene);
    scene.restart_with(with_accounts(idle_policy(), {other_account}), 1min);
    scene.run_until(at("09:00"));
    CHECK(scene.seen(1).instance->account == other_account);
    scene.run_until(at("12:00"));
    CHECK(scene.sent_at(1));
}

TEST_CASE("instances of an account with another name go on costing without a gap, once") {
    IdleScene scene;
    scene.machine(1).busy();
    scene.run_until(at("08:30"));
    const auto before = scene.spend(ml);
    rename(scene);
    scene.reload(with_accounts(idle_policy(), {other_account}));
    scene.run_until(at("09:30"));
    const Usd more = scene.spend(ml) - before - usd(4);
    CHECK(std::abs(more.nanos()) <= 4);  // each part is rounded
}

TEST_CASE("what a removed account has costs nothing after its last listing") {
    for (const bool restarted : {false, true}) {
        CAPTURE(restarted);
        IdleScene scene{with_accounts(idle_policy(), both)};
        scene.rent(11).busy().of_account(other_account);
        scene.run_until(at("08:30"));
        const auto three = scene.spend(ml);
        if (restarted) {
            scene.restart_with(idle_policy());
        } else {
            scene.reload(idle_policy());
        }
        scene.run_until(at("09:30"));
        CHECK(scene.spend(ml) - three <= usd(4.2));
        CHECK(scene.view()->instances.size() == 2);
    }
}

TEST_CASE("nobody is told of an account that was configured for a moment") {
    IdleScene scene;
    scene.run_until(at("08:10"));
    scene.blind_account = other_account;
    scene.reload(with_accounts(idle_policy(), both));
    scene.run_for(1min);
    scene.reload(idle_policy());
    scene.run_until(at("12:00"));
    CHECK(scene.count(alerts::Kind::api_unreachable) == 0);
}

TEST_CASE("nobody is told of an account that was taken out before the start") {
    IdleScene scene{with_accounts(idle_policy(), both)};
    scene.run_until(at("08:30"));
    scene.restart_with(idle_policy(), 1min);
    scene.run_until(at("12:00"));
    CHECK(scene.count(alerts::Kind::api_unreachable) == 0);
}

TEST_CASE("what is still answered for an account that was taken out changes nothing") {
    IdleScene scene{with_accounts(idle_policy(), both)};
    scene.run_until(at("08:30"));
    scene.reload(idle_policy());
    MoneyRead money;
    money.account = other_account;
    money.credit = usd(1);
    scene.settle(scene.engine().on_money(money, scene.now()));
    scene.settle(scene.engine().on_charges_complete(other_account, scene.now()));
    scene.run_until(at("12:00"));
    CHECK(scene.count(alerts::Kind::api_unreachable) == 0);
    CHECK(scene.view()->accounts.size() == 1);
}

TEST_CASE("an alert about an account ends when the account is taken out") {
    IdleScene scene{with_accounts(idle_policy(), both)};
    scene.blind_account = other_account;
    scene.run_until(at("08:30"));
    REQUIRE(scene.count(alerts::Kind::api_unreachable) == 1);
    scene.reload(idle_policy());
    CHECK(scene.count(alerts::Kind::api_unreachable, true) == 1);
}

TEST_CASE("an account that was taken out and put back is not filled from charges again") {
    IdleScene scene{with_accounts(idle_policy(), both)};
    scene.run_until(at("08:30"));
    BackfillRead read;
    read.account = other_account;
    for (const auto& range : scene.engine().backfills(other_account, scene.now())) {
        read.parts.push_back({range, {}});
    }
    REQUIRE_FALSE(read.parts.empty());
    scene.settle(scene.engine().on_backfill(read, scene.now()));
    scene.reload(idle_policy());
    scene.run_for(10min);
    scene.reload(with_accounts(idle_policy(), both));
    scene.run_for(10min);
    CHECK(scene.engine().backfills(other_account, scene.now()).empty());
}

}  // namespace
}  // namespace vastwatch::engine::testing
