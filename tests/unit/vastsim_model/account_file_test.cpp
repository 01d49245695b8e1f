#include "model/account_file.hpp"

#include "fixtures.hpp"
#include "model/fleet.hpp"
#include "model/rows.hpp"

#include <boost/json/parse.hpp>

#include <doctest/doctest.h>

#include <set>

namespace vastwatch::vastsim {
namespace {

std::vector<AccountSpec> read(const std::string& text, std::vector<std::string>& errors) {
    return read_accounts(boost::json::parse(text), errors);
}

}  // namespace

TEST_CASE("account file: everything it names is understood") {
    std::vector<std::string> errors;
    const auto accounts = read(
        R"({"name": "main", "key": "k", "credit": 12.5, "charge_lag": "5m",
            "instances": [{"id": 7, "label": null, "gpu_name": "H100 SXM", "num_gpus": 8,
                "dph_base": 17.92, "start": "-10m", "credit_discount": 0.2, "repeat": true,
                "price_increase": {"at": "5m", "dph_base": 20, "accept": "10m"},
                "behaviour": [
                    {"for": "30s", "state": "loading"},
                    {"for": "forever", "gpu_util": {"jitter": [60, 98]}, "zero_every": 3},
                    {"state": "offline", "gpu_temp": null, "stale": true}]}],
            "volumes": [{"label": "v", "size": 50, "attached": [7]}]})",
        errors);
    CHECK(errors.empty());
    REQUIRE(accounts.size() == 1);
    const AccountSpec& made = accounts.front();
    CHECK(made.credit == Usd::from_nanos(12'500'000'000));
    CHECK(made.delays.charge_lag == minutes{5});
    const InstanceSpec& instance = made.instances.at(0);
    CHECK(instance.start == -minutes{10});
    CHECK(instance.behaviour.size() == 3);
    CHECK(instance.behaviour[0].length == seconds{30});
    CHECK_FALSE(instance.behaviour[1].length.has_value());
    CHECK(instance.behaviour[1].signals.at("gpu_util").kind == Signal::Kind::jitter);
    CHECK(instance.behaviour[1].zero_every == 3);
    CHECK(instance.behaviour[2].stale);
    CHECK(instance.price_increase->accepted_at == minutes{10});
}

TEST_CASE("account file: all mistakes are told at once, each with its key") {
    std::vector<std::string> errors;
    read(
        R"({"nmae": "x", "credit": "much",
            "instances": [{"dph_base": true, "start": "soon",
                           "behaviour": [{"state": "asleep"}]}]})",
        errors);
    CHECK(errors.size() == 5);
    const std::set<std::string> told(errors.begin(), errors.end());
    CHECK(told.contains("account.nmae: unknown key"));
    CHECK(told.contains("behaviour.state: unknown state asleep"));
}

TEST_CASE("account file: an id may stand there once") {
    std::vector<std::string> errors;
    read(R"({"instances": [{"id": 7}, {"id": 7}]})", errors);
    CHECK(errors == std::vector<std::string>{"instance.id: 7 is there twice"});
}

TEST_CASE("account file: several accounts stand in a list") {
    std::vector<std::string> errors;
    const auto accounts = read(R"({"accounts": [{"name": "a"}, {"name": "b"}]})", errors);
    CHECK(errors.empty());
    CHECK(accounts.size() == 2);
}

TEST_CASE("made-up fleets: the same seed gives the same rows, another seed others") {
    const auto rows = [](std::uint64_t seed) {
        FleetOptions options;
        options.profile = "mixed";
        options.instances = 50;
        options.seed = seed;
        Account a(*generate_account(options), t0, seed);
        boost::json::array all;
        for (const auto& [id, instance] : a.instances()) {
            all.push_back(full_row(a, instance));
        }
        return boost::json::value(all);
    };
    CHECK(rows(1) == rows(1));
    CHECK(rows(1) != rows(2));
}

TEST_CASE("made-up fleets: the quickstart has an idle, an unlabelled and a hostile instance") {
    FleetOptions options;
    options.teams = {"a", "b", "c"};
    const Account a(*generate_account(options), t0, 1);
    CHECK(a.instances().size() == 16);
    CHECK(a.label_counts().contains(""));
    bool idle = false;
    bool hostile = false;
    for (const auto& [id, instance] : a.instances()) {
        const Sample sample = sample_of(instance, t0, 1);
        idle = idle || (sample.gpu_util == 0.0 && sample.gpu_temp.is_double() &&
                        sample.gpu_temp.get_double() > 35);
        hostile = hostile || instance.spec.label.value_or("").find('\r') != std::string::npos;
    }
    CHECK(idle);
    CHECK(hostile);
}

TEST_CASE("made-up fleets: a steady one never changes its state") {
    FleetOptions options;
    options.profile = "steady";
    options.instances = 100;
    Account a(*generate_account(options), t0, 1);
    a.advance_to(t0 + hours{48});
    CHECK(a.journal().empty());
    CHECK(a.instances().size() == 100);
}

TEST_CASE("made-up fleets: an unknown profile is refused") {
    FleetOptions options;
    options.profile = "chaos";
    CHECK_FALSE(generate_account(options).has_value());
}

}  // namespace vastwatch::vastsim
