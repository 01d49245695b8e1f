// A configuration file. What is wrong with it is told at places that exist, without a secret; what
// loads is printed, and what was printed loads again to the same.
#include "config/config.hpp"
#include "fuzz.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace vastwatch::fuzz {
namespace {

using config::Config;

/// Part of every secret that comes from outside the file.
const std::string secret_mark = "S3CRETMARK";

const MemoryDirectory& directory() {
    static const MemoryDirectory made;
    return made;
}

config::Surroundings surroundings() {
    config::Surroundings out;
    out.environment = [](const std::string& name) -> std::optional<std::string> {
        if (name == "CREDENTIALS_DIRECTORY") {
            return directory().path().native();
        }
        if (name == "STATE_DIRECTORY" || name.starts_with("UNSET")) {
            return std::nullopt;
        }
        return name.find("URL") == std::string::npos
                   ? secret_mark + name
                   : "https://hooks.example.com/" + secret_mark + "/" + name;
    };
    return out;
}

void check_mistakes(const config::Mistakes& mistakes, std::string_view text) {
    require(!mistakes.list.empty(), "what does not load has a mistake");
    const auto lines = split(text, '\n');
    const config::Mistake* before = nullptr;
    for (const auto& mistake : mistakes.list) {
        const auto told = mistake.to_string();
        require_shown(told, 4096, "a mistake is one bounded printable line");
        require(!mistake.text.empty(), "a mistake says what is wrong");
        require(mistake.line <= lines.size(), "a mistake is on a line of the file", told);
        if (mistake.line > 0) {
            const auto length = lines[mistake.line - 1].size();
            require(
                mistake.column >= 1 && mistake.column <= length + 1,
                "a mistake is in a column of its line",
                told);
        }
        require(
            before == nullptr || before->file != mistake.file || before->line <= mistake.line,
            "mistakes come in the order of the file",
            told);
        require(told.find(secret_mark) == std::string::npos, "no secret is in a mistake", told);
        before = &mistake;
    }
}

void check_config(const Config& config) {
    require(config.policy != nullptr, "there is a policy");
    const auto& policy = *config.policy;
    require(!config.accounts.empty(), "there is an account");
    require(config.accounts.size() == policy.accounts.size(), "accounts are in both halves");
    require(config.written_alerts <= policy.alerts.size(), "written alerts are among all");
    for (std::size_t i = 0; i < config.accounts.size(); ++i) {
        require(config.accounts[i].name == policy.accounts[i].name, "accounts have one order");
        require(!config.accounts[i].api_key.empty(), "an account has a key");
    }
    require(!policy.teams.empty(), "there is a team");
    require(policy.teams.back().name == policy::unassigned(), "unassigned is last");
    for (const auto& team : policy.teams) {
        for (const auto& cap : {team.caps.daily, team.caps.monthly, team.caps.lifetime}) {
            require(!cap || *cap > Usd{}, "a cap is above zero");
        }
        require(team.rules.idle_for > Duration{0}, "being idle takes time");
    }
    for (const auto& alert : policy.alerts) {
        require(alert.team.has_value() != alert.account.has_value(), "an alert is about one thing");
        for (const auto& threshold : alert.at) {
            require(
                threshold.percent.has_value() != threshold.amount.has_value(),
                "a threshold is a share or an amount");
        }
    }
}

/// Whether each secret says where it came from, so that printing loses none.
bool all_sourced(const Config& config) {
    const auto sourced = [](const Secret& secret, const config::SecretSource& source) {
        return secret.empty() || !source.key.empty();
    };
    const bool accounts = std::ranges::all_of(config.accounts, [&](const auto& account) {
        return sourced(account.api_key, account.api_key_source);
    });
    const bool notifiers = std::ranges::all_of(config.notifiers, [&](const auto& notifier) {
        return sourced(notifier.url, notifier.url_source) &&
               sourced(notifier.signing_secret, notifier.signing_secret_source);
    });
    const bool smtp = !config.smtp || sourced(config.smtp->password, config.smtp->password_source);
    const bool heartbeat =
        !config.heartbeat || sourced(config.heartbeat->url, config.heartbeat->url_source);
    return accounts && notifiers && smtp && heartbeat;
}

void check_round_trip(const Config& config, const std::filesystem::path& file) {
    const auto printed = config::to_toml(config);
    require(is_utf8(printed), "what is printed is UTF-8");
    require(printed.find(secret_mark) == std::string::npos, "no secret is printed", printed);
    if (!all_sourced(config)) {
        return;
    }
    write_file(file, printed);
    const auto outcome = config::load(file, surroundings());
    if (const auto* mistakes = std::get_if<config::Mistakes>(&outcome)) {
        require(false, "what is printed loads again", mistakes->list.front().to_string());
        return;
    }
    const auto& again = *std::get<std::shared_ptr<const Config>>(outcome);
    require(config::to_toml(again) == printed, "what is printed loads again to the same", printed);
    require(
        config::summarize_changes(config, again).empty(),
        "what is printed changes nothing",
        printed);
    for (std::size_t i = 0; i < config.accounts.size(); ++i) {
        require(
            again.accounts[i].api_key.reveal() == config.accounts[i].api_key.reveal(),
            "what is printed finds the same key");
    }
    require(again.policy->alerts.size() == config.policy->alerts.size(), "alerts stay");
    require(again.policy->teams.size() == config.policy->teams.size(), "teams stay");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = text_of(data, size);
    if (text.find(secret_mark) != std::string_view::npos) {
        return 0;
    }
    const auto file = directory().path() / "vastwatch.conf";
    static const bool credential = [] {
        write_file(directory().path() / "api-key", secret_mark + "-of-a-file\n");
        return true;
    }();
    require(credential, "there is a credential");
    write_file(file, text);
    const auto outcome = config::load(file, surroundings());
    if (const auto* mistakes = std::get_if<config::Mistakes>(&outcome)) {
        check_mistakes(*mistakes, text);
        return 0;
    }
    const auto& config = *std::get<std::shared_ptr<const Config>>(outcome);
    check_config(config);
    check_round_trip(config, file);
    return 0;
}

}  // namespace vastwatch::fuzz
