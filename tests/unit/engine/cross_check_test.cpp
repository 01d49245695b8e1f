// Spec section 4: what the service says that instances cost is compared with what is counted, and a
// disagreement beyond 2% over several readings is told, once.
#include "scene.hpp"

#include <doctest/doctest.h>

namespace vastwatch::engine::testing {
namespace {

using doctest::Approx;

/// An instance at $2/h, of which the service says another price.
class CrossChecked : public Scene {
  public:
    CrossChecked() : Scene(quiet_policy()) { rent(1, "ml/x", 2); }

    std::vector<Disagreement> list(std::optional<double> reported) {
        machine(1).row.prices.reported = reported ? std::optional{dph(*reported)} : std::nullopt;
        fleet::Sweep sweep;
        sweep.account = main_account;
        sweep.began = sweep.ended = now();
        sweep.rows = {machine(1).row};
        return taken(engine().on_sweep(sweep, now()));
    }

    std::vector<Disagreement> read_rate(double reported) {
        MoneyRead money;
        money.account = main_account;
        money.reported_rate = dph(reported);
        return taken(engine().on_money(money, now()));
    }

  private:
    std::vector<Disagreement> taken(Effects effects) {
        auto news = effects.disagreements;
        settle(std::move(effects));
        return news;
    }
};

TEST_CASE("a spend rate that differs is told at the third reading, once") {
    CrossChecked scene;
    scene.list(2);
    CHECK(scene.read_rate(1).empty());
    CHECK(scene.read_rate(1).empty());
    const auto news = scene.read_rate(1);
    REQUIRE(news.size() == 1);
    CHECK(news.front().differs);
    CHECK(news.front().figure == "spend rate");
    CHECK(news.front().account == main_account);
    CHECK(news.front().difference == Approx(-0.5));
    CHECK(scene.read_rate(1).empty());
}

TEST_CASE("that a spend rate agrees again is told, once") {
    CrossChecked scene;
    scene.list(2);
    for (int i = 0; i < 3; ++i) {
        scene.read_rate(1);
    }
    const auto news = scene.read_rate(2);
    REQUIRE(news.size() == 1);
    CHECK_FALSE(news.front().differs);
    CHECK(scene.read_rate(2).empty());
}

TEST_CASE("a spend rate that differs only now and then is not told") {
    CrossChecked scene;
    scene.list(2);
    for (int i = 0; i < 4; ++i) {
        CHECK(scene.read_rate(1).empty());
        CHECK(scene.read_rate(1).empty());
        CHECK(scene.read_rate(2.03).empty());
    }
}

TEST_CASE("listed prices that differ are told at the third listing, and exported") {
    CrossChecked scene;
    CHECK(scene.list(2.5).empty());
    CHECK(scene.list(2.5).empty());
    const auto news = scene.list(2.5);
    REQUIRE(news.size() == 1);
    CHECK(news.front().figure == "listed prices");
    CHECK(scene.view()->accounts.front().listed_difference == Approx(0.2));
}

TEST_CASE("listings without such prices say nothing") {
    CrossChecked scene;
    for (int i = 0; i < 4; ++i) {
        CHECK(scene.list(std::nullopt).empty());
    }
    CHECK_FALSE(scene.view()->accounts.front().listed_difference);
}

TEST_CASE("the price of an instance that is on its way to run is not compared") {
    CrossChecked scene;
    scene.machine(1).loading();
    for (int i = 0; i < 4; ++i) {
        CHECK(scene.list(0.1).empty());
    }
}

}  // namespace
}  // namespace vastwatch::engine::testing
