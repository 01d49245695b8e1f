#include "ctl/views.hpp"

#include "samples.hpp"

#include <boost/json/serialize.hpp>

using namespace vastwatch;
using namespace vastwatch::ctl;
using samples::contains;
using samples::joined;
using samples::object;

namespace json = boost::json;

namespace {

Lines status_of(const json::object& status, const Look& look = samples::plain()) {
    const auto alerts = object(samples::alerts);
    return status_lines(Fields{status}, Fields{alerts}, look);
}

Lines instances_of(const json::object& answer, const Look& look = samples::plain()) {
    return instances_lines(Fields{answer}, look);
}

/// Puts `text` in the place of every string in `value`.
void poison(json::value& value, std::string_view text) {
    if (auto* string = value.if_string()) {
        *string = text;
    } else if (auto* array = value.if_array()) {
        for (auto& element : *array) {
            poison(element, text);
        }
    } else if (auto* members = value.if_object()) {
        for (auto& member : *members) {
            poison(member.value(), text);
        }
    }
}

json::object poisoned(std::string_view sample) {
    json::value value = object(sample);
    poison(
        value,
        "\x1b]0;owned\x07\x1b[2J\r\n\t\xc2\x9b"
        "31m\x7f");
    return value.as_object();
}

/// Every member null.
json::object blanked(std::string_view sample, std::string_view list) {
    auto answer = object(sample);
    for (auto& element : answer.at(list).as_array()) {
        for (auto& member : element.as_object()) {
            member.value() = nullptr;
        }
    }
    return answer;
}

}  // namespace

TEST_CASE("the status answers at a glance") {
    CHECK(
        joined(status_of(object(samples::status))) ==
        "vastwatch 0.1.0 · healthy · enforcing · 2 instances · $12.40/h · "
        "2026-11-21 19:04:05 UTC\n"
        "\n"
        "Accounts\n"
        "ACCOUNT  POLLED   INST      RATE   CREDIT  RUNWAY    TODAY      CAP  USED           "
        "PROJECTED  MONTH     NEXT CAP\n"
        "main     12s ago     2  $12.40/h  $812.50  2d 17h  $160.02  $500.00  ██▌░░░░░  32%  "
        "  $221.50  $2950.10  no cap in sight\n"
        "\n"
        "Teams\n"
        "TEAM         INST  IDLE             RATE    TODAY      CAP  USED           PROJECTED  "
        "MONTH                       NEXT CAP\n"
        "ml-research     2  1 ($4.20/h)  $12.40/h  $160.02  $200.00  ██████▍░  80%    $221.50  "
        "$2950.10 (74% of $4000.00)  daily cap 22:17 UTC (in 3h 13m)\n"
        "\n"
        "Recent alerts\n"
        "WHEN       SEVERITY  ALERT                                       TOLD\n"
        "19:00 UTC  warning   ml-research has spent 80% of its daily cap  ops, chat pending\n");
}

TEST_CASE("a stale account makes the status unhealthy and says why") {
    auto status = object(samples::status);
    auto& account = status["accounts"].as_array()[0].as_object();
    account["stale"] = true;
    account["problem"] = "Vast.ai answers 503";
    const auto lines = status_of(status);
    CHECK(contains(lines, "degraded"));
    CHECK(contains(lines, "✗ Account main: its figures are from 12s ago. Vast.ai answers 503"));
}

TEST_CASE("pause, dry run and holds stand at the top of the status") {
    auto status = object(samples::status);
    status["mode"] = "dry-run";
    status["pause"] = object(
        R"({"since":"2026-11-21T18:00:00Z","until":null,"actor":"uid:1000","reason":"demo"})");
    status["holds"].as_array().push_back(object(
        R"({"id":7,"kind":"mass_idle","decision":"open","account":"main",
            "created":"2026-11-21T19:00:05Z","instances":[1,2,3],"burn_rate":33.5})"));
    const auto lines = status_of(status);
    CHECK(contains(lines, "! Paused by uid:1000 since 18:00 UTC, until `vastwatchctl resume`"));
    CHECK(contains(lines, "• Dry run"));
    CHECK(contains(
        lines,
        "! Hold 7: 3 actions of account main (too many idle at once), $33.50/h, made 4m ago. "
        "`vastwatchctl approve 7` or `vastwatchctl dismiss 7` decides."));
}

