// The top of the status: is it healthy, what does it do, what does a person have to decide?
#include "ctl/views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace vastwatch::ctl {
namespace {

/// A notifier that has had something to say for this long has a problem.
constexpr Duration late_delivery = std::chrono::minutes{10};

void bad(Page& page, const std::string& text) {
    page.paragraph(Text{"✗ ", Style::bad}, text, Style::bad);
}

void warn(Page& page, const std::string& text) {
    page.paragraph(Text{"! ", Style::warn}, text, Style::warn);
}

void note(Page& page, const std::string& text) {
    page.paragraph(Text{"• ", Style::accent}, text, Style::accent);
}

bool healthy(const Fields& status) {
    const auto accounts = status.objects("accounts");
    return status.flag("ready") && status.object("store").flag("writable") &&
           status.object("config").flag("reload_successful") &&
           std::none_of(accounts.begin(), accounts.end(), [](const Fields& account) {
               return account.flag("stale") || account.flag("key_rejected");
           });
}

/// The mode, and whether it is what holds at present.
Text mode(const Fields& status) {
    if (status.has("pause")) {
        return Text{"paused", Style::warn};
    }
    const auto word = status.word("mode");
    if (word == "enforce") {
        return Text{"enforcing", Style::good};
    }
    return word == "dry-run" ? Text{"dry run", Style::accent} : Text{word, Style::warn};
}

/// The burn rate of all teams: each instance belongs to exactly one.
std::string burn(const Fields& status) {
    UsdPerHour sum;
    bool estimated = false;
    for (const auto& team : status.objects("teams")) {
        const auto number = team.number("burn_rate");
        const auto known = number ? rate_from_double(*number) : std::nullopt;
        if (!known) {
            return std::string{unknown};
        }
        sum += *known;
        estimated = estimated || team.flag("estimated");
    }
    return (estimated ? "~" : "") + rate(sum);
}

void add_store(Page& page, const Fields& status) {
    const auto store = status.object("store");
    if (!store.flag("writable")) {
        bad(page,
            "The state cannot be written: " + store.text("problem").value_or("reason unknown") +
                ". Nothing destructive is done.");
    }
    const auto config = status.object("config");
    if (!config.flag("reload_successful")) {
        bad(page,
            "The latest configuration was rejected, the one before is in force: " +
                config.text("problem").value_or("reason unknown"));
    }
    if (!status.flag("ready")) {
        std::string reasons;
        for (const auto& reason : status.texts("not_ready_because")) {
            reasons += (reasons.empty() ? "" : "; ") + reason;
        }
        bad(page, "Not ready: " + (reasons.empty() ? std::string{"reason unknown"} : reasons));
    }
}

void add_account(Page& page, const Fields& account, const Fields& status, Instant now) {
    const auto name = account.word("name");
    const auto problem = account.text("problem");
    const auto why = problem ? " " + *problem : std::string{};
    if (account.flag("key_rejected")) {
        bad(page, fmt::format("Account {}: Vast.ai rejects the key.{}", name, why));
    } else if (account.flag("stale")) {
        const auto polled = account.time("last_poll");
        const auto age = polled ? "its figures are from " + relative(*polled, now)
                                : std::string{"it has not been listed yet"};
        bad(page, fmt::format("Account {}: {}.{}", name, age, why));
    } else if (problem) {
        warn(page, fmt::format("Account {}: {}", name, *problem));
    }
    const bool should_act = status.word("mode") == "enforce" && !status.has("pause");
    if (should_act && !account.flag("enforcing")) {
        warn(
            page,
            fmt::format(
                "Account {} is not acted upon: {}",
                name,
                account.text("not_enforcing_because").value_or("reason unknown")));
    }
    constexpr double worth_telling = 0.02;
    const auto difference = account.number("billing_difference_ratio");
    if (difference && std::abs(*difference) > worth_telling) {
        warn(
            page,
            fmt::format(
                "Account {}: Vast.ai reports a rate {} {} than ours",
                name,
                percent(std::abs(*difference) * 100.0),
                *difference > 0 ? "higher" : "lower"));
    }
}

void add_pause(Page& page, const Fields& status, Instant now) {
    if (status.word("mode") == "dry-run") {
        note(page, "Dry run: it decides, records and alerts, and acts on nothing.");
    }
    if (!status.has("pause")) {
        return;
    }
    const auto pause = status.object("pause");
    const auto& calendar = page.look().calendar;
    const auto since = pause.time("since");
    const auto until = pause.time("until");
    const auto reason = pause.text("reason");
    warn(
        page,
        fmt::format(
            "Paused by {} since {}, {}: no action is taken.{}",
            pause.word("actor"),
            since ? clock_time(*since, now, calendar) : std::string{unknown},
            until ? "until " + moment(*until, now, calendar)
                  : std::string{"until `vastwatchctl resume`"},
            reason ? " Reason: " + *reason : std::string{}));
}

void add_hold(Page& page, const Fields& hold, Instant now) {
    const auto kind = hold.word("kind");
    std::string why = kind;
    if (kind == "mass_idle") {
        why = "too many idle at once";
    } else if (kind == "reload") {
        why = "after a change of the configuration";
    }
    const auto id = hold.whole("id");
    const auto number = id ? fmt::format("{}", *id) : std::string{unknown};
    const auto created = hold.time("created");
    const auto count = hold.count("instances");
    warn(
        page,
        fmt::format(
            "Hold {}: {} of account {} ({}), {}, made {}. `vastwatchctl approve {}` or "
            "`vastwatchctl dismiss {}` decides.",
            number,
            count ? plural(*count, "action") : std::string{"? actions"},
            hold.word("account"),
            why,
            rate(hold.number("burn_rate")),
            created ? relative(*created, now) : std::string{unknown},
            number,
            number));
}

void add_notifier(Page& page, const Fields& notifier, Instant now) {
    const auto oldest = notifier.time("oldest_pending");
    if (!oldest || now - *oldest < late_delivery) {
        return;
    }
    const auto pending = notifier.amount("pending");
    warn(
        page,
        fmt::format(
            "Notifier {}: {} not delivered since {}; the latest answer: {}",
            notifier.word("name"),
            pending ? plural(*pending, "alert") : std::string{"alerts"},
            relative(*oldest, now),
            notifier.text("last_answer").value_or("none yet")));
}

}  // namespace

