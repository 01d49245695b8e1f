#include "support.hpp"

#include <boost/asio/awaitable.hpp>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

namespace vastwatch::vast {
namespace {

const std::filesystem::path samples = std::filesystem::path(VASTWATCH_TEST_DATA) / "vast-api";

/// The number after `mark` in the URL, 0 when it is not there.
std::int64_t number_after(const std::string& url, std::string_view mark) {
    const auto at = url.find(mark);
    return at == std::string::npos ? 0 : std::stoll(url.substr(at + mark.size()));
}

std::vector<std::int64_t> filtered_ids(const std::string& url) {
    constexpr std::string_view mark = R"({"id":{"in":[)";
    const auto at = url.find(mark);
    std::vector<std::int64_t> ids;
    if (at == std::string::npos) {
        return ids;
    }
    std::istringstream list(url.substr(at + mark.size()));
    std::int64_t id = 0;
    while (list >> id) {
        ids.push_back(id);
        list.ignore();
    }
    return ids;
}

}  // namespace

std::string sample(std::string_view name) {
    std::ifstream file(samples / name, std::ios::binary);
    REQUIRE(file.good());
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> sample_names() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(samples)) {
        names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

std::string row_json(std::int64_t id, std::string_view fields) {
    return fmt::format(R"({{"id":{}{}{}}})", id, fields.empty() ? "" : ",", fields);
}

std::string
page_json(const std::vector<std::string>& rows, std::int64_t total, std::string_view token) {
    std::string list;
    for (const auto& row : rows) {
        list += list.empty() ? row : "," + row;
    }
    const std::string next = token.empty() ? "null" : fmt::format("\"{}\"", token);
    return fmt::format(
        R"({{"success":true,"instances_found":{},"total_instances":{},"next_token":{},)"
        R"("instances":[{}]}})",
        rows.size(),
        total,
        next,
        list);
}

net::Response response(int status, std::string body, std::string type) {
    net::Response answer;
    answer.status = status;
    answer.body = std::move(body);
    answer.headers.push_back({"Content-Type", std::move(type)});
    return answer;
}

net::Result network_error(net::Failure failure, bool sent) {
    net::Error error;
    error.failure = failure;
    error.sent = sent;
    return error;
}

std::string decoded(std::string_view url) {
    std::string text;
    for (std::size_t i = 0; i < url.size(); ++i) {
        if (url[i] == '%' && i + 2 < url.size()) {
            text += static_cast<char>(std::stoi(std::string(url.substr(i + 1, 2)), nullptr, 16));
            i += 2;
        } else {
            text += url[i];
        }
    }
    return text;
}

bool Sent::asks_for(std::string_view text) const {
    return decoded(request.url).find(text) != std::string::npos;
}

std::string Sent::header(std::string_view name) const {
    for (const auto& header : request.headers) {
        if (header.name == name) {
            return header.value;
        }
    }
    return {};
}

boost::asio::awaitable<net::Result> ScriptedHttp::send(net::Request request) {
    if (request.may_leave && !request.may_leave()) {
        co_return network_error(net::Failure::withheld, false);
    }
    Sent one;
    one.request = std::move(request);
    one.at = clock_.mono();
    sent.push_back(one);
    auto answer = script(one, sent.size() - 1);
    co_await clock_.sleep_for(latency);
    co_return answer;
}

ScriptedHttp::Script fleet_of(std::int64_t count) {
    return [count](const Sent& sent, std::size_t) -> net::Result {
        const auto url = decoded(sent.request.url);
        std::vector<std::int64_t> ids = filtered_ids(url);
        if (ids.empty()) {
            for (std::int64_t id = 1; id <= count; ++id) {
                ids.push_back(id);
            }
        }
        std::erase_if(ids, [count](std::int64_t id) { return id > count; });
        const auto total = static_cast<std::int64_t>(ids.size());
        const auto after = number_after(url, "after_token=t=");
        std::erase_if(ids, [after](std::int64_t id) { return id <= after; });
        const bool last = ids.size() <= 25;
        ids.resize(std::min<std::size_t>(ids.size(), 25));
        std::vector<std::string> rows;
        for (const auto id : ids) {
            rows.push_back(row_json(id));
        }
        return response(200, page_json(rows, total, last ? "" : fmt::format("t={}", ids.back())));
    };
}

Account::Account(Duration request_interval)
    : clock(loop, Instant(std::chrono::seconds{1'795'287'600})), http(clock) {
    renew(request_interval);
}

void Account::renew(Duration request_interval) {
    Access access;
    access.account = AccountName("main");
    access.url = "https://api.example.test/";
    access.api_key = Secret(std::string(test_key));
    access.request_interval = request_interval;
    World world{http, clock, random, log, [this](const RequestReport& report) {
                    reports.push_back(report);
                }};
    before = std::move(client);
    client = make_client(std::move(world), std::move(access), before.get());
}

void Account::always(net::Result answer) {
    http.script = [answer = std::move(answer)](const Sent&, std::size_t) { return answer; };
}

void Account::in_turn(std::vector<net::Result> answers) {
    http.script = [answers = std::move(answers)](const Sent&, std::size_t number) {
        return answers[std::min(number, answers.size() - 1)];
    };
}

std::vector<InstanceId> ids_up_to(std::int64_t count) {
    std::vector<InstanceId> ids;
    for (std::int64_t id = 1; id <= count; ++id) {
        ids.emplace_back(id);
    }
    return ids;
}

}  // namespace vastwatch::vast
