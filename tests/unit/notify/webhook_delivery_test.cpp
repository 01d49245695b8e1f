// Webhooks through the real HTTP client to a real receiver.
#include "notify/webhook_signature.hpp"
#include "python_server.hpp"
#include "runtime/virtual_clock.hpp"
#include "support.hpp"

#include <boost/json/parse.hpp>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>

namespace vastwatch::notify {
namespace {

namespace json = boost::json;

/// The receiver, and a signing notifier that posts to it.
struct Setting {
    explicit Setting(const std::string& statuses)
        : server{
              "webhook_receiver.py",
              {"--record", folder.path() / "requests.jsonl", "--statuses", statuses}} {
        config::Notifier settings;
        settings.name = NotifierName{"chat"};
        settings.url = Secret{fmt::format("http://127.0.0.1:{}/hook", server.port())};
        settings.signing_secret = Secret{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
        notifier = make_webhook_notifier(*http, clock, settings, Calendar{});
    }

    Attempt deliver() { return testing::run(loop, notifier->deliver(testing::sample_alert())); }

    std::vector<json::object> requests() const {
        std::ifstream file{folder.path() / "requests.jsonl"};
        std::vector<json::object> out;
        std::string line;
        while (std::getline(file, line)) {
            out.push_back(json::parse(line).as_object());
        }
        return out;
    }

    boost::asio::io_context loop;
    runtime::VirtualClock clock{loop, testing::at("2026-11-21T20:00:00Z")};
    std::unique_ptr<net::HttpClient> http = net::make_http_client(loop, net::ProxySettings{});
    testing::TemporaryFolder folder;
    testing::PythonServer server;
    std::unique_ptr<Notifier> notifier;
};

std::string text(const json::value& value) {
    return std::string{value.as_string().data(), value.as_string().size()};
}

}  // namespace

TEST_CASE("webhook: what arrives is signed, and the signature fits the bytes that arrived") {
    Setting setting{""};
    CHECK(setting.deliver().verdict == Verdict::delivered);
    const auto requests = setting.requests();
    REQUIRE(requests.size() == 1);
    CHECK(text(requests[0].at("method")) == "POST");
    CHECK(text(requests[0].at("path")) == "/hook");
    const auto& headers = requests[0].at("headers").as_object();
    CHECK(text(headers.at("content-type")) == "application/json");
    CHECK(
        text(headers.at("webhook-signature")) ==
        webhook_signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            text(headers.at("webhook-id")),
            std::stoll(text(headers.at("webhook-timestamp"))),
            text(requests[0].at("body"))));
    CHECK(json::parse(text(requests[0].at("body"))).at("team").as_string() == "ml-research");
}

TEST_CASE("webhook: a receiver that is down for two tries gets the same alert on the third") {
    Setting setting{"503,429"};
    CHECK(setting.deliver().verdict == Verdict::try_again);
    CHECK(setting.deliver().verdict == Verdict::try_again);
    CHECK(setting.deliver().verdict == Verdict::delivered);
    const auto requests = setting.requests();
    REQUIRE(requests.size() == 3);
    for (const auto& request : requests) {
        CHECK(request.at("body") == requests[0].at("body"));
        CHECK(request.at("headers").at("webhook-id") == requests[0].at("headers").at("webhook-id"));
    }
}

TEST_CASE("webhook: a receiver that refuses is not asked again") {
    Setting setting{"410"};
    const auto attempt = setting.deliver();
    CHECK(attempt.verdict == Verdict::refused);
    CHECK(attempt.answer == "HTTP 410: ok");
}

}  // namespace vastwatch::notify
