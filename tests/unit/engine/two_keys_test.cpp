// Two keys of one Vast.ai account, or two names for one key, see the same contracts and the same
// charges: these are spend once (spec section 4), whichever reads them first.
#include "scene.hpp"

#include <doctest/doctest.h>

namespace vastwatch::engine::testing {
namespace {

using policy::Window;

const AccountName second_key{"second"};

policy::Policy two_keys() {
    auto policy = cap_policy(1000);
    auto other = policy.accounts.front();
    other.name = second_key;
    policy.accounts.push_back(other);
    return policy;
}

/// The same, and one of them alone.
policy::Policy one_key(const AccountName& name) {
    auto policy = two_keys();
    std::erase_if(policy.accounts, [&](const auto& account) { return account.name != name; });
    return policy;
}

policy::Policy since_august(policy::Policy policy) {
    ml_of(policy).since = std::chrono::year{2026} / 8 / 1;
    ml_of(policy).caps.lifetime = usd(100'000);
    return policy;
}

/// Instance 7 costs $1/h and is listed by both keys.
class TwoKeys : public Scene {
  public:
    explicit TwoKeys(policy::Policy policy = two_keys(), Instant start = at("08:00"))
        : Scene(std::move(policy), start) {
        rent(7, "ml/x", 1);
    }

    void poll_with(const AccountName& key) {
        machine(7).of_account(key);
        poll(key);
    }

    void read_charges(const AccountName& key, std::string_view day, double gpu) {
        ChargesRead read;
        read.account = key;
        read.day = parse_rfc3339(std::string{day} + "T00:00:00Z").value();
        read.rows.push_back(row_of(gpu));
        settle(engine().on_charges(read, now()));
    }

    /// That much in each range, of an instance.
    void read_backfill(const AccountName& key, double gpu, int id = 7) {
        BackfillRead read;
        read.account = key;
        for (const auto& range : engine().backfills(key, now())) {
            BackfillRead::Part part;
            part.range = range;
            part.rows.push_back(row_of(gpu, id));
            read.parts.push_back(part);
        }
        settle(engine().on_backfill(read, now()));
    }

  private:
    static ChargeRow row_of(double gpu, int id = 7) {
        ChargeRow row;
        row.source = "instance-" + std::to_string(id);
        row.instance = InstanceId{id};
        row.label = "ml/x";
        row.amounts.gpu = usd(gpu);
        return row;
    }
};

TEST_CASE("what two keys are charged for one instance counts once") {
    TwoKeys scene;
    scene.poll_with(main_account);
    scene.poll_with(second_key);
    scene.read_charges(main_account, "2026-11-21", 8);
    scene.read_charges(second_key, "2026-11-21", 8);
    CHECK(scene.spend(ml) == usd(8));
}

TEST_CASE("what a second key was charged before any listing is taken back after it") {
    TwoKeys scene;
    scene.read_charges(main_account, "2026-11-21", 8);
    scene.read_charges(second_key, "2026-11-21", 8);
    scene.poll_with(main_account);
    scene.poll_with(second_key);
    scene.read_charges(second_key, "2026-11-21", 8);
    CHECK(scene.spend(ml) == usd(8));
}

TEST_CASE("charges of an instance that is gone count for the key that had listed it alone") {
    TwoKeys scene;
    scene.poll_with(main_account);
    scene.poll_with(second_key);
    scene.vanish(7);
    scene.run_for(5min);
    scene.read_charges(main_account, "2026-11-20", 8);
    scene.read_charges(second_key, "2026-11-20", 8);
    CHECK(scene.spend(ml, Window::month) == usd(8) + scene.spend(ml));
}

TEST_CASE("what two keys were charged before the ledger began counts once") {
    TwoKeys scene;
    scene.poll_with(main_account);
    scene.poll_with(second_key);
    scene.read_backfill(main_account, 10);
    scene.read_backfill(second_key, 10);
    CHECK(scene.spend(ml, Window::month) == usd(10));
}

TEST_CASE("the past counts once for two keys though both were charged for today before") {
    TwoKeys scene;
    scene.read_charges(main_account, "2026-11-21", 8);
    scene.read_charges(second_key, "2026-11-21", 8);
    scene.poll_with(main_account);
    scene.poll_with(second_key);
    scene.read_backfill(main_account, 10);
    scene.read_backfill(second_key, 10);
    scene.read_charges(second_key, "2026-11-21", 8);
    CHECK(scene.spend(ml, Window::month) == usd(18));
}

TEST_CASE("what an instance cost that no listing shows any more counts once for two keys") {
    TwoKeys scene;
    scene.poll_with(main_account);
    scene.poll_with(second_key);
    scene.read_charges(second_key, "2026-11-21", 8);
    scene.read_backfill(main_account, 10, 99);
    scene.read_backfill(second_key, 10, 99);
    CHECK(scene.spend(ml, Window::month) == usd(10));
}

TEST_CASE("the past of an account counts once though it was given another name") {
    TwoKeys scene{one_key(main_account)};
    scene.poll_with(main_account);
    scene.read_backfill(main_account, 10);
    scene.run_for(1h);
    scene.reload(one_key(second_key));
    scene.poll_with(second_key);
    scene.read_backfill(second_key, 10);
    CHECK(scene.spend(ml, Window::month) == usd(11));
}

TEST_CASE(
    "a since that comes when an account has another name brings what was not counted before") {
    TwoKeys scene{one_key(main_account)};
    scene.poll_with(main_account);
    scene.read_backfill(main_account, 10);
    scene.run_for(1h);
    scene.reload(since_august(one_key(second_key)));
    scene.poll_with(second_key);
    scene.read_backfill(second_key, 10);  // of August, September, October and November
    CHECK(scene.spend(ml, Window::lifetime) == usd(41));
    CHECK(scene.spend(ml, Window::month) == usd(11));
}

TEST_CASE("days between two names of an account are read from charges") {
    const auto slow = [](const AccountName& name) {
        auto policy = one_key(main_account);
        policy.accounts.front().name = name;
        policy.accounts.front().poll_interval = 1h;
        return policy;
    };
    TwoKeys scene{slow(main_account), at("08:00") - 24h * 16};
    scene.poll_with(main_account);
    scene.read_backfill(main_account, 10);
    scene.run_for(24h * 3);
    scene.reload(slow(AccountName{"elsewhere"}));
    scene.vanish(7);
    scene.run_for(24h * 9);
    const auto before = scene.spend(ml, Window::month);
    scene.reload(slow(second_key));
    scene.poll(second_key);
    const auto ranges = scene.engine().backfills(second_key, scene.now());
    REQUIRE(ranges.size() == 2);
    CHECK(ranges.back().first_day == parse_rfc3339("2026-11-09T00:00:00Z").value());
    CHECK(ranges.back().last_day == parse_rfc3339("2026-11-15T00:00:00Z").value());
    scene.read_backfill(second_key, 5);
    CHECK(scene.spend(ml, Window::month) == before + usd(5));
}

TEST_CASE("an instance whose account is configured no more is charged to the key that is left") {
    TwoKeys scene;
    scene.poll_with(main_account);
    scene.reload(one_key(second_key));
    scene.read_charges(second_key, "2026-11-20", 8);
    CHECK(scene.spend(ml, Window::month) == usd(8) + scene.spend(ml));
}

}  // namespace
}  // namespace vastwatch::engine::testing