TEST_CASE("an enforcing daemon that does not act on an account says so") {
    auto status = object(samples::status);
    auto& account = status["accounts"].as_array()[0].as_object();
    account["enforcing"] = false;
    account["not_enforcing_because"] = "its data are too old";
    CHECK(contains(status_of(status), "! Account main is not acted upon: its data are too old"));
}

TEST_CASE("a reached cap is called reached whatever the projection says") {
    auto status = object(samples::status);
    auto& team = status["teams"].as_array()[0].as_object();
    team["windows"].as_array()[0].as_object()["spend"] = 200;
    CHECK(contains(status_of(status), "daily cap reached"));
}

TEST_CASE("unknown members of the status are question marks and never zero") {
    auto status = blanked(samples::status, "accounts");
    status["teams"] = blanked(samples::status, "teams").at("teams");
    const auto lines = joined(status_of(status));
    CHECK(lines.find("$0") == std::string::npos);
    CHECK(lines.find("?        never      ?     ?       ?       ?") != std::string::npos);
}

TEST_CASE("an empty object makes a status that claims nothing") {
    const json::object nothing;
    const auto lines = status_lines(Fields{nothing}, Fields{nothing}, samples::plain());
    CHECK(contains(lines, "not ready"));
    CHECK(contains(lines, "? instances"));
    CHECK_FALSE(contains(lines, "healthy"));
}

TEST_CASE("instances are a table with what comes next") {
    CHECK(
        joined(instances_of(object(samples::instances))) ==
        " ID  TEAM         LABEL              GPU           STATUS   UTIL  IDLE FOR     RATE    "
        "TODAY  NEXT\n"
        "312  ml-research  ml-research/llama  8x H100 SXM   running   97%         –  $8.20/h  "
        "$100.50  –\n"
        "313  ml-research  ml-research/eval   4x A100 PCIE  running    0%    1h 48m  $4.20/h   "
        "$59.52  destroy in 12m (idle)\n"
        "\n"
        "2 instances, $12.40/h, $160.02 today; 1 idle ($4.20/h)\n");
}

TEST_CASE("an instance of unknown price makes the total a lower bound") {
    auto answer = object(samples::instances);
    answer["instances"].as_array()[1].as_object()["dph"] = nullptr;
    CHECK(contains(
        instances_of(answer),
        "2 instances, at least $8.20/h, $160.02 today; 1 idle ($0.00/h); 1 of unknown price"));
}

TEST_CASE("no instances is a sentence and not an empty table") {
    CHECK(joined(instances_of(object(R"({"instances":[]})"))) == "No instances.\n");
}

TEST_CASE("an instance about which nothing is known shows no zero") {
    const auto lines = instances_of(blanked(samples::instances, "instances"));
    REQUIRE(lines.size() > 2);
    CHECK(lines[1].find('0') == std::string::npos);
}

TEST_CASE("no line is wider than the terminal") {
    for (const std::size_t width : {20U, 40U, 60U, 80U, 100U, 132U}) {
        const auto look = samples::plain(width);
        CHECK(samples::widest(status_of(object(samples::status), look)) <= width);
        CHECK(samples::widest(instances_of(object(samples::instances), look)) <= width);
    }
}

TEST_CASE("on eighty columns the instance table keeps label, price and what comes next") {
    const auto lines = instances_of(object(samples::instances), samples::plain(80));
    REQUIRE(lines.size() > 2);
    CHECK(lines[2].find("ml-research/eval") != std::string::npos);
    CHECK(lines[2].find("$4.20/h") != std::string::npos);
    CHECK(lines[2].find("destroy in 12m") != std::string::npos);
}

