#include "watch/journal.hpp"

#include "runtime/memory_log.hpp"

#include <doctest/doctest.h>

namespace {

using namespace vastwatch;

engine::AuditRecord record_of(const char* outcome) {
    engine::AuditRecord record;
    record.action = "destroy";
    record.outcome = outcome;
    record.account = AccountName{"main"};
    record.team = TeamName{"research"};
    record.instance = InstanceId{312};
    record.label = "research/llama";
    record.reasons = {"idle: 0% for 2h"};
    return record;
}

}  // namespace

TEST_CASE("journal: an action tells whom it is about in fields") {
    runtime::MemoryLog log;
    watch::log_actions(log, {record_of("confirmed")});
    const auto* entry = log.last("action");
    REQUIRE(entry != nullptr);
    CHECK(entry->value("action") == "destroy");
    CHECK(entry->value("outcome") == "confirmed");
    CHECK(entry->value("instance") == "312");
    CHECK(entry->value("team") == "research");
    CHECK(entry->value("account") == "main");
    CHECK(entry->value("actor") == "vastwatchd");
    CHECK(entry->message == "destroy of instance 312 (research/llama): confirmed; idle: 0% for 2h");
}

TEST_CASE("journal: what failed is a warning, a step on the way is not for everybody") {
    runtime::MemoryLog log;
    watch::log_actions(log, {record_of("verified")});
    CHECK(log.last("action")->level == runtime::Level::info);
    watch::log_actions(log, {record_of("failed")});
    CHECK(log.last("action")->level == runtime::Level::warning);
    watch::log_actions(log, {record_of("confirmed")});
    CHECK(log.last("action")->level == runtime::Level::notice);
}

TEST_CASE("journal: what is about no instance is told as a command, not as an action") {
    runtime::MemoryLog log;
    auto record = record_of("done");
    record.instance.reset();
    watch::log_actions(log, {record});
    CHECK(log.count("action") == 0);
}
