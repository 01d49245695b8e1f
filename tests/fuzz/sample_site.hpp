// A site with a daemon behind it that is none: its view is full of hostile text, and it remembers
// what it was told to do. And what every answer of the site must be like.
#pragma once

#include "fuzz.hpp"
#include "sample_view.hpp"
#include "web/backend.hpp"
#include "web/site.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace vastwatch::fuzz {

class SampleBackend final : public web::Backend {
  public:
    std::shared_ptr<const engine::View> view() override { return shown_; }

    std::optional<engine::Explanation> explain(InstanceId id) override {
        for (const auto& instance : shown_->instances) {
            if (instance.instance->id == id) {
                engine::Explanation out;
                out.instance = instance;
                out.headline = sample::hostile;
                return out;
            }
        }
        return std::nullopt;
    }

    std::vector<web::SpendSeries>
    spend(const std::optional<TeamName>& team, Instant from, Instant to, Duration step) override {
        require(from <= to, "a range has a beginning and an end");
        require(step >= std::chrono::minutes{1}, "a step is at least a minute");
        require((to - from) / step < 1000, "steps are bounded");
        web::SpendSeries series;
        series.team = team.value_or(TeamName{sample::hostile});
        series.steps.emplace_back(from, Usd::dollars(12));
        return std::vector<web::SpendSeries>(1, series);
    }

    boost::asio::awaitable<web::CommandResult> execute(web::Command order) override {
        used_control_ = true;
        require(order.actor.starts_with("uid:"), "a command has a user");
        require(!order.duration || *order.duration > Duration{0}, "a duration is above zero");
        require(!order.instance || order.instance->value() > 0, "an instance has a positive id");
        require(!order.hold || order.hold->value() > 0, "a hold has a positive number");
        require_shown(order.reason, 2000, "a reason is one bounded printable line");
        web::CommandResult out;
        out.ok = order.reason.empty();
        out.message = sample::hostile;
        co_return out;
    }

    boost::asio::awaitable<boost::json::value> doctor() override {
        used_control_ = true;
        co_return boost::json::value(true);
    }

    std::string config_text() override {
        used_control_ = true;
        return "[daemon]\n";
    }

    boost::asio::awaitable<std::vector<std::string>>
    audit(std::optional<TeamName>, std::optional<Instant>, std::size_t limit) override {
        used_control_ = true;
        require(limit >= 1 && limit <= 100'000, "lines are bounded");
        co_return std::vector<std::string>(1, sample::hostile);
    }

    boost::asio::awaitable<boost::json::value> verify_audit() override {
        used_control_ = true;
        co_return boost::json::value(true);
    }

    std::string process_metrics() override { return "process_threads 3\n"; }

    /// Whether anything was done since the last call that only the control socket may.
    bool take_used_control() { return std::exchange(used_control_, false); }

  private:
    std::shared_ptr<const engine::View> shown_ = sample::hostile_view();
    bool used_control_ = false;
};

/// An answer's status, content type and body, from the site or over the wire.
inline void check_answer(int status, std::string_view type, std::string_view body) {
    constexpr std::array known{200, 400, 404, 405, 408, 409, 413, 431, 503};
    require(
        std::find(known.begin(), known.end(), status) != known.end(),
        "a status is one of those that are meant",
        body);
    require(is_utf8(body), "an answer is UTF-8", body);
    if (type == "application/json") {
        require(is_json(body), "JSON is JSON", body);
    }
    if (type.starts_with("text/html")) {
        require(body.find("<script>alert") == std::string_view::npos, "no stranger writes scripts");
    }
    for (const char c : body) {
        const auto byte = static_cast<unsigned char>(c);
        require(byte >= 0x20U || c == '\n' || type.starts_with("text/plain"), "nothing acts", body);
    }
}

}  // namespace vastwatch::fuzz
