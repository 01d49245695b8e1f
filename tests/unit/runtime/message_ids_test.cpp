#include "runtime/message_ids.hpp"

#include <doctest/doctest.h>

namespace {

namespace rt = vastwatch::runtime;

}  // namespace

TEST_CASE("message ids: 32 hexadecimal digits, the same for every entry of an event") {
    const auto id = rt::message_id("started", {});
    CHECK(id.size() == 32);
    CHECK(id.find_first_not_of("0123456789abcdef") == std::string_view::npos);
    CHECK(rt::message_id("started", {rt::field("account", "main")}) == id);
}

TEST_CASE("message ids: each kind of alert has its own") {
    const auto reached = rt::message_id("alert", {rt::field("kind", "cap_reached")});
    const auto low =
        rt::message_id("alert", {rt::field("team", "a"), rt::field("kind", "credit_low")});
    CHECK(reached.size() == 32);
    CHECK(low.size() == 32);
    CHECK(reached != low);
}

TEST_CASE("message ids: each outcome of an action has its own") {
    const auto due = rt::message_id("action", {rt::field("outcome", "due")});
    const auto done = rt::message_id("action", {rt::field("outcome", "confirmed")});
    CHECK(due.size() == 32);
    CHECK(due != done);
}

TEST_CASE("message ids: what nobody has named has none") {
    CHECK(rt::message_id("poll_done", {}).empty());
    CHECK(rt::message_id("alert", {}).empty());
    CHECK(rt::message_id("zzz", {}).empty());
}
