// An alert about what strangers wrote, made into a mail and into every webhook's body. And an alert
// as the state database keeps it, which somebody else may have written.
#include "alerts/alert.hpp"
#include "fuzz.hpp"
#include "notify/email_message.hpp"
#include "notify/webhook_payload.hpp"
#include "wire/alert_json.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <string>

namespace vastwatch::fuzz {
namespace {

/// Within a million dollars either way, where JSON keeps the nano-dollar: Boost 1.81 reads numbers
/// to the last digit but one.
Usd money(Input& input) {
    constexpr std::int64_t most = 1'000'000;
    const auto nanos = static_cast<std::int64_t>(input.number() % (2 * most * 1'000'000'000));
    return Usd::from_nanos(nanos) - Usd::dollars(most);
}

alerts::Alert alert_of(Input& input) {
    alerts::Alert alert;
    const auto shape = input.byte();
    alert.kind = static_cast<alerts::Kind>(input.byte() % 22);
    alert.severity = static_cast<policy::Severity>(input.byte() % 3);
    alert.resolved = (shape & 1U) != 0;
    alert.dry_run = (shape & 2U) != 0;
    alert.time = Instant{std::chrono::seconds{input.number() % 7'258'118'400U}};
    alert.id = AlertId{"01JD0000000000000000000010"};
    alert.title = input.line();
    alert.condition = input.line();
    alert.threshold = input.line();
    if ((shape & 4U) != 0) {
        alert.team = TeamName{std::string(input.line())};
        alert.spend = money(input);
        alert.cap = money(input);
    }
    if ((shape & 8U) != 0) {
        alert.account = AccountName{std::string(input.line())};
        alert.window = static_cast<policy::Window>(input.byte() % 3);
        alert.window_start = alert.time;
        alert.burn_rate = UsdPerHour::from_nanos(money(input).nanos());
    }
    const auto instances = (shape & 16U) != 0 ? input.byte() % 101U : shape >> 6U;
    const auto label = std::string(input.line());
    const auto gpu = std::string(input.line());
    for (unsigned i = 0; i < instances; ++i) {
        alerts::AlertInstance instance;
        instance.id = InstanceId{static_cast<std::int64_t>(input.number() >> 1U)};
        instance.label = label;
        instance.gpu_name = gpu;
        instance.num_gpus = input.byte();
        instance.idle = std::chrono::seconds{input.byte() * 1000};
        alert.instances.push_back(instance);
    }
    alert.text = input.rest();
    return alert;
}

void check_mail(const alerts::Alert& alert) {
    notify::MailContext context;
    context.from = notify::Mailbox{"vastwatch", "vastwatch@example.com"};
    context.to = {notify::Mailbox{"", "ops@example.com"}};
    context.notifier = NotifierName{"ops"};
    const auto mail = notify::compose_mail(alert, context);
    require(is_utf8(mail), "a mail is UTF-8");
    std::size_t at = 0;
    int subjects = 0;
    int blind = 0;
    bool in_header = true;
    while (at < mail.size()) {
        const auto end = mail.find('\n', at);
        require(end != std::string::npos && mail[end - 1] == '\r', "a mail has lines of CRLF");
        const auto line = std::string_view(mail).substr(at, end - 1 - at);
        at = end + 1;
        require(line.size() <= 998, "a mail's line fits", line);
        require(line.find('\r') == std::string_view::npos, "no line breaks out", line);
        in_header = in_header && !line.empty();
        subjects += in_header && line.starts_with("Subject:") ? 1 : 0;
        blind += in_header && line.starts_with("Bcc:") ? 1 : 0;
        require(!in_header || is_printable(line), "a header does not act", line);
    }
    require(subjects == 1 && blind == 0, "a mail has the headers that we gave it");
    require(mail == notify::compose_mail(alert, context), "the same alert is the same mail");
}

void check_webhook(const alerts::Alert& alert, config::WebhookFormat format) {
    constexpr std::size_t most = 256UL * 1024;
    using config::WebhookFormat;
    const auto body = notify::webhook_body(alert, format, Calendar(), "key");
    require(is_utf8(body), "a body is UTF-8", body);
    require(is_json(body), "a body is JSON", body);
    require(format == WebhookFormat::vastwatch || body.size() <= most, "a body is bounded");
    require(format != WebhookFormat::teams || body.size() <= 28'000, "Teams takes 28 KB");
}

void check_round_trip(const alerts::Alert& alert) {
    const auto json = boost::json::serialize(wire::to_json(alert));
    const auto parsed = boost::json::parse(json);
    const auto again = wire::alert_from_json(parsed.as_object());
    require(again.has_value(), "a kept alert can be read", json);
    require(boost::json::serialize(wire::to_json(*again)) == json, "a kept alert stays", json);
}

void check_kept(std::string_view text) {
    boost::json::error_code error;
    const auto value =
        boost::json::parse(boost::json::string_view(text.data(), text.size()), error);
    const auto* object = error ? nullptr : value.if_object();
    const auto alert =
        object == nullptr ? std::optional<alerts::Alert>() : wire::alert_from_json(*object);
    if (alert) {
        check_round_trip(*alert);
        check_mail(*alert);
        check_webhook(*alert, static_cast<config::WebhookFormat>(hash_of(text) % 6));
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = text_of(data, size);
    if (text.starts_with('{')) {
        check_kept(text);
        return 0;
    }
    Input input(text);
    const auto alert = alert_of(input);
    check_mail(alert);
    check_webhook(alert, static_cast<config::WebhookFormat>(hash_of(text) % 6));
    check_round_trip(alert);
    return 0;
}

}  // namespace vastwatch::fuzz
