// What a good configuration becomes: values, defaults, inheritance, order.
#include "support.hpp"

namespace vastwatch::config::test {
namespace {

using namespace std::chrono_literals;
using policy::Action;
using policy::Window;

const policy::Team& team_of(const Config& config, const std::string& name) {
    const auto* team = config.policy->find_team(TeamName{name});
    REQUIRE(team != nullptr);
    return *team;
}

std::shared_ptr<const Config> spec_example() {
    const auto outcome = load(data_directory / "good" / "spec-example.conf", usual_surroundings());
    const auto* config = std::get_if<std::shared_ptr<const Config>>(&outcome);
    REQUIRE(config != nullptr);
    return *config;
}

TEST_CASE("without the key the mode is a dry run") {
    CHECK_FALSE(load_text(account)->policy->enforcement.enforce);
}

TEST_CASE("an account without anything else has the documented defaults") {
    const auto config = load_text(account);
    REQUIRE(config->accounts.size() == 1);
    const auto& access = config->accounts.front();
    CHECK(access.name.str() == "main");
    CHECK(access.api_key.reveal() == "main-key-of-the-tests");
    CHECK(access.url == "https://console.vast.ai");
    CHECK(access.poll_interval == 60s);
    CHECK(access.billing_interval == 10min);
    CHECK(access.request_timeout == 30s);
    CHECK(access.request_interval == 1s);
    CHECK(config->daemon.listen_host == "127.0.0.1");
    CHECK(config->daemon.listen_port == 9877);
    CHECK(config->policy->enforcement.mass_idle_limit == Percent{50});
}

TEST_CASE("money is exact to the micro-dollar") {
    const auto config = spec_example();
    CHECK(team_of(*config, "capped").caps.daily == Usd::from_nanos(1'000'001'000));
    CHECK(team_of(*config, "ml-research").caps.lifetime == Usd::dollars(50'000));
    CHECK(team_of(*config, "ml-research").max_dph == UsdPerHour::from_nanos(4'000'000'000));
}

TEST_CASE("every amount with six decimals is read exactly") {
    for (const auto* text : {"0.000001", "999999999.999999", "123456.789012", "1_000.5", "2.5e2"}) {
        CAPTURE(text);
        const auto config =
            load_text(account + "[team.a]\nlabels = [\"a\"]\ndaily_cap = " + text + "\n");
        const auto cap = config->policy->find_team(TeamName{"a"})->caps.daily;
        REQUIRE(cap.has_value());
        CHECK(cap->nanos() % 1000 == 0);
        CHECK(
            to_double(*cap) ==
            doctest::Approx(std::stod(std::string{text} == "1_000.5" ? "1000.5" : text))
                .epsilon(1e-15));
    }
}

TEST_CASE("a team inherits from [defaults] what it does not say itself") {
    const auto config = load_text(
        account +
        "[defaults]\nidle_for = \"3h\"\nidle_warning = \"1h\"\n"
        "[team.a]\nlabels = [\"a\"]\nidle_for = \"4h\"\n");
    CHECK(team_of(*config, "a").rules.idle_for == 4h);
    CHECK(team_of(*config, "a").rules.idle_warning == 1h);
    CHECK(team_of(*config, "a").rules.idle_action == Action::destroy);
}

TEST_CASE("[defaults] counts wherever it stands") {
    const auto config =
        load_text(account + "[team.a]\nlabels = [\"a\"]\n[defaults]\nidle_for = \"3h\"\n");
    CHECK(team_of(*config, "a").rules.idle_for == 3h);
}

TEST_CASE("unassigned inherits durations and notifiers, but no action") {
    const auto config = load_text(
        account +
        "[notifier.ops]\ntype = \"webhook\"\nurl = \"https://hooks.example.com/x\"\n"
        "[defaults]\nidle_for = \"3h\"\nviolation_action = \"destroy\"\n"
        "stopped_action = \"destroy\"\nloading_action = \"off\"\nnotify = [\"ops\"]\n");
    const auto& rules = team_of(*config, "unassigned").rules;
    CHECK(rules.idle_for == 3h);
    CHECK(rules.notify.size() == 1);
    CHECK(rules.idle_action == Action::off);
    CHECK(rules.cap_action == Action::alert);
    CHECK(rules.violation_action == Action::alert);
    CHECK(rules.stopped_action == Action::alert);
    CHECK(rules.loading_action == Action::off);
}

TEST_CASE("unassigned is acted upon only where its own table says so") {
    const auto config = load_text(account + "[team.unassigned]\ncap_action = \"destroy\"\n");
    const auto& rules = team_of(*config, "unassigned").rules;
    CHECK(rules.cap_action == Action::destroy);
    CHECK(rules.idle_action == Action::off);
}

TEST_CASE("teams stand in the order of the file, unassigned last") {
    const auto config = load_text(
        account +
        "[team.zeta]\nlabels = [\"z\"]\n[team.unassigned]\n[team.alpha]\nlabels = [\"a\"]\n");
    const auto& teams = config->policy->teams;
    REQUIRE(teams.size() == 3);
    CHECK(teams[0].name.str() == "zeta");
    CHECK(teams[1].name.str() == "alpha");
    CHECK(teams[2].name.str() == "unassigned");
}

TEST_CASE("files of the directory are read after the main file, in the order of their names") {
    const auto file = data_directory / "good" / "teams-in-files.conf";
    const auto outcome = load(file, usual_surroundings());
    const auto& config = *std::get<std::shared_ptr<const Config>>(outcome);
    std::string order;
    for (const auto& team : config.policy->teams) {
        order += team.name.str() + " ";
    }
    CHECK(order == "zeta mid alpha unassigned ");
    CHECK(config.files.size() == 3);
    CHECK(config.policy->alerts.size() == 2);
}

TEST_CASE("a capped team without an alert is told at 80% and 100% of each cap") {
    const auto config =
        load_text(account + "[team.a]\nlabels = [\"a\"]\ndaily_cap = 10\nspending_limit = 1000\n");
    const auto& alerts = config->policy->alerts;
    REQUIRE(alerts.size() == 2);
    CHECK(alerts[0].window == Window::day);
    CHECK(alerts[1].window == Window::lifetime);
    for (const auto& alert : alerts) {
        CHECK(alert.team == TeamName{"a"});
        REQUIRE(alert.at.size() == 2);
        CHECK(alert.at[0].text() == "80%");
        CHECK(alert.at[1].text() == "100%");
        CHECK_FALSE(alert.forecast);
    }
    CHECK(config->written_alerts == 0);
}

TEST_CASE("a capped account without an alert is told through the notifiers of [defaults]") {
    const auto config = load_text(
        account +
        "monthly_cap = 10\n[defaults]\nnotify = [\"ops\"]\n"
        "[notifier.ops]\ntype = \"webhook\"\nurl = \"https://hooks.example.com/x\"\n");
    REQUIRE(config->policy->alerts.size() == 1);
    CHECK(config->policy->alerts[0].account == AccountName{"main"});
    REQUIRE(config->policy->alerts[0].notify.size() == 1);
    CHECK(config->policy->alerts[0].notify[0].str() == "ops");
}

TEST_CASE("who has an alert of their own gets no other") {
    const auto config = spec_example();
    REQUIRE(config->written_alerts == 2);
    for (std::size_t i = config->written_alerts; i < config->policy->alerts.size(); ++i) {
        CHECK(config->policy->alerts[i].team == TeamName{"capped"});
    }
    CHECK(config->policy->alerts.size() == 3);
}

TEST_CASE("thresholds rise, shares and amounts together") {
    const auto config = spec_example();
    const auto& at = config->policy->alerts.front().at;
    REQUIRE(at.size() == 3);
    CHECK(at[0].text() == "50%");
    CHECK(at[1].text() == "$120.00");
    CHECK(at[2].text() == "100%");
}

TEST_CASE("an alert without notify tells the team's own notifiers") {
    const auto config = load_text(
        account +
        "[team.a]\nlabels = [\"a\"]\nnotify = [\"b\"]\n[[alert]]\nteam = \"a\"\nwindow = "
        "\"day\"\nat = [5]\n"
        "[notifier.b]\ntype = \"webhook\"\nurl = \"https://hooks.example.com/x\"\n");
    REQUIRE(config->policy->alerts.front().notify.size() == 1);
    CHECK(config->policy->alerts.front().notify[0].str() == "b");
}

TEST_CASE("the time zone reaches the calendar") {
    CHECK(spec_example()->policy->calendar.zone_name() == "Europe/Berlin");
}

TEST_CASE("IPv6 addresses are listened on without their brackets") {
    const auto config = load_text(account + "[daemon]\nlisten = \"[::1]:0\"\n");
    CHECK(config->daemon.listen_host == "::1");
    CHECK(config->daemon.listen_port == 0);
}

TEST_CASE("the state directory is systemd's where the file names none") {
    auto surroundings =
        surroundings_of({{"VAST_API_KEY", "k"}, {"STATE_DIRECTORY", "/run/state:/other"}});
    CHECK(load_text(account, surroundings)->daemon.state_directory == "/run/state");
    CHECK(
        load_text(account + "[daemon]\nstate_directory = \"/own\"\n", surroundings)
            ->daemon.state_directory == "/own");
}

TEST_CASE("a final slash of the API's URL is dropped") {
    CHECK(spec_example()->accounts.front().url == "https://console.vast.ai");
}

TEST_CASE("in a dry run nobody has to be named for the warning") {
    CHECK(mistakes_of(account + "[team.a]\nlabels = [\"a\"]\n") == "");
}

TEST_CASE("a shadow needs an earlier team that matches everything of the later one") {
    CHECK(
        mistakes_of(
            account + "[team.a]\nlabels = [\"a?\", \"b-*-c\"]\n"
                      "[team.b]\nlabels = [\"a*\", \"b-*\", \"b-*-d\"]\n") == "");
}

TEST_CASE("changes that need a restart are named, others are not") {
    const auto before = load_text(account);
    const auto after = load_text(
        account +
        "[daemon]\nlisten = \"127.0.0.1:1\"\nstate_directory = \"/x\"\n"
        "log_level = \"debug\"\n");
    CHECK(
        summarize_changes(*before, *after) ==
        "daemon.listen, daemon.state_directory changed, which takes effect at the next restart");
    CHECK(summarize_changes(*before, *before) == "");
}

}  // namespace
}  // namespace vastwatch::config::test
