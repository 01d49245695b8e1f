#include "base/text.hpp"
#include "notify/notifier.hpp"
#include "notify/webhook_answer.hpp"
#include "notify/webhook_payload.hpp"
#include "notify/webhook_signature.hpp"

#include <algorithm>

namespace vastwatch::notify {
namespace {

constexpr Duration time_limit = std::chrono::seconds{20};
constexpr std::size_t answer_limit = std::size_t{1024} * 1024;

class WebhookNotifier final : public Notifier {
  public:
    WebhookNotifier(
        net::HttpClient& http,
        runtime::Clock& clock,
        const config::Notifier& settings,
        Calendar calendar)
        : http_(http),
          clock_(clock),
          name_(settings.name),
          minimum_severity_(settings.minimum_severity),
          format_(settings.format),
          url_(webhook_target(trim(settings.url.reveal()), settings.format)),
          secret_(settings.signing_secret.duplicate()),
          calendar_(std::move(calendar)) {}

    const NotifierName& name() const override { return name_; }

    policy::Severity minimum_severity() const override { return minimum_severity_; }

    boost::asio::awaitable<Attempt> deliver(alerts::Alert alert) override {
        if (format_ == config::WebhookFormat::pagerduty && trim(secret_.reveal()).empty()) {
            Attempt keyless;
            keyless.verdict = Verdict::refused;
            keyless.answer = "PagerDuty needs the integration's routing key in `secret_file`";
            co_return keyless;
        }
        auto request = make_request(alert);
        const auto result = co_await http_.send(std::move(request));
        co_return judge_answer(result, clock_.wall(), hidden());
    }

  private:
    net::Request make_request(const alerts::Alert& alert) const {
        // PagerDuty's secret is a routing key inside the body and signs nothing.
        const bool routed = format_ == config::WebhookFormat::pagerduty;
        const std::string_view signing = routed ? std::string_view{} : secret_.reveal();
        net::Request request;
        request.method = "POST";
        request.url = url_.reveal();
        request.timeout = time_limit;
        request.body_limit = answer_limit;
        request.body = webhook_body(alert, format_, calendar_, secret_.reveal());
        request.headers = webhook_headers(signing, alert.id.str(), clock_.wall(), request.body);
        request.headers.push_back(net::Header{"Content-Type", "application/json"});
        return request;
    }

    std::vector<std::string> hidden() const {
        auto parts = secret_parts(url_.reveal());
        const auto secret = trim(secret_.reveal());
        if (!secret.empty()) {
            parts.emplace_back(secret);
        }
        return parts;
    }

    net::HttpClient& http_;
    runtime::Clock& clock_;
    NotifierName name_;
    policy::Severity minimum_severity_;
    config::WebhookFormat format_;
    Secret url_;
    Secret secret_;
    Calendar calendar_;
};

}  // namespace

std::unique_ptr<Notifier> make_webhook_notifier(
    net::HttpClient& http,
    runtime::Clock& clock,
    const config::Notifier& settings,
    Calendar calendar) {
    return std::make_unique<WebhookNotifier>(http, clock, settings, std::move(calendar));
}

}  // namespace vastwatch::notify