Text summary(const Fields& status, const Look& look) {
    Text line{"vastwatch " + status.word("version"), Style::strong};
    const auto dot = [&line]() -> Text& { return line.add(" · ", Style::soft); };
    if (healthy(status)) {
        dot().add("healthy", Style::good);
    } else {
        dot().add(status.flag("ready") ? "degraded" : "not ready", Style::bad);
    }
    dot().append(mode(status));
    if (const auto held = status.objects("holds").size(); held != 0) {
        dot().add(fmt::format("{} held", held), Style::warn);
    }
    const auto instances = status.amount("instances");
    dot().add(instances ? plural(*instances, "instance") : std::string{"? instances"});
    dot().add(burn(status), Style::strong);
    if (const auto open = status.amount("open_actions"); open.value_or(0) > 0) {
        dot().add(plural(*open, "action") + " under way", Style::warn);
    }
    if (const auto now = status.time("time")) {
        dot().add(look.calendar.format(*now), Style::soft);
    }
    return line;
}

void add_notices(Page& page, const Fields& status) {
    const auto now = status.time("time").value_or(Instant{});
    add_store(page, status);
    for (const auto& account : status.objects("accounts")) {
        add_account(page, account, status, now);
    }
    add_pause(page, status, now);
    for (const auto& hold : status.objects("holds")) {
        add_hold(page, hold, now);
    }
    for (const auto& notifier : status.objects("notifiers")) {
        add_notifier(page, notifier, now);
    }
}

}  // namespace vastwatch::ctl
