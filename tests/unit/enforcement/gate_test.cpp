// Spec section 7: what keeps a due case back, and the order in which it is told.
#include "enforcement/gate.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

namespace vastwatch::enforcement {
namespace {

using namespace std::chrono_literals;

const Instant due = Instant{1000h};

Case idle_case() {
    Case item;
    item.instance = InstanceId{1};
    item.action = policy::Action::destroy;
    item.rule = rules::Rule::idle;
    item.opened = due - 1h;
    item.due = due;
    item.warned_at = due - 15min;
    item.warning_delivered_at = due - 14min - 59s;
    item.warning = AlertId{"w"};
    return item;
}

Facts good() {
    Facts facts;
    facts.data_fresh = true;
    facts.idle_warning = 15min;
    facts.warning_delivery = 2h;
    return facts;
}

TEST_CASE("a warned case proceeds at its deadline and not before") {
    CHECK(gate(idle_case(), good(), due - 1ns) == Wait::deadline);
    CHECK(gate(idle_case(), good(), due + 1s) == Wait::none);
}

TEST_CASE("each fact alone keeps a due case back") {
    const auto with = [](void (*change)(Facts&)) {
        auto facts = good();
        change(facts);
        return gate(idle_case(), facts, due + 1min);
    };
    CHECK(with([](Facts&) {}) == Wait::none);
    CHECK(with([](Facts& f) { f.data_fresh = false; }) == Wait::stale_data);
    CHECK(with([](Facts& f) { f.budget_seen = false; }) == Wait::unseen_spend);
    CHECK(with([](Facts& f) { f.sampled = false; }) == Wait::fresh_samples);
    CHECK(with([](Facts& f) { f.paused = true; }) == Wait::paused);
    CHECK(with([](Facts& f) { f.store_writable = false; }) == Wait::state_unwritable);
    CHECK(with([](Facts& f) { f.within_limit = false; }) == Wait::rate_limit);
}

TEST_CASE("a retry waits for its moment") {
    auto item = idle_case();
    item.attempts = 1;
    item.next_attempt = due + 10min;
    CHECK(gate(item, good(), due + 5min) == Wait::retry);
    CHECK(gate(item, good(), due + 10min) == Wait::none);
}

TEST_CASE("a warning given late stands its time all the same") {
    auto item = idle_case();
    item.warned_at = due - 5min;
    item.warning_delivered_at = due - 5min;
    CHECK(earliest(item, good()) == due + 10min);
    CHECK(gate(item, good(), due + 9min) != Wait::none);
    CHECK(gate(item, good(), due + 10min) == Wait::none);
}

TEST_CASE("a warning that reached nobody holds the case for warning_delivery and no longer") {
    auto item = idle_case();
    item.warning_delivered_at.reset();
    CHECK(gate(item, good(), due + 1min) == Wait::warning);
    CHECK(gate(item, good(), due + 2h - 1s) == Wait::warning);
    CHECK(gate(item, good(), due + 2h + 1s) == Wait::none);
}

TEST_CASE("a cap needs no warning that stood its time") {
    auto item = idle_case();
    item.rule = rules::Rule::daily_cap;
    item.cap = true;
    item.warned_at.reset();
    item.warning_delivered_at.reset();
    item.warning = AlertId{};
    CHECK(gate(item, good(), due) == Wait::none);
    CHECK_FALSE(owes_warning(item, good(), due));
}

TEST_CASE("a warning is owed from idle_warning before the deadline on, once") {
    auto item = idle_case();
    item.warned_at.reset();
    item.warning_delivered_at.reset();
    item.warning = AlertId{};
    CHECK_FALSE(owes_warning(item, good(), due - 15min - 1s));
    CHECK(owes_warning(item, good(), due - 15min));
    CHECK(owes_warning(item, good(), due + 1h));
    CHECK_FALSE(owes_warning(idle_case(), good(), due - 10min));
}

TEST_CASE("without idle_warning nothing is owed and nothing waited for") {
    auto item = idle_case();
    item.warned_at.reset();
    item.warning_delivered_at.reset();
    item.warning = AlertId{};
    auto facts = good();
    facts.idle_warning = 0s;
    CHECK_FALSE(owes_warning(item, facts, due));
    CHECK(gate(item, facts, due + 1s) == Wait::none);
}

TEST_CASE("an unwarned case that owes a warning does not act") {
    auto item = idle_case();
    item.warned_at.reset();
    item.warning_delivered_at.reset();
    item.warning = AlertId{};
    CHECK(gate(item, good(), due + 1min) != Wait::none);
}

TEST_CASE("tries are spaced out further and further, within bounds") {
    CHECK(retry_pause(1) >= 30s);
    for (int attempts = 1; attempts < 50; ++attempts) {
        CHECK(retry_pause(attempts + 1) >= retry_pause(attempts));
    }
    CHECK(retry_pause(1000) <= 24h);
}

TEST_CASE("words of steps and waits read back") {
    for (const auto step :
         {Step::pending,
          Step::held,
          Step::verifying,
          Step::intended,
          Step::requested,
          Step::confirmed,
          Step::dropped,
          Step::dry_run,
          Step::vanished}) {
        CHECK(parse_step(to_string(step)) == step);
    }
    for (const auto wait :
         {Wait::none,
          Wait::deadline,
          Wait::warning,
          Wait::fresh_samples,
          Wait::stale_data,
          Wait::unseen_spend,
          Wait::paused,
          Wait::rate_limit,
          Wait::retry,
          Wait::state_unwritable}) {
        CHECK(parse_wait(to_string(wait)) == wait);
        CHECK((wait == Wait::none || !explain(wait).empty()));
    }
    CHECK_FALSE(parse_step("limbo"));
    CHECK_FALSE(parse_wait("limbo"));
    for (const auto kind : {Hold::Kind::mass_idle, Hold::Kind::reload}) {
        CHECK(parse_hold_kind(to_string(kind)) == kind);
    }
    for (const auto decision :
         {Hold::Decision::open,
          Hold::Decision::approved,
          Hold::Decision::dismissed,
          Hold::Decision::lapsed}) {
        CHECK(parse_hold_decision(to_string(decision)) == decision);
    }
}

TEST_CASE("a fresh read bears a case out for twenty seconds") {
    auto item = idle_case();
    CHECK_FALSE(freshly_read(item, due));
    item.verified_at = due;
    CHECK(freshly_read(item, due));
    CHECK(freshly_read(item, due + 20s));
    CHECK_FALSE(freshly_read(item, due + 20s + 1ns));
    // What is to come was read before the clock was set back, nobody knows how long before.
    CHECK_FALSE(freshly_read(item, due - 1ns));
}

TEST_CASE("the ends are ends and nothing else is") {
    CHECK(is_end(Step::confirmed));
    CHECK(is_end(Step::dropped));
    CHECK(is_end(Step::dry_run));
    CHECK(is_end(Step::vanished));
    CHECK_FALSE(is_end(Step::pending));
    CHECK_FALSE(is_end(Step::held));
    CHECK_FALSE(is_end(Step::verifying));
    CHECK_FALSE(is_end(Step::intended));
    CHECK_FALSE(is_end(Step::requested));
}

}  // namespace
}  // namespace vastwatch::enforcement
