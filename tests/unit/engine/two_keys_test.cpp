// Two keys of one Vast.ai account see the same contracts and the same charges: these are spend once
// (spec section 4), whichever key reads them first.
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

/// Instance 7 costs $1/h and is listed by both keys.
class TwoKeys : public Scene {
  public:
    TwoKeys() : Scene(two_keys()) { rent(7, "ml/x", 1); }

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

    void read_backfill(const AccountName& key, double gpu) {
        BackfillRead read;
        read.account = key;
        for (const auto& range : engine().backfills(key, now())) {
            BackfillRead::Part part;
            part.range = range;
            part.rows.push_back(row_of(gpu));
            read.parts.push_back(part);
        }
        settle(engine().on_backfill(read, now()));
    }

  private:
    static ChargeRow row_of(double gpu) {
        ChargeRow row;
        row.source = "instance-7";
        row.instance = InstanceId{7};
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

TEST_CASE("an instance whose account is configured no more is charged to the key that is left") {
    TwoKeys scene;
    scene.poll_with(main_account);
    auto policy = two_keys();
    policy.accounts.erase(policy.accounts.begin());
    scene.reload(policy);
    scene.read_charges(second_key, "2026-11-20", 8);
    CHECK(scene.spend(ml, Window::month) == usd(8) + scene.spend(ml));
}

}  // namespace
}  // namespace vastwatch::engine::testing
