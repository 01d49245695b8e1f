// `doctor`: one line for each check, and what to do about the ones that failed.
#include "ctl/views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace vastwatch::ctl {
namespace {

struct Mark {
    std::string_view sign;
    Style style;
};

Mark mark_of(const std::string& status) {
    if (status == "ok") {
        return Mark{"✓", Style::good};
    }
    if (status == "note") {
        return Mark{"•", Style::accent};
    }
    if (status == "warning") {
        return Mark{"!", Style::warn};
    }
    return Mark{"✗", Style::bad};
}

/// What helps against a check of that name that is not "ok", where one thing usually does.
std::string remedy(std::string_view name, std::string_view status) {
    const auto subject = name.substr(std::min(name.size(), name.find(' ') + 1));
    if (name == "disk") {
        return "make room where the state directory is; without it nothing is destroyed";
    }
    if (name == "clock") {
        return "set the clock: timedatectl set-ntp true";
    }
    if (name == "state") {
        return "see journalctl -u vastwatchd, and make the state directory writable";
    }
    if (name == "configuration") {
        return "correct the file until vastwatchd --check-config is silent, then vastwatchctl "
               "reload";
    }
    if (name == "enforcement") {
        return "mode = \"enforce\" in [enforcement] arms it";
    }
    if (name == "notifiers") {
        return "add a [notifier.NAME] and name it in notify of [defaults]";
    }
    if (name == "team unassigned") {
        return "vastwatchctl instances --team unassigned lists them; labels decide the team";
    }
    if (name.starts_with("team ")) {
        return fmt::format("compare labels of [team.{}] with vastwatchctl instances", subject);
    }
    if (name.starts_with("notifier ")) {
        return fmt::format(
            "vastwatchctl test-notifier {} says what the other side answers", subject);
    }
    if (name.starts_with("account ") && status == "error") {
        return "if it persists: give the account a key with instance_read, user_read and "
               "billing_read, and instance_write to act";
    }
    return {};
}

}  // namespace

Lines doctor_lines(const Fields& answer, const Look& look) {
    Page page{look};
    std::size_t errors = 0;
    std::size_t warnings = 0;
    for (const auto& check : answer.objects("checks")) {
        const auto status = check.word("status");
        const auto name = check.word("name");
        const auto mark = mark_of(status);
        errors += mark.style == Style::bad ? 1U : 0U;
        warnings += mark.style == Style::warn ? 1U : 0U;
        page.paragraph(
            Text{mark.sign, mark.style}.add(" "), fmt::format("{}: {}", name, check.word("text")));
        const auto help = status == "ok" ? std::string{} : remedy(name, status);
        if (const auto text = check.text("remedy").value_or(help); !text.empty()) {
            page.paragraph(Text{"  → ", Style::soft}, text, Style::soft);
        }
    }
    page.blank();
    if (errors == 0 && warnings == 0) {
        page.line(
            answer.flag("ok") ? Text{"All is well.", Style::good}
                              : Text{"The report says that something is wrong.", Style::bad});
        return page.take();
    }
    page.line(Text{plural(errors, "error"), errors > 0 ? Style::bad : Style::plain}.add(", ").add(
        plural(warnings, "warning"), warnings > 0 ? Style::warn : Style::plain));
    return page.take();
}

}  // namespace vastwatch::ctl
