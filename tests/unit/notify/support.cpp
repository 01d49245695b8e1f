#include "support.hpp"

#include "base/text.hpp"
#include "notify/digest.hpp"

#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace vastwatch::notify::testing {
namespace {

std::string repeated(std::string_view text, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) {
        out += text;
    }
    return out;
}

std::string decode_words(std::string_view text) {
    constexpr std::string_view begin = "=?UTF-8?B?";
    std::string out;
    bool after_word = false;
    while (!text.empty()) {
        const auto word = text.find(begin);
        const auto before = text.substr(0, word);
        if (!after_word || !trim(before).empty()) {
            out += before;
        }
        if (word == std::string_view::npos) {
            return out;
        }
        const auto end = text.find("?=", word + begin.size());
        out += base64_decode(text.substr(word + begin.size(), end - word - begin.size())).value();
        text.remove_prefix(end + 2);
        after_word = true;
    }
    return out;
}

std::string decode_quoted_printable(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\r') {
            continue;
        }
        if (text[i] != '=') {
            out += text[i];
        } else if (text.substr(i + 1, 2) == "\r\n") {
            i += 2;
        } else {
            unsigned value = 0;
            std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16);
            out += static_cast<char>(value);
            i += 2;
        }
    }
    return out;
}

void read_headers(std::string_view head, ReadMail& mail) {
    std::string* last = nullptr;
    while (!head.empty()) {
        const auto end = std::min(head.find("\r\n"), head.size());
        const auto line = head.substr(0, end);
        head.remove_prefix(std::min(end + 2, head.size()));
        if (line.starts_with(' ') && last != nullptr) {
            *last += line;
            continue;
        }
        const auto colon = line.find(": ");
        if (colon == std::string_view::npos) {
            throw std::runtime_error{"not a header: " + std::string{line}};
        }
        auto& values = mail.headers[to_lower(line.substr(0, colon))];
        last = &values.emplace_back(line.substr(colon + 2));
    }
    for (auto& [name, values] : mail.headers) {
        std::transform(values.begin(), values.end(), values.begin(), decode_words);
    }
}

std::string read_part(std::string_view body, std::string_view boundary, std::string_view type) {
    const auto at = body.find("Content-Type: " + std::string{type});
    const auto begin = body.find("\r\n\r\n", at) + 4;
    const auto end = body.find("\r\n--" + std::string{boundary}, begin);
    if (at == std::string_view::npos || end == std::string_view::npos) {
        throw std::runtime_error{"no part " + std::string{type}};
    }
    return decode_quoted_printable(body.substr(begin, end - begin));
}

}  // namespace

Instant at(std::string_view rfc3339) {
    return parse_rfc3339(rfc3339).value();
}

alerts::Alert sample_alert() {
    alerts::Alert alert;
    alert.id = AlertId{"01JDA1B2C3D4E5F6G7H8J9K0M1"};
    alert.kind = alerts::Kind::budget_threshold;
    alert.severity = policy::Severity::warning;
    alert.time = at("2026-11-21T19:04:05Z");
    alert.account = AccountName{"main"};
    alert.team = TeamName{"ml-research"};
    alert.title = "ml-research has spent 80% of its daily cap";
    alert.text = "At the present rate the cap is reached at 23:17.\n\nNothing is taken down yet.";
    alert.window = policy::Window::day;
    alert.window_start = at("2026-11-21T00:00:00Z");
    alert.spend = Usd::from_nanos(160'020'000'000);
    alert.cap = Usd::dollars(200);
    alert.threshold = "80%";
    alert.burn_rate = UsdPerHour::from_nanos(12'400'000'000);
    alert.projected_crossing = at("2026-11-21T22:17:31Z");
    alerts::AlertInstance instance;
    instance.id = InstanceId{312};
    instance.label = "ml-research/llama";
    instance.gpu_name = "H100 SXM";
    instance.num_gpus = 8;
    instance.dph = UsdPerHour::from_nanos(18'400'000'000);
    instance.idle = std::chrono::minutes{125};
    instance.action = policy::Action::destroy;
    alert.instances.push_back(instance);
    alert.condition = "budget_threshold/team/ml-research/day/2026-11-21/80%";
    return alert;
}

alerts::Alert hostile_alert() {
    using namespace std::string_literals;
    const auto nasty =
        "x\r\nBcc: everyone@evil.test\r\n\r\n<script>alert(1)</script>\0\x1b[31m <!channel> "
        "@everyone [click](https://evil.test) =?UTF-8?B?aGk=?= \xE2\x80\xAE\xFF\" onload=\"x"s;
    auto alert = sample_alert();
    alert.id = AlertId{"01J>\r\nX-Evil: 1"};
    alert.account = AccountName{nasty};
    alert.team = TeamName{nasty};
    alert.title = nasty;
    alert.text = nasty;
    alert.threshold = nasty;
    alert.instances[0].label = nasty;
    alert.instances[0].gpu_name = nasty;
    alert.condition = nasty;
    return alert;
}

alerts::Alert huge_alert() {
    auto alert = sample_alert();
    const auto wide = repeated("\xF0\x9F\x94\xA5&", 20'000);
    alert.title = wide;
    alert.text = wide + "\n\n" + wide;
    alert.team = TeamName{wide};
    alert.account = AccountName{wide};
    alert.threshold = wide;
    alert.condition = wide;
    alert.instances[0].label = wide;
    alert.instances[0].gpu_name = wide;
    alert.instances.resize(100, alert.instances[0]);
    alert.instances_omitted = 9900;
    return alert;
}

Calendar berlin() {
    return Calendar::find("Europe/Berlin").value();
}

std::string ReadMail::header(const std::string& name) const {
    const auto found = headers.find(name);
    return found != headers.end() && found->second.size() == 1 ? found->second.front() : "";
}

ReadMail read_mail(std::string_view message) {
    ReadMail mail;
    const auto end = message.find("\r\n\r\n");
    read_headers(message.substr(0, end), mail);
    const auto type = mail.header("content-type");
    const auto begin = type.find("boundary=\"") + 10;
    const auto boundary = type.substr(begin, type.find('"', begin) - begin);
    mail.text = read_part(message.substr(end), boundary, "text/plain");
    mail.html = read_part(message.substr(end), boundary, "text/html");
    return mail;
}

Attempt run(boost::asio::io_context& loop, boost::asio::awaitable<Attempt> delivery) {
    std::optional<Attempt> result;
    boost::asio::co_spawn(
        loop, std::move(delivery), [&result](std::exception_ptr error, Attempt attempt) {
            if (error) {
                std::rethrow_exception(error);
            }
            result = std::move(attempt);
        });
    loop.restart();
    loop.run();
    return std::move(result).value();
}

boost::asio::awaitable<Attempt> FakeMailer::send(Mail mail) {
    mails.push_back(std::move(mail));
    auto attempt = answers.at(std::min(mails.size(), answers.size()) - 1);
    co_return attempt;
}

boost::asio::awaitable<net::Result> FakeHttp::send(net::Request request) {
    requests.push_back(std::move(request));
    co_return answer;
}

}  // namespace vastwatch::notify::testing
