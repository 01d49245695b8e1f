// `vastwatchctl explain ID`: the answer first, then why, then the evidence.
#include "ctl/views.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::ctl {
namespace {

constexpr std::size_t newest_runs = 20;

void fact(Page& page, std::string_view name, std::string_view value, Style style = Style::plain) {
    constexpr std::size_t name_width = 12;
    page.paragraph(Text{fmt::format("  {:<{}}", name, name_width), Style::soft}, value, style);
}

std::string started(const Fields& instance, Instant now, const Calendar& calendar) {
    const auto at = instance.time("start_date");
    return at ? moment(*at, now, calendar) : std::string{unknown};
}

void add_facts(Page& page, const Fields& instance, Instant now) {
    const auto& calendar = page.look().calendar;
    page.heading("Instance");
    fact(page, "label", instance.text("label").value_or(std::string{none}));
    fact(
        page,
        "team",
        fmt::format("{}, account {}", instance.word("team"), instance.word("account")));
    fact(page, "gpu", gpu(instance));
    fact(page, "image", instance.word("image"));
    const auto message = instance.text("status_message");
    fact(page, "status", instance.word("status") + (message ? ": " + *message : std::string{}));
    fact(page, "started", started(instance, now, calendar));
    const auto dph = instance.number("dph");
    const auto estimated = instance.flag("dph_estimated") ? "about " : "";
    fact(
        page,
        "cost",
        fmt::format(
            "{}{}, {} today, {} in all",
            estimated,
            rate(dph),
            money(instance.number("spend_today")),
            money(instance.number("spend"))));
    if (const auto protection = instance.text("protection")) {
        fact(page, "protection", *protection);
    }
}

std::string range(const Fields& run) {
    const auto lowest = run.number("lowest");
    const auto highest = run.number("highest");
    if (!lowest || !highest) {
        return std::string{unknown};
    }
    const auto low = percent(*lowest);
    const auto high = percent(*highest);
    return low == high ? low : fmt::format("{} to {}", low, high);
}

Text verdict(const Fields& run) {
    const auto evidence = run.word("evidence");
    auto style = Style::soft;
    if (evidence == "idle") {
        style = Style::warn;
    } else if (evidence == "busy") {
        style = Style::good;
    }
    Text text{evidence, style};
    auto doubt = run.text("doubt").value_or("");
    std::replace(doubt.begin(), doubt.end(), '_', ' ');
    return text.add(doubt.empty() ? "" : " (" + doubt + ")", Style::soft);
}

void add_samples(Page& page, const std::vector<Fields>& runs, Instant now) {
    page.heading("Samples");
    if (runs.empty()) {
        page.line(Text{"  None yet.", Style::soft});
        return;
    }
    const auto& calendar = page.look().calendar;
    const auto first = runs.size() - std::min(runs.size(), newest_runs);
    if (first > 0) {
        page.line(Text{fmt::format("… {} earlier", plural(first, "run")), Style::soft});
    }
    Table table{{
        Column{"FROM", Align::left},
        Column{"TO", Align::left},
        Column{"FOR", Align::right, 0, 2},
        Column{"SAMPLES", Align::right, 0, 1},
        Column{"UTIL", Align::left},
        Column{"VERDICT", Align::left, 8},
    }};
    for (auto i = first; i < runs.size(); ++i) {
        const auto from = runs[i].time("first");
        const auto to = runs[i].time("last");
        const auto count = runs[i].amount("count");
        table.row({
            Text{from ? clock_time(*from, now, calendar) : std::string{unknown}},
            Text{to ? clock_time(*to, now, calendar) : std::string{unknown}},
            Text{from && to && *to > *from ? humanize(*to - *from) : std::string{none}},
            Text{count ? fmt::format("{}", *count) : std::string{unknown}},
            Text{range(runs[i])},
            verdict(runs[i]),
        });
    }
    page.table(table);
}

void add_period(Page& page, const Fields& answer, Instant now) {
    if (!answer.has("idle_period")) {
        return;
    }
    const auto period = answer.object("idle_period");
    const auto part = [&period](std::string_view name) {
        const auto length = period.seconds(name);
        if (!length) {
            return std::string{unknown};
        }
        return *length < std::chrono::seconds{1} ? std::string{"0s"} : humanize(*length);
    };
    const auto began = period.time("began");
    const auto coverage = period.number("coverage_percent");
    page.heading("Idle period");
    page.paragraph(
        Text{"  "},
        fmt::format(
            "Since {}: {} idle, {} busy, {} unknown; known samples cover {}.",
            began ? moment(*began, now, page.look().calendar) : std::string{unknown},
            part("idle_seconds"),
            part("busy_seconds"),
            part("unknown_seconds"),
            coverage ? percent(*coverage) : std::string{unknown}));
}

void add_next(Page& page, const Fields& instance, Instant now) {
    if (!instance.has("deadline")) {
        fact(page, "next", "nothing is due");
        return;
    }
    const auto& calendar = page.look().calendar;
    const auto deadline = instance.object("deadline");
    const auto at = deadline.time("at");
    const auto action = deadline.word("action");
    std::string when = "at " + std::string{unknown};
    if (at) {
        when = (*at > now ? "at " : "due since ") + moment(*at, now, calendar);
    }
    fact(page, "next", action + " " + when, action == "destroy" ? Style::bad : Style::warn);
    fact(page, "because", deadline.text("reason").value_or(deadline.word("rule")));
}

}  // namespace

Lines explain_lines(const Fields& answer, const Look& look) {
    Page page{look};
    const auto now = answer.time("time").value_or(Instant{});
    const auto instance = answer.object("instance");
    page.paragraph(answer.word("headline"), Style::strong);
    for (const auto& paragraph : answer.texts("paragraphs")) {
        page.blank();
        page.paragraph(paragraph);
    }
    add_facts(page, instance, now);
    add_next(page, instance, now);
    add_period(page, answer, now);
    add_samples(page, answer.objects("samples"), now);
    return page.take();
}

}  // namespace vastwatch::ctl
