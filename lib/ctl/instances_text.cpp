// The table of instances, as `instances` and `top` show it.
#include "ctl/views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace vastwatch::ctl {
namespace {

Text status_cell(const Fields& instance) {
    const auto status = instance.word("status");
    if (status == "running") {
        return Text{status, Style::good};
    }
    const bool resting = status == "stopped" || status == "exited";
    return Text{status, resting ? Style::soft : Style::warn};
}

Text util_cell(const Fields& instance) {
    const auto evidence = instance.word("evidence");
    const auto util = instance.number("gpu_util");
    if (util) {
        const auto style = evidence == "idle" ? Style::warn : Style::plain;
        return Text{percent(*util), style};
    }
    const bool runs = instance.word("status") == "running";
    return runs ? Text{unknown, Style::warn} : Text{none, Style::soft};
}

Text idle_cell(const Fields& instance) {
    const auto evidence = instance.word("evidence");
    const auto idle = instance.seconds("idle_seconds");
    if (idle && *idle > Duration{0}) {
        return Text{humanize(*idle), Style::warn};
    }
    if (evidence == "idle") {
        return idle ? Text{"just now", Style::warn} : Text{unknown, Style::warn};
    }
    const bool runs = instance.word("status") == "running";
    return evidence == "unknown" && runs ? Text{unknown, Style::warn} : Text{none, Style::soft};
}

Text rate_cell(const Fields& instance) {
    const auto dph = instance.number("dph");
    if (!dph) {
        return Text{unknown, Style::warn};
    }
    return Text{(instance.flag("dph_estimated") ? "~" : "") + rate(dph)};
}

Text next_cell(const Fields& instance, Instant now) {
    if (const auto action = instance.text("case")) {
        return Text{*action, Style::warn};
    }
    if (instance.has("deadline")) {
        const auto deadline = instance.object("deadline");
        const auto at = deadline.time("at");
        const auto action = deadline.word("action");
        std::string when{unknown};
        if (at) {
            when = *at > now ? relative(*at, now) : "is due";
        }
        const bool soon = at && *at - now < std::chrono::hours{1};
        return Text{
            fmt::format("{} {} ({})", action, when, deadline.word("rule")),
            soon && action == "destroy" ? Style::bad : Style::warn};
    }
    if (const auto protection = instance.text("protection")) {
        return Text{*protection, Style::accent};
    }
    return Text{none, Style::soft};
}

std::vector<Column> columns() {
    return {
        Column{"ID", Align::right},
        Column{"TEAM", Align::left, 0, 5},
        Column{"LABEL", Align::left, 14},
        Column{"GPU", Align::left, 0, 4},
        Column{"STATUS", Align::left, 0, 6},
        Column{"UTIL", Align::right, 0, 2},
        Column{"IDLE FOR", Align::right, 0, 3},
        Column{"RATE", Align::right},
        Column{"TODAY", Align::right, 0, 7},
        Column{"NEXT", Align::left, 25},
    };
}

}  // namespace

std::string instances_total(const std::vector<Fields>& instances) {
    UsdPerHour burn;
    UsdPerHour idle_burn;
    Usd today;
    std::size_t idle = 0;
    std::size_t unpriced = 0;
    for (const auto& instance : instances) {
        const auto number = instance.number("dph");
        const auto known = number ? rate_from_double(*number) : std::nullopt;
        unpriced += known ? 0U : 1U;
        burn += known.value_or(UsdPerHour{});
        today += usd_from_double(instance.number("spend_today").value_or(0)).value_or(Usd{});
        if (instance.word("evidence") == "idle") {
            ++idle;
            idle_burn += known.value_or(UsdPerHour{});
        }
    }
    auto text = fmt::format(
        "{}, {}{}, {} today",
        plural(instances.size(), "instance"),
        unpriced > 0 ? "at least " : "",
        rate(burn),
        format_usd(today));
    if (idle > 0) {
        text += fmt::format("; {} idle ({})", idle, rate(idle_burn));
    }
    if (unpriced > 0) {
        text += fmt::format("; {} of unknown price", unpriced);
    }
    return text;
}

void add_instances(
    Page& page,
    const std::vector<Fields>& instances,
    Instant now,
    std::size_t most) {
    const auto shown = most == 0 ? instances.size() : std::min(most, instances.size());
    Table table{columns()};
    for (std::size_t i = 0; i < shown; ++i) {
        const auto& instance = instances[i];
        const auto id = instance.whole("id");
        table.row({
            Text{id ? fmt::format("{}", *id) : std::string{unknown}},
            Text{instance.word("team")},
            Text{instance.text("label").value_or(std::string{none})},
            Text{gpu(instance)},
            status_cell(instance),
            util_cell(instance),
            idle_cell(instance),
            rate_cell(instance),
            Text{money(instance.number("spend_today"))},
            next_cell(instance, now),
        });
    }
    page.table(table);
    if (shown < instances.size()) {
        page.line(Text{fmt::format("… and {} more", instances.size() - shown), Style::soft});
    }
}

Lines instances_lines(const Fields& answer, const Look& look) {
    Page page{look};
    const auto instances = answer.objects("instances");
    if (instances.empty()) {
        page.line(Text{"No instances.", Style::soft});
        return page.take();
    }
    add_instances(page, instances, answer.time("time").value_or(Instant{}), 0);
    page.blank();
    page.line(Text{instances_total(instances), Style::soft});
    return page.take();
}

}  // namespace vastwatch::ctl