TEST_CASE("hostile text cannot act in any view, with or without colour") {
    for (const bool colour : {false, true}) {
        Look look = samples::plain(120);
        look.colour = colour;
        const auto status = poisoned(samples::status);
        const auto instances = poisoned(samples::instances);
        const auto alerts = poisoned(samples::alerts);
        Lines lines = status_lines(Fields{status}, Fields{alerts}, look);
        for (const auto& more :
             {instances_lines(Fields{instances}, look), alerts_lines(Fields{alerts}, look)}) {
            lines.insert(lines.end(), more.begin(), more.end());
        }
        const auto text = joined(lines);
        CHECK(text.find("\x1b]0") == std::string::npos);
        CHECK(text.find("\x1b[2J") == std::string::npos);
        CHECK(text.find('\x07') == std::string::npos);
        CHECK(text.find("\xc2\x9b") == std::string::npos);
        if (!colour) {
            CHECK(samples::harmless(text));
        }
    }
}

TEST_CASE("top shows the dearest first and what has no price before it") {
    auto answer = object(samples::instances);
    auto& list = answer["instances"].as_array();
    auto third = list[0].as_object();
    third["id"] = 314;
    third["dph"] = nullptr;
    list.insert(list.begin(), list[1]);
    list.erase(list.begin() + 2);
    list.push_back(third);
    const auto status = object(samples::status);
    const auto text = joined(top_lines(Fields{status}, Fields{answer}, samples::plain(), 0));
    const auto place = [&text](std::string_view id) { return text.find(id); };
    CHECK(place("\n314") < place("\n312"));
    CHECK(place("\n312") < place("\n313"));
}

TEST_CASE("top fits the screen and says how many instances it leaves out") {
    auto answer = object(samples::instances);
    auto& list = answer["instances"].as_array();
    for (int i = 0; i < 50; ++i) {
        auto copy = list[0].as_object();
        copy["id"] = 1000 + i;
        list.push_back(copy);
    }
    const auto status = object(samples::status);
    const auto lines = top_lines(Fields{status}, Fields{answer}, samples::plain(100), 24);
    CHECK(lines.size() == 24);
    CHECK(lines.back() == "… and 38 more");
}

TEST_CASE("explain answers first, then shows its evidence") {
    auto answer = object(R"({"time": "2026-11-21T19:04:05Z",
      "headline": "Instance 313 will be acted upon (destroy) in 12m: rule idle.",
      "paragraphs": ["Its idle period began at 17:16."], "findings": [], "open_case": null,
      "idle_period": {"began": "2026-11-21T17:16:05Z", "idle_seconds": 6480, "busy_seconds": 0,
        "unknown_seconds": 60, "coverage_percent": 99.1},
      "samples": [
        {"first": "2026-11-21T16:00:00Z", "last": "2026-11-21T17:15:05Z", "count": 75,
         "evidence": "busy", "doubt": null, "lowest": 40, "highest": 99},
        {"first": "2026-11-21T17:16:05Z", "last": "2026-11-21T17:16:05Z", "count": 1,
         "evidence": "unknown", "doubt": "no_value", "lowest": null, "highest": null}]})");
    answer["instance"] = object(samples::instances).at("instances").as_array()[1];
    const auto text = joined(explain_lines(Fields{answer}, samples::plain(100)));
    CHECK(text.starts_with("Instance 313 will be acted upon (destroy) in 12m: rule idle.\n"));
    CHECK(
        text.find("  next        destroy at 19:16 UTC (in 12m)\n  because     idle for 1h 48m\n") !=
        std::string::npos);
    CHECK(
        text.find("16:00 UTC  17:15 UTC  1h 15m       75  40% to 99%  busy") != std::string::npos);
    CHECK(text.find("unknown (no value)") != std::string::npos);
}

TEST_CASE("findings name rule, subject, what is done and when, and the reason in full") {
    const auto answer = object(R"({"time": "2026-11-21T19:04:05Z", "findings": [
      {"rule": "daily_cap", "account": "main", "team": "ml-research", "instance": null,
       "action": "destroy", "since": "2026-11-21T19:04:00Z", "due": "2026-11-21T19:34:05Z",
       "holds": true, "exemption": null, "reason": "it will have spent $200.00"},
      {"rule": "idle", "account": "main", "team": "ml-research", "instance": 312,
       "action": "stop", "since": "2026-11-21T17:04:05Z", "due": "2026-11-21T19:00:00Z",
       "holds": true, "exemption": "protect_label", "exempt_until": null, "reason": null}]})");
    CHECK(
        joined(findings_lines(Fields{answer}, samples::plain())) ==
        "RULE       TEAM         INSTANCE  SINCE   ACTION   DUE\n"
        "daily cap  ml-research       all  5s ago  destroy  in 30m\n"
        "    it will have spent $200.00\n"
        "idle       ml-research       312  2h ago  stop     exempt: protect label\n");
}

