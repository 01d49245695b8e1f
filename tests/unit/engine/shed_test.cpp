// Spec section 6: cap_strategy "shed" takes the least missed ahead of the cap, and no more than
// that.
#include "scene.hpp"

#include <doctest/doctest.h>

namespace vastwatch::engine::testing {
namespace {

policy::Policy shed_policy(double cap) {
    auto policy = cap_policy(cap);
    ml_of(policy).rules.cap_strategy = policy::CapStrategy::shed;
    return policy;
}

TEST_CASE("nothing is shed while the projection fits") {
    Scene scene{shed_policy(100)};  // sixteen hours at $6 are $96
    for (const int id : {1, 2, 3}) {
        scene.rent(id);
    }
    scene.run_until(at("20:00"));
    CHECK(scene.sent.empty());
}

TEST_CASE("only as much is shed as it takes for the projection to fit") {
    Scene scene{shed_policy(70)};  // $4 an hour fit, $6 do not
    for (const int id : {1, 2, 3}) {
        scene.rent(id);
    }
    scene.run_until(at("08:10"));
    CHECK(scene.sent.size() == 1);
    CHECK(scene.view()->instances.size() <= 3);
    scene.run_until(at("23:50"));
    std::size_t gone = 0;
    for (const int id : {1, 2, 3}) {
        gone += scene.sent_at(id) ? 1U : 0U;
    }
    CHECK(gone == 1);
}

TEST_CASE("nothing more is shed while what was shed is being unloaded") {
    Scene scene{shed_policy(70)};
    scene.unload_takes = 30s;
    for (const int id : {1, 2, 3}) {
        scene.rent(id);
    }
    scene.run_until(at("23:50"));
    CHECK(scene.sent.size() == 1);
    CHECK(scene.exists(2));
    CHECK(scene.exists(3));
}

TEST_CASE("nothing is shed while the idle one that is enough is being unloaded") {
    auto policy = shed_policy(70);
    ml_of(policy).rules.idle_action = Action::destroy;
    Scene scene{policy};
    scene.unload_takes = 30s;
    scene.rent(1).idle();
    scene.rent(2);
    scene.rent(3);
    scene.run_until(at("10:10"));
    REQUIRE(scene.sent_at(1));
    CHECK_FALSE(scene.sent_at(2));
    CHECK_FALSE(scene.sent_at(3));
}

TEST_CASE("nothing is shed for what an empty listing does not show any more") {
    auto policy = shed_policy(250);  // of 16 hours at $18
    auto other = policy.accounts.front();
    other.name = AccountName{"other"};
    policy.accounts.push_back(other);
    Scene scene{policy};
    for (const int id : {1, 2, 3, 4}) {
        scene.rent(id);
    }
    for (const int id : {11, 12, 13, 14, 15}) {
        scene.rent(id).of_account(other.name).begun(at("07:00"));
    }
    scene.before_read = [&](const VerifyOrder&) {
        for (const int id : {11, 12, 13, 14, 15}) {
            scene.vanish(id);
        }
    };
    scene.run_until(at("08:20"));
    for (const int id : {1, 2, 3, 4}) {
        CHECK_FALSE(scene.sent_at(id));
    }
}

TEST_CASE("the idle go first, then the newest") {
    Scene scene{shed_policy(80)};  // of $8 an hour $4 fit for a while
    scene.rent(1).idle();
    scene.rent(2).begun(at("07:00"));
    scene.rent(3).begun(at("03:00"));
    scene.rent(4).begun(at("05:00"));
    scene.run_until(at("08:20"));
    CHECK(scene.sent_at(1));
    CHECK(scene.sent_at(2));
    CHECK_FALSE(scene.sent_at(3));
    CHECK_FALSE(scene.sent_at(4));
}

TEST_CASE("of equal age the dearest goes first") {
    Scene scene{shed_policy(70)};
    scene.rent(1, "ml/x", 1.0).begun(at("03:00"));
    scene.rent(2, "ml/x", 4.0).begun(at("03:00"));
    scene.rent(3, "ml/x", 1.0).begun(at("03:00"));
    scene.run_until(at("08:20"));
    CHECK(scene.sent_at(2));
    CHECK_FALSE(scene.sent_at(1));
    CHECK_FALSE(scene.sent_at(3));
}

TEST_CASE("protected instances are not shed") {
    auto policy = shed_policy(70);
    ml_of(policy).protected_ids = {InstanceId{2}};
    Scene scene{policy};
    scene.rent(1).begun(at("03:00"));
    scene.rent(2).begun(at("07:00"));
    scene.rent(3).begun(at("05:00"));
    scene.run_until(at("08:20"));
    CHECK_FALSE(scene.sent_at(2));
    CHECK(scene.sent_at(3));
}

TEST_CASE("everything goes if the cap is reached all the same") {
    Scene scene{shed_policy(70)};
    for (const int id : {1, 2, 3}) {
        scene.rent(id);
    }
    scene.run_until(at("12:00"));
    scene.charge(1, 9.0, 70.0);
    scene.run_for(10s);
    for (const int id : {1, 2, 3}) {
        CHECK_FALSE(scene.exists(id));
    }
}

TEST_CASE("shedding by stopping leaves alone what is stopped") {
    auto policy = cap_policy(30);
    ml_of(policy).rules.cap_strategy = policy::CapStrategy::shed;
    ml_of(policy).rules.cap_action = Action::stop;
    Scene scene{policy};
    for (int id = 1; id <= 4; ++id) {
        scene.rent(id).costs(2, 0.5);
    }
    scene.run_until(at("12:00"));
    for (int id = 1; id <= 4; ++id) {
        CAPTURE(id);
        CHECK(scene.times_sent(id) <= 1);
    }
}

}  // namespace
}  // namespace vastwatch::engine::testing
