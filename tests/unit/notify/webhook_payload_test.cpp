#include "notify/webhook_payload.hpp"

#include "base/text.hpp"
#include "support.hpp"

#include <boost/json/parse.hpp>

#include <doctest/doctest.h>

#include <array>
#include <functional>

namespace vastwatch::notify {
namespace {

namespace json = boost::json;

using config::WebhookFormat;
using testing::hostile_alert;
using testing::huge_alert;
using testing::sample_alert;

constexpr std::array formats{
    WebhookFormat::vastwatch,
    WebhookFormat::slack,
    WebhookFormat::discord,
    WebhookFormat::teams,
    WebhookFormat::pagerduty,
    WebhookFormat::alertmanager};

json::value parsed(const alerts::Alert& alert, WebhookFormat format) {
    return json::parse(webhook_body(alert, format, testing::berlin(), "R0UT1NGKEY\n"));
}

std::string text_at(const json::value& value, std::string_view pointer) {
    const auto& found = value.at_pointer(pointer).as_string();
    return std::string{found.data(), found.size()};
}

void each_string(const json::value& value, const std::function<void(std::string_view)>& visit) {
    if (const auto* object = value.if_object()) {
        for (const auto& [key, member] : *object) {
            each_string(member, visit);
        }
    } else if (const auto* array = value.if_array()) {
        for (const auto& element : *array) {
            each_string(element, visit);
        }
    } else if (const auto* text = value.if_string()) {
        visit(std::string_view{text->data(), text->size()});
    }
}

std::size_t utf16_length(std::string_view text) {
    std::size_t length = display_width(text);
    for (const char c : text) {
        length += static_cast<unsigned char>(c) >= 0xF0U ? 1 : 0;
    }
    return length;
}

std::size_t length_at(const json::value& value, std::string_view pointer) {
    return utf16_length(text_at(value, pointer));
}

}  // namespace

TEST_CASE("the format vastwatch is the wire format") {
    const auto body = parsed(sample_alert(), WebhookFormat::vastwatch);
    CHECK(text_at(body, "/id") == "01JDA1B2C3D4E5F6G7H8J9K0M1");
    CHECK(text_at(body, "/kind") == "budget_threshold");
    CHECK(text_at(body, "/status") == "firing");
    CHECK(body.at_pointer("/spend").as_double() == 160.02);
}

TEST_CASE("slack: header, figures, text, instances and commands, and a fallback text") {
    const auto body = parsed(sample_alert(), WebhookFormat::slack);
    CHECK(text_at(body, "/text") == "🟠 ml-research has spent 80% of its daily cap");
    CHECK(text_at(body, "/blocks/0/type") == "header");
    CHECK(text_at(body, "/blocks/0/text/type") == "plain_text");
    CHECK(text_at(body, "/blocks/0/text/text") == "🟠 ml-research has spent 80% of its daily cap");
    CHECK(text_at(body, "/blocks/1/fields/0/text") == "*Team*\nml-research");
    CHECK(
        text_at(body, "/blocks/2/text/text") ==
        "At the present rate the cap is reached at 23:17.\n\nNothing is taken down yet.");
    CHECK(
        text_at(body, "/blocks/3/text/text") ==
        "• 312 · ml-research/llama · 8× H100 SXM · $18.4000/h · idle 2h 5m · destroy\n");
    CHECK(text_at(body, "/blocks/4/type") == "context");
}

TEST_CASE("slack: nothing in a text can mention, link or break out") {
    each_string(parsed(hostile_alert(), WebhookFormat::slack), [](std::string_view text) {
        CHECK(text.find('<') == std::string_view::npos);
        CHECK(text.find('>') == std::string_view::npos);
    });
    auto alert = sample_alert();
    alert.text = "a & b &lt; c";
    CHECK(
        text_at(parsed(alert, WebhookFormat::slack), "/blocks/2/text/text") ==
        "a &amp; b &amp;lt; c");
}

TEST_CASE("slack: limits hold for the longest of alerts") {
    const auto body = parsed(huge_alert(), WebhookFormat::slack);
    CHECK(length_at(body, "/text") <= 3000);
    CHECK(length_at(body, "/blocks/0/text/text") <= 150);
    const auto& fields = body.at_pointer("/blocks/1/fields").as_array();
    CHECK(fields.size() <= 10);
    for (const auto& field : fields) {
        CHECK(length_at(field, "/text") <= 2000);
    }
    CHECK(length_at(body, "/blocks/2/text/text") <= 3000);
    CHECK(length_at(body, "/blocks/3/text/text") <= 3000);
    CHECK(text_at(body, "/blocks/3/text/text").ends_with("… and 9985 more"));
}

TEST_CASE("slack: an alert without text or instances has no empty block") {
    alerts::Alert alert;
    alert.title = "all is well";
    each_string(
        parsed(alert, WebhookFormat::slack), [](std::string_view text) { CHECK(!text.empty()); });
}

TEST_CASE("discord: one embed with figures as fields") {
    const auto body = parsed(sample_alert(), WebhookFormat::discord);
    CHECK(text_at(body, "/embeds/0/title") == "ml\\-research has spent 80% of its daily cap");
    CHECK(text_at(body, "/embeds/0/fields/0/name") == "Team");
    CHECK(text_at(body, "/embeds/0/fields/0/value") == "ml\\-research");
    CHECK(text_at(body, "/embeds/0/timestamp") == "2026-11-21T19:04:05Z");
    CHECK(body.at_pointer("/embeds/0/color").as_int64() == 0xD98A00);
}

TEST_CASE("discord: nobody is mentioned and no markup acts") {
    const auto body = parsed(hostile_alert(), WebhookFormat::discord);
    CHECK(body.at_pointer("/allowed_mentions/parse").as_array().empty());
    const auto description = text_at(body, "/embeds/0/description");
    CHECK(description.find("\\@everyone") != std::string::npos);
    CHECK(description.find("\\[click\\]\\(https\\://evil.test\\)") != std::string::npos);
    CHECK(description.find("\\<script\\>") != std::string::npos);
}

TEST_CASE("discord: limits hold for the longest of alerts") {
    const auto body = parsed(huge_alert(), WebhookFormat::discord);
    CHECK(length_at(body, "/embeds/0/title") <= 256);
    CHECK(length_at(body, "/embeds/0/description") <= 4096);
    std::size_t total = length_at(body, "/embeds/0/title") +
                        length_at(body, "/embeds/0/description") +
                        length_at(body, "/embeds/0/footer/text");
    const auto& fields = body.at_pointer("/embeds/0/fields").as_array();
    CHECK(fields.size() <= 25);
    for (const auto& field : fields) {
        CHECK(length_at(field, "/name") <= 256);
        CHECK(length_at(field, "/value") <= 1024);
        CHECK(length_at(field, "/value") > 0);
        total += length_at(field, "/name") + length_at(field, "/value");
    }
    CHECK(total <= 6000);
}

TEST_CASE("teams: one adaptive card of text runs, which know no markup") {
    const auto body = parsed(sample_alert(), WebhookFormat::teams);
    CHECK(text_at(body, "/type") == "message");
    CHECK(text_at(body, "/attachments/0/contentType") == "application/vnd.microsoft.card.adaptive");
    CHECK(text_at(body, "/attachments/0/content/type") == "AdaptiveCard");
    CHECK(
        text_at(body, "/attachments/0/content/body/0/inlines/0/text") ==
        "ml-research has spent 80% of its daily cap");
    for (const auto& element : body.at_pointer("/attachments/0/content/body").as_array()) {
        CHECK(text_at(element, "/type") == "RichTextBlock");
        for (const auto& run : element.at("inlines").as_array()) {
            CHECK(text_at(run, "/type") == "TextRun");
            CHECK(!text_at(run, "/text").empty());
        }
    }
}

TEST_CASE("teams: the message stays below 28 KB for the longest of alerts") {
    const auto body = webhook_body(huge_alert(), WebhookFormat::teams, Calendar{}, "");
    CHECK(body.size() < 28 * 1024);
}

TEST_CASE("pagerduty: an incident per condition, triggered and resolved") {
    auto alert = sample_alert();
    const auto body = parsed(alert, WebhookFormat::pagerduty);
    CHECK(text_at(body, "/routing_key") == "R0UT1NGKEY");
    CHECK(text_at(body, "/event_action") == "trigger");
    CHECK(text_at(body, "/dedup_key") == alert.condition);
    CHECK(text_at(body, "/payload/summary") == alert.title);
    CHECK(text_at(body, "/payload/source") == "vast.ai/main");
    CHECK(text_at(body, "/payload/severity") == "warning");
    CHECK(text_at(body, "/payload/custom_details/Burn rate") == "$12.4000/h");
    alert.resolved = true;
    alert.id = AlertId{"01JOTHER"};
    const auto resolved = parsed(alert, WebhookFormat::pagerduty);
    CHECK(text_at(resolved, "/event_action") == "resolve");
    CHECK(text_at(resolved, "/dedup_key") == text_at(body, "/dedup_key"));
}

TEST_CASE("pagerduty: long conditions keep apart within the limit of the key") {
    auto alert = huge_alert();
    const auto one = parsed(alert, WebhookFormat::pagerduty);
    CHECK(text_at(one, "/dedup_key").size() <= 255);
    CHECK(length_at(one, "/payload/summary") <= 1024);
    alert.condition += "x";
    CHECK(
        text_at(parsed(alert, WebhookFormat::pagerduty), "/dedup_key") !=
        text_at(one, "/dedup_key"));
}

TEST_CASE("alertmanager: labels identify, annotations tell") {
    const auto body = parsed(sample_alert(), WebhookFormat::alertmanager);
    REQUIRE(body.as_array().size() == 1);
    CHECK(text_at(body, "/0/labels/alertname") == "VastwatchBudgetThreshold");
    CHECK(text_at(body, "/0/labels/severity") == "warning");
    CHECK(text_at(body, "/0/labels/team") == "ml-research");
    CHECK(text_at(body, "/0/labels/account") == "main");
    CHECK(text_at(body, "/0/annotations/summary") == "ml-research has spent 80% of its daily cap");
    CHECK(text_at(body, "/0/startsAt") == "2026-11-21T19:04:05Z");
}

TEST_CASE("alertmanager: a resolved alert has the labels of the firing one, and has ended") {
    auto alert = sample_alert();
    const auto firing = parsed(alert, WebhookFormat::alertmanager);
    alert.resolved = true;
    alert.id = AlertId{"01JOTHER"};
    alert.time += std::chrono::hours{1};
    alert.spend = Usd::dollars(1);
    alert.instances.clear();
    const auto resolved = parsed(alert, WebhookFormat::alertmanager);
    CHECK(resolved.at_pointer("/0/labels") == firing.at_pointer("/0/labels"));
    CHECK(text_at(resolved, "/0/endsAt") == "2026-11-21T20:04:05Z");
}

TEST_CASE("alertmanager: a firing alert ends by itself where its window does") {
    auto alert = sample_alert();
    CHECK(
        text_at(parsed(alert, WebhookFormat::alertmanager), "/0/endsAt") == "2026-11-21T23:00:00Z");
    alert.window = policy::Window::month;
    CHECK(
        text_at(parsed(alert, WebhookFormat::alertmanager), "/0/endsAt") == "2026-11-30T23:00:00Z");
    alert.window.reset();
    CHECK(
        text_at(parsed(alert, WebhookFormat::alertmanager), "/0/endsAt") == "2026-11-28T19:04:05Z");
    alert.kind = alerts::Kind::instance_destroyed;
    CHECK(
        text_at(parsed(alert, WebhookFormat::alertmanager), "/0/endsAt") == "2026-11-21T20:04:05Z");
}

TEST_CASE("alertmanager: an alert about an instance carries it as a label") {
    auto alert = sample_alert();
    alert.condition = "idle_warning/instance/312";
    CHECK(text_at(parsed(alert, WebhookFormat::alertmanager), "/0/labels/instance") == "312");
}

TEST_CASE("in every format hostile and huge texts stay valid UTF-8 without control characters") {
    for (const auto format : formats) {
        for (const auto& alert : {hostile_alert(), huge_alert()}) {
            each_string(parsed(alert, format), [&](std::string_view text) {
                CHECK(valid_utf8(text) == text);
                if (format != WebhookFormat::vastwatch) {
                    CHECK(
                        text.find_first_of(std::string_view{"\0\r\x1b", 3}) ==
                        std::string_view::npos);
                }
            });
        }
    }
}

TEST_CASE("alertmanager's path is appended to an address that does not end in it") {
    const auto target = [](std::string_view url) {
        return webhook_target(url, WebhookFormat::alertmanager);
    };
    CHECK(target("http://am:9093") == "http://am:9093/api/v2/alerts");
    CHECK(target("http://am:9093/prefix/") == "http://am:9093/prefix/api/v2/alerts");
    CHECK(target("http://am:9093/api/v2/alerts") == "http://am:9093/api/v2/alerts");
    CHECK(webhook_target("https://h.test/x/", WebhookFormat::slack) == "https://h.test/x/");
}

}  // namespace vastwatch::notify