TEST_CASE("actions tell how far they are and what they wait for") {
    const auto answer = object(R"({"time": "2026-11-21T19:04:05Z", "actions": [
      {"number": 1, "instance": 313, "team": "ml-research", "action": "destroy", "rule": "idle",
       "reasons": [{"rule": "idle", "text": "idle for 2h"}], "step": "pending", "open": true,
       "wait_text": "actions are paused", "label": "ml-research/eval", "gpu_name": "A100 PCIE",
       "num_gpus": 4, "dph": 4.2, "opened": "2026-11-21T18:49:05Z",
       "due": "2026-11-21T19:04:00Z", "attempts": 0, "hold": null, "detail": ""}]})");
    CHECK(
        joined(actions_lines(Fields{answer}, samples::plain())) ==
        "WHEN       ACTION   STEP     INSTANCE  TEAM         LABEL             GPU           "
        "   RATE\n"
        "18:49 UTC  destroy  pending       313  ml-research  ml-research/eval  4x A100 PCIE  "
        "$4.20/h\n"
        "    idle: idle for 2h\n"
        "    due since 19:04 UTC; actions are paused\n");
}

TEST_CASE("the doctor marks each check and says what helps") {
    const auto answer = object(R"({"ok": false, "checks": [
      {"name": "disk", "status": "ok", "text": "900 MiB are free for the state"},
      {"name": "notifier ops", "status": "warning", "text": "2 alerts wait to be delivered"},
      {"name": "account main", "status": "error", "text": "the key lacks user_read"}]})");
    CHECK(
        joined(doctor_lines(Fields{answer}, samples::plain())) ==
        "✓ disk: 900 MiB are free for the state\n"
        "! notifier ops: 2 alerts wait to be delivered\n"
        "  → vastwatchctl test-notifier ops says what the other side answers\n"
        "✗ account main: the key lacks user_read\n"
        "  → if it persists: give the account a key with instance_read, user_read and "
        "billing_read, and instance_write to act\n"
        "\n"
        "1 error, 1 warning\n");
}

TEST_CASE("an audit record is a line, and what is none is shown as it is") {
    const std::vector<std::string> records{
        R"({"seq":1,"timestamp":"2026-11-21T19:04:05.123Z","team":"ml-research","account":"main",)"
        R"("action":"destroy","actor":"vastwatchd","instance_id":312,"label":"ml/x","gpu":"H100",)"
        R"("num_gpus":8,"dph":18.4,"reasons":["idle for 2h"],"outcome":"requested","prev":"00"})",
        "torn \x1b[2J"};
    CHECK(
        joined(audit_lines(records, samples::plain())) ==
        "2026-11-21 19:04:05 UTC  destroy requested  312 ml/x (8x H100, $18.40/h)  "
        "team ml-research  by vastwatchd: idle for 2h\n"
        "torn ?[2J\n");
}

TEST_CASE("a broken audit log is told with every problem") {
    const auto answer = object(
        R"({"ok":false,"records":12,"files":1,"problems":["audit.jsonl line 7 does not chain"]})");
    CHECK(
        joined(verify_lines(Fields{answer}, samples::plain())) ==
        "✗ The audit log is not whole: 12 records in 1 file.\n"
        "  audit.jsonl line 7 does not chain\n");
}

TEST_CASE("an alert is readable in full on a narrow terminal") {
    const auto alerts = object(samples::alerts);
    CHECK(
        joined(alerts_lines(Fields{alerts}, samples::plain(40))) ==
        "19:00 UTC  warning  told ops, chat pend…\n"
        "  ml-research has spent 80% of its daily\n"
        "  cap\n");
}
