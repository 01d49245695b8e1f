#include "metrics/savings.hpp"

#include "../web/sample_view.hpp"

#include <doctest/doctest.h>

namespace sample = vastwatch::sample;
using namespace vastwatch;
using metrics::savings_of;
using std::chrono::hours;

namespace {

const TeamName ml{"ml-research"};

/// Ended two hours ago, at $18.40 an hour.
enforcement::Case ended(std::int64_t number, enforcement::Step step) {
    auto out = sample::action(number, step);
    out.opened = sample::now - hours{4};
    out.due = sample::now - hours{3};
    out.closed_at = sample::now - hours{2};
    return out;
}

engine::View view_of(std::vector<enforcement::Case> cases) {
    engine::View view;
    view.at = sample::now;
    view.cases = std::move(cases);
    return view;
}

Usd done_today(const engine::View& view) {
    const auto all = savings_of(view);
    return all.contains(ml) ? all.at(ml).day.done : Usd{};
}

Usd cents(std::int64_t amount) {
    return Usd::from_nanos(amount * 10'000'000);
}

}  // namespace

TEST_CASE("what was destroyed saves its rate from its confirmation on") {
    const auto view = view_of({ended(1, enforcement::Step::confirmed)});
    CHECK(done_today(view) == cents(3680));
    CHECK(savings_of(view).at(ml).month.done == cents(3680));
    CHECK(savings_of(view).at(ml).day.dry_run == Usd{});
}

TEST_CASE("an action that was dropped, or is still open, saves nothing") {
    CHECK(done_today(view_of({ended(1, enforcement::Step::dropped)})) == Usd{});
    CHECK(done_today(view_of({sample::action(1, enforcement::Step::requested)})) == Usd{});
}

TEST_CASE("of what was taken down yesterday, today's share counts for today") {
    auto item = ended(1, enforcement::Step::confirmed);
    item.closed_at = Calendar{}.day_start(sample::now) - hours{10};
    const auto saved = savings_of(view_of({item})).at(ml);
    CHECK(saved.month.done - saved.day.done == cents(18400));
}

TEST_CASE("what was taken down in an earlier month saves nothing any more") {
    auto item = ended(1, enforcement::Step::confirmed);
    item.closed_at = Calendar{}.month_start(sample::now) - hours{1};
    CHECK(done_today(view_of({item})) == Usd{});
}

TEST_CASE("a stopped instance saves what it costs less than before") {
    auto view = view_of({ended(1, enforcement::Step::confirmed)});
    view.cases[0].action = policy::Action::stop;
    auto left = sample::instance(301, "ml-research");
    left.rate = UsdPerHour::from_nanos(400'000'000);
    view.instances = {left};
    CHECK(done_today(view) == cents(3600));
}

TEST_CASE("what was started again and costs as much as before saves nothing") {
    auto view = view_of({ended(1, enforcement::Step::confirmed)});
    auto back = sample::instance(301, "ml-research");
    back.rate = UsdPerHour::from_nanos(30'000'000'000);
    view.instances = {back};
    CHECK(done_today(view) == Usd{});
}

TEST_CASE("an instance that came again is counted until then by its older case") {
    auto newer = ended(1, enforcement::Step::confirmed);
    newer.opened = sample::now - hours{1};
    newer.due = newer.opened;
    newer.closed_at = sample::now;
    CHECK(done_today(view_of({newer, ended(1, enforcement::Step::confirmed)})) == cents(1840));
}

TEST_CASE(
    "in dry run an action would have saved the rate from its deadline until its reason ended") {
    const auto saved = savings_of(view_of({ended(1, enforcement::Step::dry_run)})).at(ml);
    CHECK(saved.day.dry_run == cents(1840));
    CHECK(saved.day.done == Usd{});
    auto lasting = ended(1, enforcement::Step::dry_run);
    lasting.closed_at.reset();
    CHECK(savings_of(view_of({lasting})).at(ml).day.dry_run == cents(5520));
}
