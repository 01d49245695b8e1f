#include "web/page.hpp"

#include "sample_view.hpp"
#include "web/curve.hpp"
#include "web/sparkline.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <regex>
#include <string>
#include <vector>

namespace sample = vastwatch::sample;
namespace web = vastwatch::web;
using namespace vastwatch;

namespace {

std::string page(const std::shared_ptr<engine::View>& view) {
    return web::Page{}.render(*view, web::PageQuery{}, std::nullopt);
}

std::string page(
    const std::shared_ptr<engine::View>& view,
    const std::map<std::string, std::string>& query) {
    return web::Page{}.render(*view, web::parse_page_query(query), std::nullopt);
}

std::string curve(const engine::TeamView& team) {
    return web::day_curve(team, *sample::view());
}

/// The ids of the instances listed, in order.
std::vector<std::string> listed(const std::string& html) {
    const std::regex row{"<tr id=\"i([0-9]+)\""};
    std::vector<std::string> out;
    for (std::sregex_iterator at{html.begin(), html.end(), row}, end; at != end; ++at) {
        out.push_back((*at)[1]);
    }
    return out;
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
    CHECK(has(html, "<b>$160.02</b> <span>of $200.00</span>"));
    CHECK(has(html, "cap at 22:17 UTC, <time data-in datetime=\"2026-11-21T22:17:05Z\">in 3h 13m"));
    CHECK(has(html, "<b class=\"share warn\">80%</b>"));
}

TEST_CASE("a cap that was reached is said so") {
    CHECK(has(page(sample::view()), "<span class=\"bad\">cap reached</span>"));
}

TEST_CASE("an instance about to go shows when, how and why") {
    const auto html = page(sample::view());
    CHECK(has(html, "destroy <time data-in datetime=\"2026-11-21T19:18:05Z\">in 14m</time>"));
    CHECK(
        has(html, "<summary>at 19:18 UTC: idle</summary>GPU below 5% for 1h 46m; the limit is 2h"));
}

TEST_CASE("an instance about to go comes before all others") {
    const auto html = page(sample::view());
    CHECK(listed(html).front() == "900000001");
}

TEST_CASE("what is unknown of an instance is called unknown, not zero") {
    const auto html = page(sample::view(0));
    const auto row = html.substr(html.find("<tr id=\"i900000002\""));
    const auto end = row.find("</tr>");
    CHECK(has(row.substr(0, end), "<span class=\"soft\">unknown</span></td>"));
    CHECK(has(row.substr(0, end), "<td class=\"n\">unknown</td>"));
}

TEST_CASE("forty instances are listed, and the page says how to see the others") {
    const auto html = page(sample::view(997));
    CHECK(listed(html).size() == 40);
    CHECK(has(html, "40 of 1000 shown. <a href=\"/?rows=all#instances\">Show all</a>"));
}

TEST_CASE("a thousand instances are listed when all are asked for, and not more") {
    CHECK(listed(page(sample::view(997), {{"rows", "all"}})).size() == 1000);
    const auto html = page(sample::view(1500), {{"rows", "all"}});
    CHECK(listed(html).size() == 1000);
    CHECK(has(html, "1000 of 1503 shown. Search to find the others"));
}

TEST_CASE("the page stays under 100 kB however many instances there are") {
    CHECK(page(sample::view(5000)).size() < 100'000);
}

TEST_CASE("a page about one team has its instances, actions and card, and no other's") {
    const auto html = page(sample::view(), {{"team", "vision"}});
    CHECK(listed(html).size() == 20);
    CHECK(count_of(html, "<article") == 1);
    CHECK(has(html, "Team vision"));
    CHECK_FALSE(has(html, "Destroy 302"));
}

TEST_CASE("a team that does not exist has no instances, and its name does no harm") {
    const auto html = page(sample::view(), {{"team", "<b>x"}});
    CHECK(has(html, "There is no such team."));
    CHECK(has(html, "None is like that."));
    CHECK_FALSE(has(html, "<b>x"));
}

TEST_CASE("a search finds every word in an instance's id, label, team, GPU or status") {
    CHECK(listed(page(sample::view(), {{"q", "VISION 1004"}})) == std::vector<std::string>{"1004"});
    CHECK(listed(page(sample::view(), {{"q", "mystery"}})).size() == 1);
    CHECK(listed(page(sample::view(), {{"q", "vision nowhere"}})).empty());
}

TEST_CASE("instances can be looked at by state") {
    CHECK(listed(page(sample::view(), {{"state", "due"}})).size() == 1);
    CHECK(listed(page(sample::view(), {{"state", "kept"}})).front() == "900000003");
    CHECK(listed(page(sample::view(), {{"state", "idle"}})).size() == 2);
    CHECK(listed(page(sample::view(), {{"state", "unknown"}})).front() == "900000002");
}

TEST_CASE("an order can be turned round") {
    auto first = listed(page(sample::view(20), {{"sort", "name"}}));
    const auto second = listed(page(sample::view(20), {{"sort", "-name"}}));
    std::reverse(first.begin(), first.end());
    CHECK(first == second);
}

TEST_CASE("the order in force is told to those who cannot see the arrow") {
    CHECK(has(page(sample::view(), {{"sort", "costs"}}), "aria-sort=\"descending\""));
    CHECK(has(page(sample::view(), {{"sort", "-costs"}}), "aria-sort=\"ascending\""));
    CHECK(has(page(sample::view(), {{"sort", "name"}}), "aria-sort=\"ascending\""));
}

TEST_CASE("what a query cannot mean counts as not given") {
    const auto query = web::parse_page_query({{"sort", "-nonsense"}, {"state", "x"}, {"team", ""}});
    CHECK(query.address() == "/");
}

TEST_CASE("an address leads back to the same query") {
    web::PageQuery query;
    query.team = TeamName{"a&b=c d"};
    query.search = "two words";
    query.show = web::Show::idle;
    query.sort = web::Sort::costs;
    query.reversed = true;
    query.every_row = true;
    query.instance = InstanceId{312};
    CHECK(
        query.address() ==
        "/?team=a%26b%3Dc%20d&q=two%20words&state=idle&sort=-costs&rows=all&instance=312");
}

TEST_CASE("an instance that is asked for is explained, and its text stays text") {
    engine::Explanation explanation;
    explanation.instance = sample::unknown_instance(312, sample::hostile);
    explanation.headline = "Nothing will happen to <b>it</b>.";
    explanation.paragraphs = {"The latest 3 samples are busy.", "Use `ctl`.", sample::hostile};
    explanation.findings = {sample::finding(rules::Rule::max_dph, -std::chrono::hours{1})};
    explanation.finding_reasons = {"too dear"};
    web::PageQuery query;
    query.instance = InstanceId{312};
    const auto html = web::Page{}.render(*sample::view(), query, explanation);
    CHECK(has(html, "Nothing will happen to &lt;b&gt;it&lt;/b&gt;."));
    CHECK(has(html, "The latest 3 samples are busy."));
    CHECK(has(html, "Use <code>ctl</code>."));
    CHECK(has(html, "max_dph: too dear"));
    CHECK_FALSE(has(html, "<script>alert"));
}

TEST_CASE("an instance that is gone is said to be gone") {
    CHECK(has(page(sample::view(), {{"instance", "312"}}), "There is no instance 312 any more."));
}

TEST_CASE("the script gets only what changes") {
    const auto html = page(sample::view(), {{"part", "main"}});
    CHECK(html.starts_with("<div id=\"live\""));
    CHECK_FALSE(has(html, "<style>"));
    CHECK(has(page(sample::view()), html));
}

TEST_CASE("a page on which nobody is needed says so") {
    CHECK(has(page(sample::quiet_view()), "Nothing is held or failing, and no cap is in sight."));
    CHECK_FALSE(has(page(sample::busy_view()), "no cap is in sight"));
}

TEST_CASE("what failed comes before what is held, and that before what only informs") {
    const auto html = page(sample::busy_view());
    CHECK(html.find(">Failing<") < html.find(">Held<"));
    CHECK(html.find(">Cap reached<") < html.find(">Crossing<"));
    CHECK(html.find(">Crossing<") < html.find(">Going<"));
}

TEST_CASE("the tab's title says how many things ask for somebody") {
    CHECK(has(page(sample::busy_view()), "<title>(6) "));
    CHECK(has(page(sample::quiet_view()), "<title>$"));
}

TEST_CASE("what is protected is listed with what it costs") {
    const auto html = page(sample::busy_view());
    CHECK(has(html, "2 protected, $4.0600/h"));
    CHECK(has(html, "its label is protected from the idle rule until 2026-11-25 08:00 UTC"));
}

TEST_CASE("a pause is listed with what waits for its end, and what that costs") {
    auto view = sample::view();
    enforcement::Pause pause;
    pause.since = sample::now;
    pause.actor = "uid:1000";
    view->health.pause = pause;
    view->cases[0].wait = enforcement::Wait::paused;
    const auto html = page(view);
    CHECK(has(html, "Paused: 1 action waiting</b> by uid:1000"));
    const auto entry = html.substr(html.find("<li id=\"pause\">"));
    CHECK(has(entry.substr(0, entry.find("</li>")), "$18.4000/h"));
}

TEST_CASE("more than a dozen teams continue in a table") {
    auto view = sample::view();
    for (int i = 0; i < 20; ++i) {
        view->teams.push_back(sample::team("team-" + std::to_string(i), 10, 100));
    }
    const auto html = page(view);
    CHECK(count_of(html, "<article") == 12);
    CHECK(count_of(html, "<th scope=\"row\"><a href=\"/?team=team-") == 12);
}

TEST_CASE("a sparkline has a column for each run of samples and gaps where nothing was known") {
    const auto view = sample::quiet_view();
    const auto& instance = *view->instances[0].instance;
    const auto svg = web::sparkline(instance, sample::now, std::chrono::hours{3});
    CHECK(has(svg, "class=\"b\""));
    CHECK(web::sparkline(fleet::Instance{}, sample::now, std::chrono::hours{3}).empty());
    CHECK(web::sparkline_span(*view) == Duration{std::chrono::hours{3}});
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
    CHECK(has(page(view), "<span class=\"soft\">(the request timed out)</span>"));
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
    const auto svg = curve(sample::team("a", 160, 200));
    CHECK(has(svg, "class=\"spent\""));
    CHECK(has(svg, "class=\"ahead\""));
    CHECK(has(svg, "class=\"cap\""));
    CHECK(has(svg, ">22:17 UTC</text>"));
    CHECK(
        has(svg,
            "aria-label=\"$160.02 spent today by 19:04 UTC of a cap of $200.00, which is reached "
            "at 22:17 UTC"));
}

TEST_CASE("a projection far above the cap leaves the drawing where it would rise above it") {
    auto team = sample::team("a", 100, 200);
    team.windows[0].projected = Usd::dollars(1100);
    const auto svg = curve(team);
    // 100 of 1000 dollars ahead are 250 of the cap and a quarter: 150 of 1000 of the way.
    CHECK(has(svg, "class=\"ahead\" points=\"795,76 825,16\""));
    CHECK_FALSE(has(svg, ">$1100.00</text>"));
}

TEST_CASE("what was said before the first charges were read is no part of the curve") {
    auto team = sample::team("a", 100, 200);
    engine::SpendPoint first;
    first.at = sample::now - std::chrono::minutes{30};
    engine::SpendPoint second = first;
    second.at = sample::now - std::chrono::minutes{15};
    second.today = Usd::dollars(90);
    team.curve = {first, second};
    CHECK(has(curve(team), "class=\"unseen\" points=\"0,116 784,"));
}

TEST_CASE("a cap far above the curve is left out of it") {
    CHECK_FALSE(has(curve(sample::team("a", 10, 5000)), "class=\"cap\""));
}

TEST_CASE("a day without spend has no curve") {
    auto team = sample::team("a", 10, 100);
    team.windows[0].spend = Usd{};
    team.windows[0].projected.reset();
    CHECK(curve(team).empty());
    CHECK(curve(engine::TeamView{}).empty());
}
