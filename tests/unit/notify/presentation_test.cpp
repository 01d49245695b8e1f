#include "notify/presentation.hpp"

#include "base/text.hpp"
#include "support.hpp"

#include <doctest/doctest.h>

namespace vastwatch::notify {
namespace {

std::string doubled(std::string_view text) {
    return std::string{text} + std::string{text};
}

std::string same(std::string_view text) {
    return std::string{text};
}

std::string value_of(const std::vector<Fact>& list, std::string_view name) {
    for (const auto& fact : list) {
        if (fact.name == name) {
            return fact.value;
        }
    }
    return "(none)";
}

}  // namespace

TEST_CASE("the headline says when it is over and when it is only a dry run") {
    auto alert = testing::sample_alert();
    CHECK(headline(alert) == "ml-research has spent 80% of its daily cap");
    alert.dry_run = true;
    CHECK(headline(alert) == "[dry run] ml-research has spent 80% of its daily cap");
    alert.resolved = true;
    CHECK(headline(alert) == "[resolved] [dry run] ml-research has spent 80% of its daily cap");
}

TEST_CASE("the key figures carry their units and the zone") {
    const auto list = facts(testing::sample_alert(), testing::berlin());
    CHECK(value_of(list, "Team") == "ml-research");
    CHECK(value_of(list, "Window") == "day, since 2026-11-21 01:00:00 CET");
    CHECK(value_of(list, "Spend") == "$160.02 (80.0% of the cap)");
    CHECK(value_of(list, "Cap") == "$200.00");
    CHECK(value_of(list, "Burn rate") == "$12.4000/h");
    CHECK(value_of(list, "Projected crossing") == "2026-11-21 23:17:31 CET");
}

TEST_CASE("what an alert does not know is not among its figures") {
    alerts::Alert alert;
    const auto list = facts(alert, Calendar{});
    REQUIRE(list.size() == 1);
    CHECK(list[0].name == "Time");
}

TEST_CASE("a spend without a cap is shown without a share") {
    auto alert = testing::sample_alert();
    alert.cap.reset();
    CHECK(value_of(facts(alert, Calendar{}), "Spend") == "$160.02");
}

TEST_CASE("an instance of which little is known shows dashes") {
    auto alert = testing::sample_alert();
    alert.instances[0] = alerts::AlertInstance{};
    const auto rows = instance_rows(alert, 10);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].label == "–");
    CHECK(rows[0].gpu == "–");
    CHECK(rows[0].idle == "–");
    CHECK(rows[0].action == "–");
}

TEST_CASE("instances that are not shown are counted") {
    auto alert = testing::sample_alert();
    CHECK(omission(alert, 1).empty());
    alert.instances.resize(3);
    alert.instances_omitted = 40;
    CHECK(omission(alert, 2) == "and 41 more");
}

TEST_CASE("paragraphs are separated by empty lines and keep their own line breaks") {
    auto alert = testing::sample_alert();
    alert.text = "one\ntwo\r\n\r\n\n\nthree\x07";
    CHECK(paragraphs(alert) == std::vector<std::string>{"one\ntwo", "three?"});
}

TEST_CASE("protecting is offered while there is something to keep") {
    auto alert = testing::sample_alert();
    const auto offers_protection = [&] {
        for (const auto& step : next_steps(alert)) {
            if (step.command == "vastwatchctl protect 312 --for 4h") {
                return true;
            }
        }
        return false;
    };
    alert.kind = alerts::Kind::idle_warning;
    CHECK(offers_protection());
    alert.resolved = true;
    CHECK(!offers_protection());
    alert.resolved = false;
    alert.kind = alerts::Kind::instance_destroyed;
    CHECK(!offers_protection());
}

TEST_CASE("a held action tells how to decide") {
    auto alert = testing::sample_alert();
    alert.kind = alerts::Kind::action_held;
    alert.instances.clear();
    std::vector<std::string> commands;
    for (const auto& step : next_steps(alert)) {
        commands.push_back(step.command);
    }
    CHECK(
        commands == std::vector<std::string>{
                        "vastwatchctl status", "vastwatchctl approve", "vastwatchctl dismiss"});
}

TEST_CASE("the instance of a condition is read from its path") {
    alerts::Alert alert;
    alert.condition = "idle/instance/312";
    CHECK(condition_instance(alert) == InstanceId{312});
    alert.condition = "instance/7/idle";
    CHECK(condition_instance(alert) == InstanceId{7});
    for (const char* other :
         {"", "idle/instance/", "idle/instance/x", "idle/instance/3x", "day/3"}) {
        alert.condition = other;
        CHECK(!condition_instance(alert));
    }
}

TEST_CASE("fitted text is escaped first and never longer than its limit") {
    CHECK(fit("abc", 6, doubled) == "aabbcc");
    CHECK(fit("abc", 5, doubled) == "aabb…");
    CHECK(fit("abc", 4, doubled) == "aa…");
    CHECK(fit("abc", 1, doubled) == "…");
    CHECK(fit("äöü", 3, same) == "äöü");
    CHECK(fit("äöüß", 3, same) == "äö…");
}

TEST_CASE("a character beyond the basic plane takes the room of two") {
    CHECK(fit("🔥🔥", 4, same) == "🔥🔥");
    CHECK(fit("🔥🔥", 3, same) == "🔥…");
}

TEST_CASE("an answer is one printable line of at most 300 bytes") {
    CHECK(short_answer(" 550 no\r\nsuch\x1b user ") == "550 no??such? user");
    std::string flames;
    for (int i = 0; i < 100; ++i) {
        flames += "🔥";
    }
    const auto answer = short_answer(flames);
    CHECK(answer.size() <= 300);
    CHECK(answer.size() > 290);
    CHECK(valid_utf8(answer) == answer);
}

}  // namespace vastwatch::notify
