#include "web/page.hpp"

#include "sample_view.hpp"
#include "web/curve.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <regex>
#include <string>

namespace sample = vastwatch::sample;
namespace web = vastwatch::web;
using namespace vastwatch;

namespace {

std::string page(const std::shared_ptr<engine::View>& view) {
    return web::Page{}.render(*view, std::nullopt);
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::size_t count_of(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

}  // namespace

TEST_CASE("the page stays under 100 kB at sixty instances") {
    CHECK(page(sample::view()).size() < 100'000);
}

TEST_CASE("the page asks for nothing from elsewhere") {
    const auto html = page(sample::view());
    CHECK_FALSE(has(html, "https://"));
    CHECK_FALSE(has(html, "src="));
    CHECK_FALSE(has(html, "@import"));
    // The icon's namespace is a name, nothing that is fetched.
    CHECK(count_of(html, "http://") == 1);
}

TEST_CASE("the page needs no inline style or handler, which its policy would refuse") {
    const auto html = page(sample::view());
    CHECK_FALSE(has(html, "style=\""));
    CHECK_FALSE(std::regex_search(html, std::regex{R"re(<[^>]* on[a-z]+=)re"}));
}

TEST_CASE("without scripts the browser reloads the page") {
    CHECK(has(page(sample::view()), "<noscript><meta http-equiv=\"refresh\""));
}

TEST_CASE("a team shows spend against its cap and when that will be reached") {
    const auto html = page(sample::view());
    CHECK(has(html, "<b>$160.02</b> of $200.00"));
    CHECK(has(html, "cap at 22:17 UTC, in 3h 13m"));
    CHECK(has(html, "<b>80%</b>"));
}

TEST_CASE("a cap that was reached is said so") {
    CHECK(has(page(sample::view()), "<span class=\"bad\">cap reached</span>"));
}

TEST_CASE("an instance about to go shows when, how and why") {
    const auto html = page(sample::view());
    CHECK(has(html, "destroy in 14m"));
    CHECK(has(html, "at 19:18 UTC: GPU below 5% for 1h 46m; the limit is 2h"));
}

TEST_CASE("an instance about to go comes before all others") {
    const auto html = page(sample::view());
    CHECK(html.find("/api/v1/instances/900000001") < html.find("/api/v1/instances/1000\""));
}

TEST_CASE("what is unknown of an instance is called unknown, not zero") {
    const auto html = page(sample::view(0));
    const auto row = html.substr(html.find("<b>900000002</b>"));
    const auto end = row.find("</tr>");
    CHECK(has(row.substr(0, end), "class=\"soft\">unknown</td>"));
    CHECK(has(row.substr(0, end), "data-name=\"costs\">unknown</td>"));
}

TEST_CASE("two hundred instances are listed, and the page says that there are more") {
    const auto html = page(sample::view(1000));
    CHECK(count_of(html, "\"/api/v1/instances/") == 200);
    CHECK(has(html, "200 of 1003"));
    CHECK(has(html, "vastwatchctl instances"));
}

TEST_CASE("the instances of one team can be looked at alone") {
    const auto html = web::Page{}.render(*sample::view(), TeamName{"vision"});
    CHECK(count_of(html, "\"/api/v1/instances/") == 20);
}

TEST_CASE("a team that does not exist has no instances, and its name does no harm") {
    const auto html = web::Page{}.render(*sample::view(), TeamName{"<b>x"});
    CHECK(has(html, "There are none."));
    CHECK_FALSE(has(html, "<b>x"));
}

TEST_CASE("dry run, pause and holds are told at the top") {
    auto view = sample::view();
    view->health.enforce = false;
    enforcement::Pause pause;
    pause.since = sample::now;
    pause.actor = "uid:1000";
    view->health.pause = pause;
    enforcement::Hold hold;
    hold.id = HoldId{7};
    hold.instances.resize(5);
    view->holds.push_back(hold);
    const auto html = page(view);
    CHECK(has(html, "<b>Dry run:</b>"));
    CHECK(has(html, "<b>Paused</b> by uid:1000"));
    CHECK(has(html, "vastwatchctl approve 7"));
}

TEST_CASE("an account that is stale is told at the top, with its problem") {
    auto view = sample::view();
    view->accounts[0].stale = true;
    view->accounts[0].problem = "the request timed out";
    CHECK(has(page(view), "<b>Account main:</b> figures are from 20s ago. the request timed out"));
}

TEST_CASE("the badge says enforcing only when something is enforced") {
    auto view = sample::view();
    CHECK(has(page(view), "badge good\">enforcing<"));
    view->accounts[0].enforcing = false;
    CHECK(has(page(view), "badge bad\">not enforcing<"));
}

TEST_CASE("hostile text stays text") {
    const auto html = page(sample::hostile_view());
    CHECK_FALSE(has(html, "<script>alert"));
    CHECK_FALSE(has(html, "alert(\"x\")"));
    CHECK_FALSE(has(html, "\x1b"));
    CHECK_FALSE(has(html, "\xe2\x80\xae"));
    CHECK_FALSE(has(html, "\xff"));
    CHECK(has(html, "&lt;script&gt;alert("));
    CHECK(count_of(html, "<script>") == 1);
}

TEST_CASE("a page of nothing is a page") {
    const auto view = std::make_shared<engine::View>();
    const auto html = page(view);
    CHECK(has(html, "There are none."));
    CHECK(has(html, "</html>"));
}

TEST_CASE("a curve has what was spent, what is ahead, and a cap within sight") {
    const auto svg = web::day_curve(sample::team("a", 160, 200), sample::now);
    CHECK(has(svg, "class=\"spent\""));
    CHECK(has(svg, "class=\"ahead\""));
    CHECK(has(svg, "class=\"cap\""));
}

TEST_CASE("a cap far above the curve is left out of it") {
    CHECK_FALSE(has(web::day_curve(sample::team("a", 10, 5000), sample::now), "class=\"cap\""));
}

TEST_CASE("a day without spend has no curve") {
    auto team = sample::team("a", 10, 100);
    team.windows[0].spend = Usd{};
    team.windows[0].projected.reset();
    CHECK(web::day_curve(team, sample::now).empty());
    CHECK(web::day_curve(engine::TeamView{}, sample::now).empty());
}
