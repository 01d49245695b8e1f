// `vastwatchctl doctor`: looks at everything that has to be right for the rest to work.
#include "watch/watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace vastwatch::watch {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

/// Collects checks in the shape of web::Backend::doctor().
class Report {
  public:
    void add(std::string_view status, std::string_view name, std::string_view text) {
        json::object check;
        check["name"] = name;
        check["status"] = status;
        check["text"] = text;
        checks_.push_back(std::move(check));
        worst_ = worst_ || status == "error";
    }

    json::value take() {
        json::object report;
        report["ok"] = !worst_;
        report["checks"] = std::move(checks_);
        return report;
    }

  private:
    json::array checks_;
    bool worst_ = false;
};

bool has_scope(const vast::UserInfo& user, std::string_view scope) {
    return std::find(user.scopes.begin(), user.scopes.end(), scope) != user.scopes.end();
}

void check_scopes(Report& report, const std::string& key, const vast::UserInfo& user, bool acts) {
    if (user.scopes.empty()) {
        report.add("note", key, "the service does not say what this key may do");
        return;
    }
    for (const std::string_view scope : {"instance_read", "user_read", "billing_read"}) {
        if (!has_scope(user, scope)) {
            report.add("error", key, fmt::format("the key lacks {}", scope));
        }
    }
    if (acts && !has_scope(user, "instance_write")) {
        report.add("error", key, "mode is \"enforce\" but the key lacks instance_write");
    }
    for (const std::string_view scope :
         {"billing_write", "user_write", "team_write", "machine_write"}) {
        if (has_scope(user, scope)) {
            report.add("note", key, fmt::format("the key has {}, which is not needed", scope));
        }
    }
}

asio::awaitable<void>
check_account(Report& report, const AccountWatch& account, const engine::View& view, bool acts) {
    const auto key = "account " + account.name().str();
    auto client = account.client();
    if (!client) {
        co_return;
    }
    auto user = co_await client->user();
    if (const auto* failure = std::get_if<vast::Failure>(&user)) {
        report.add("error", key, "the key cannot read the user object: " + failure->message);
    } else {
        report.add("ok", key, "the key is accepted");
        check_scopes(report, key, std::get<vast::UserInfo>(user), acts);
    }
    const auto today = utc_day_start(view.at);
    auto charges = co_await client->charges(today, today);
    if (const auto* failure = std::get_if<vast::Failure>(&charges)) {
        report.add("error", key, "charges cannot be read: " + failure->message);
    } else {
        report.add("ok", key, "charges can be read");
    }
    auto columns = co_await client->unknown_columns();
    if (const auto* names = std::get_if<std::vector<std::string>>(&columns)) {
        for (const auto& name : *names) {
            report.add(
                "warning",
                key,
                fmt::format(
                    "the service no longer knows the column {}; it reads as unknown", name));
        }
        if (names->empty()) {
            report.add("ok", key, "all columns are known to the service");
        }
    }
    const auto shown = std::find_if(
        view.accounts.begin(), view.accounts.end(), [&](const engine::AccountView& item) {
            return item.name == account.name();
        });
    const std::size_t instances = shown == view.accounts.end() ? 0 : shown->instances;
    report.add(
        "ok",
        key,
        fmt::format(
            "a sweep of {} instances takes about {}",
            instances,
            format_duration(client->estimated_sweep(instances))));
    if (shown != view.accounts.end() && shown->stale) {
        report.add("error", key, "no recent complete listing: " + shown->problem);
    }
}

void check_teams(Report& report, const engine::View& view, const policy::Policy& policy) {
    for (const auto& team : view.teams) {
        const bool unassigned = team.name == policy::unassigned();
        if (team.instances == 0 && !unassigned) {
            report.add(
                "note",
                "team " + team.name.str(),
                "no instance belongs to it; do its label globs match what people write?");
        }
        if (unassigned && !team.burn.is_zero()) {
            report.add(
                "warning",
                "team unassigned",
                fmt::format(
                    "{} instances without a team cost {}", team.instances, format_rate(team.burn)));
        }
    }
    if (!policy.enforcement.enforce) {
        report.add("note", "enforcement", "mode is \"dry-run\": nothing is stopped or destroyed");
    }
}

void check_notifiers(Report& report, const engine::View& view) {
    if (view.notifiers.empty()) {
        report.add("warning", "notifiers", "there is none: nobody will be told anything");
    }
    for (const auto& notifier : view.notifiers) {
        if (notifier.pending == 0) {
            report.add("ok", "notifier " + notifier.name.str(), "nothing waits to be delivered");
        } else {
            report.add(
                "warning",
                "notifier " + notifier.name.str(),
                fmt::format(
                    "{} alerts wait to be delivered; the latest answer: {}",
                    notifier.pending,
                    notifier.last_answer.empty() ? "none yet" : notifier.last_answer));
        }
    }
}

void check_machine(Report& report, const std::filesystem::path& directory, Instant now) {
    std::error_code error;
    const auto space = std::filesystem::space(directory, error);
    if (error) {
        report.add("error", "disk", "the state directory cannot be examined: " + error.message());
    } else {
        constexpr std::uintmax_t mebibyte = std::uintmax_t{1024} * 1024;
        const auto free_mib = space.available / mebibyte;
        report.add(
            free_mib < 100 ? "error" : "ok",
            "disk",
            fmt::format("{} MiB are free for the state", free_mib));
    }
    constexpr Instant built{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};
    if (now < built) {
        report.add("error", "clock", "the clock says " + format_rfc3339(now) + ", which is past");
    } else {
        report.add("ok", "clock", "the clock says " + format_rfc3339(now));
    }
}

}  // namespace

asio::awaitable<json::value> Watch::doctor() {
    Report report;
    const auto shown = view();
    const bool acts = config_->policy->enforcement.enforce;
    check_machine(report, core_.world().state_directory, core_.now().wall);
    if (!shown->health.store_writable) {
        report.add("error", "state", shown->health.store_problem);
    }
    if (!shown->health.config_problem.empty()) {
        report.add("error", "configuration", shown->health.config_problem);
    }
    for (auto& [name, account] : accounts_) {
        co_await check_account(report, *account, *shown, acts);
    }
    check_teams(report, *shown, *config_->policy);
    check_notifiers(report, *shown);
    co_return report.take();
}

}  // namespace vastwatch::watch
