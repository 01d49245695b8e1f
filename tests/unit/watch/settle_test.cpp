// How steps become durable, and what leaves when they do or do not.
#include "support.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace vastwatch;
using namespace vastwatch::watch::testing;

using Details = std::vector<std::string>;

TEST_CASE("a request leaves when the state and then the audit log have its step") {
    Bench bench;
    bench.store.gate.close();
    bench.audit.gate.close();
    const auto done = bench.settle(decision(7));
    bench.clock.advance(1s);
    CHECK_FALSE(bench.store.kept.load().audit);
    bench.store.gate.open();
    bench.clock.advance(1s);
    CHECK(bench.store.kept.load().audit);
    CHECK(bench.orders.requests.empty());
    CHECK_FALSE(*done);
    bench.audit.gate.open();
    bench.clock.advance(1s);
    CHECK(bench.audit.details() == Details{"intended 7"});
    CHECK(bench.orders.requests.size() == 1);
    CHECK(*done);
}

TEST_CASE("a commit that fails late is not written over what came after it") {
    Bench bench;
    bench.store.gate.close();
    bench.pause("first");
    bench.pause("second");
    bench.store.gate.fail_once("input/output error");
    bench.store.gate.open();
    bench.clock.advance(1s);
    CHECK(bench.pause_reason() == "second");
    bench.pause("third");
    CHECK(bench.pause_reason() == "third");
}

TEST_CASE("what a step that failed said of the past is in the audit log later, its intents never") {
    for (const bool of_store : {true, false}) {
        CAPTURE(of_store);
        Bench bench;
        (of_store ? bench.store.gate : bench.audit.gate).fail_once("no space left on device");
        auto effects = decision(7);
        effects.audit.push_back(remark("before").audit.front());
        bench.settle(std::move(effects));
        CHECK(bench.orders.requests.empty());
        CHECK(bench.audit.kept.empty());
        CHECK(bench.log.count("state_unwritable") == 1);
        bench.settle(remark("after"));
        CHECK(bench.audit.details() == Details{"before", "after"});
        CHECK(bench.log.count("state_writable") == 1);
    }
}

TEST_CASE("records are in the store before they are on their way to the audit log") {
    Bench bench;
    bench.audit.gate.close();
    bench.settle(remark("one"));
    const auto noted = bench.store.kept.load().audit;
    REQUIRE(noted);
    CHECK(noted->front().detail == "one");
}

TEST_CASE("records that an earlier process could not append are appended at the start") {
    engine::Changes stored;
    stored.audit = remark("of the process before").audit;
    Bench bench{std::move(stored)};
    bench.run(bench.core->decide_loop());
    CHECK(bench.audit.details() == Details{"of the process before"});
    bench.settle(remark("of this one"));
    CHECK(bench.audit.details() == Details{"of the process before", "of this one"});
}

TEST_CASE("a disk that does not answer is told after ten seconds, and nothing destructive leaves") {
    Bench bench;
    bench.store.gate.close();
    const auto done = bench.settle(decision(7));
    bench.clock.advance(9s);
    CHECK_FALSE(*done);
    CHECK(bench.health().store_writable);
    bench.clock.advance(1s);
    CHECK(*done);
    CHECK(bench.orders.requests.empty());
    CHECK(bench.log.count("state_unwritable") == 1);
    CHECK_FALSE(bench.health().store_writable);
    CHECK_FALSE(bench.health().ready);
    CHECK(bench.health().not_ready_because.back().find("does not answer") != std::string::npos);
    const auto due = bench.core->engine().due_delivery(ops, bench.core->now());
    REQUIRE(due);
    CHECK(due->alert.kind == alerts::Kind::state_unwritable);
}

TEST_CASE("while the disk does not answer nobody waits for it, and reads and polls go on") {
    Bench bench;
    bench.store.gate.close();
    bench.settle(remark("one"));
    bench.clock.advance(10s);
    auto effects = decision(7);
    engine::VerifyOrder read;
    read.account = main_account;
    effects.verify.push_back(read);
    effects.poll_soon.push_back(main_account);
    CHECK(*bench.settle(std::move(effects)));
    CHECK(bench.orders.requests.empty());
    CHECK(bench.orders.reads.size() == 1);
    CHECK(bench.orders.polls == 1);
    CHECK(bench.log.count("state_unwritable") == 1);
}

TEST_CASE("when the disk answers again everything is written, once and in order") {
    for (const bool fails : {false, true}) {
        CAPTURE(fails);
        Bench bench;
        bench.store.gate.close();
        bench.settle(remark("one"));
        bench.settle(remark("two"));
        bench.clock.advance(11s);
        bench.settle(remark("three"));
        bench.pause("meanwhile");
        if (fails) {
            bench.store.gate.fail_once("input/output error");
        }
        bench.store.gate.open();
        bench.clock.advance(1s);
        CHECK(bench.audit.details() == Details{"one", "two", "three", "without an end: meanwhile"});
        CHECK(bench.pause_reason() == "meanwhile");
        CHECK(bench.health().store_writable);
        CHECK(bench.log.count("state_writable") == 1);
    }
}

TEST_CASE("a request whose step became durable too late does not leave, nor its intent be said") {
    Bench bench;
    bench.store.gate.close();
    bench.settle(decision(7));
    bench.clock.advance(11s);
    bench.store.gate.open();
    bench.clock.advance(1s);
    CHECK(bench.orders.requests.empty());
    CHECK(bench.audit.kept.empty());
}

TEST_CASE("the watchdog's count stands still while the disk does not answer, and goes on after") {
    Bench bench;
    bench.run(bench.core->decide_loop());
    bench.store.gate.close();
    bench.settle(remark("one"));
    bench.clock.advance(10s);
    const auto stuck = bench.core->progress();
    bench.clock.advance(5min);
    CHECK(bench.core->progress() == stuck);
    bench.store.gate.open();
    bench.clock.advance(30s);
    CHECK(bench.core->progress() > stuck);
}

TEST_CASE("the request of somebody who is cancelled does not leave, but the step is written") {
    Bench bench;
    bench.store.gate.close();
    const auto cancel = bench.run_until_cancelled(bench.core->settle(decision(7, "verified")));
    cancel();
    bench.store.gate.open();
    bench.clock.advance(1s);
    CHECK(bench.orders.requests.empty());
    CHECK(bench.audit.details() == Details{"verified 7"});
}

TEST_CASE("the end waits for the disk a second and a half, and says what it could not write") {
    Bench bench;
    bench.store.gate.close();
    bench.settle(remark("one"));
    const auto done = bench.run(bench.core->flush());
    bench.clock.advance(1400ms);
    CHECK_FALSE(*done);
    bench.clock.advance(200ms);
    CHECK(*done);
    CHECK(bench.log.count("state_unwritable") >= 1);
}

TEST_CASE("the end writes what is still to be written") {
    Bench bench;
    bench.audit.gate.fail_once("no space left on device");
    bench.settle(remark("one"));
    bench.run(bench.core->flush());
    CHECK(bench.audit.details() == Details{"one"});
}
