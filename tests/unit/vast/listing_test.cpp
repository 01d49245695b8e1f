#include "vast/listing.hpp"

#include "support.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>

namespace vastwatch::vast {
namespace {

Page page(std::initializer_list<std::int64_t> ids, std::int64_t total, std::string token = "") {
    Page made;
    for (const auto id : ids) {
        fleet::Observation row;
        row.id = InstanceId(id);
        made.rows.push_back(row);
        fleet::Recipe recipe;
        recipe.machine_id = id;
        made.recipes.push_back(recipe);
    }
    made.total = total;
    made.next_token = std::move(token);
    return made;
}

/// Adds the pages and takes the listing.
Outcome<Listing> listing_of(std::vector<Page> pages, std::size_t asked = 0) {
    ListTally tally(asked);
    for (auto& one : pages) {
        const auto failure = tally.add(std::move(one));
        if (failure) {
            return *failure;
        }
    }
    return tally.take();
}

bool is_incomplete(const Outcome<Listing>& outcome) {
    return failure_in(outcome).problem == Problem::incomplete;
}

}  // namespace

TEST_CASE("pages that add up are a listing") {
    const auto outcome = listing_of({page({1, 2}, 3, "a"), page({3}, 3)});
    CHECK(value_in(outcome).rows.size() == 3);
}

TEST_CASE("fewer rows than the last page counts are incomplete") {
    CHECK(is_incomplete(listing_of({page({1, 2}, 4, "a"), page({3}, 4)})));
    CHECK(is_incomplete(listing_of({page({}, 25)})));
}

TEST_CASE("more rows than a count that never changed are incomplete") {
    CHECK(is_incomplete(listing_of({page({1, 2}, 1, "a"), page({3}, 1)})));
}

TEST_CASE("what was destroyed after it had been listed does not spoil the listing") {
    const auto outcome = listing_of({page({1, 2}, 3, "a"), page({3}, 2)});
    CHECK(value_in(outcome).rows.size() == 3);
}

TEST_CASE("what was created while the pages were read belongs to the listing") {
    const auto outcome = listing_of({page({1, 2}, 3, "a"), page({3, 4}, 4)});
    CHECK(value_in(outcome).rows.size() == 4);
}

TEST_CASE("an instance on two pages is incomplete") {
    CHECK(is_incomplete(listing_of({page({1, 2}, 3, "a"), page({2}, 3)})));
}

TEST_CASE("rows in another order are put in order, recipes with them") {
    const auto outcome = listing_of({page({3, 1}, 3, "a"), page({2}, 3)});
    const auto& listing = value_in(outcome);
    CHECK(listing.rows[0].id == InstanceId(1));
    CHECK(listing.rows[2].id == InstanceId(3));
    CHECK(listing.recipes[0].machine_id == 1);
    CHECK(listing.recipes[2].machine_id == 3);
}

TEST_CASE("a row without an id counts as listed in a sweep") {
    auto one = page({1}, 2);
    one.skipped = 1;
    const auto outcome = listing_of({std::move(one)});
    CHECK(value_in(outcome).skipped == 1);
}

TEST_CASE("a row without an id spoils a verification: it may be the one asked for") {
    auto one = page({1}, 2);
    one.skipped = 1;
    CHECK(is_incomplete(listing_of({std::move(one)}, 2)));
}

TEST_CASE("an id that was asked for and is not listed is gone, not missing") {
    const auto outcome = listing_of({page({1}, 1)}, 2);
    CHECK(value_in(outcome).rows.size() == 1);
}

TEST_CASE("a verification with fewer rows than it counts is incomplete") {
    CHECK(is_incomplete(listing_of({page({1}, 2)}, 2)));
}

TEST_CASE("a count that ignores the filter does not spoil a verification") {
    const auto outcome = listing_of({page({1}, 800)}, 2);
    CHECK(value_in(outcome).rows.size() == 1);
}

TEST_CASE("a token that comes again ends the listing") {
    CHECK(is_incomplete(listing_of({page({1}, 9, "a"), page({2}, 9, "b"), page({3}, 9, "a")})));
}

TEST_CASE("pages without end, each with a new token, are cut off") {
    ListTally tally(0);
    int pages = 0;
    while (!tally.add(page({}, 10, std::to_string(pages)))) {
        ++pages;
        REQUIRE(pages < 1000);
    }
    CHECK(pages < 100);
}

}  // namespace vastwatch::vast
