#include "web/page_text.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace vastwatch::web {
namespace {

constexpr double worth_a_look = 80;  // percent of a cap

}  // namespace

std::string plural(std::size_t count, std::string_view one) {
    return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

std::string clock_time(Instant at, const engine::View& view) {
    if (view.calendar.day_start(at) == view.calendar.day_start(view.at)) {
        return view.calendar.format_time(at);
    }
    const auto date = view.calendar.date_of(at);
    return fmt::format(
        "{:04}-{:02}-{:02} {}",
        static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day()),
        view.calendar.format_time(at));
}

std::string countdown(Instant at, const engine::View& view) {
    return fmt::format(
        "<time data-in datetime=\"{}\">{}</time>",
        format_rfc3339(at),
        at > view.at ? "in " + humanize(at - view.at) : "due");
}

std::string age(Instant at, const engine::View& view) {
    const auto past = std::max(view.at - at, Duration{0});
    return fmt::format(
        "<time data-ago datetime=\"{}\">{} ago</time>", format_rfc3339(at), humanize(past));
}

std::string short_text(std::string_view text, std::size_t most) {
    return escape_html(printable(text, most));
}

std::string with_code(std::string_view sentence) {
    std::string out;
    bool open = false;
    for (const char letter : escape_html(sentence)) {
        if (letter == '`') {
            out += open ? "</code>" : "<code>";
            open = !open;
        } else {
            out += letter;
        }
    }
    return open ? out + "</code>" : out;
}

bool concerns(const PageQuery& query, const TeamName& team) {
    return !query.team || *query.team == team;
}

const engine::WindowView* find_window(
    const std::vector<engine::WindowView>& windows,
    policy::Window wanted) {
    const auto found =
        std::find_if(windows.begin(), windows.end(), [wanted](const engine::WindowView& window) {
            return window.window == wanted;
        });
    return found == windows.end() ? nullptr : &*found;
}

Usd spend_in(const std::vector<engine::WindowView>& windows, policy::Window wanted) {
    const auto* window = find_window(windows, wanted);
    return window != nullptr ? window->spend : Usd{};
}

double percent_of(Usd part, Usd whole) {
    constexpr double all = 100;
    return whole > Usd{} ? all * to_double(part) / to_double(whole) : all;
}

std::string_view urgency(const engine::WindowView& window) {
    if (!window.cap) {
        return {};
    }
    if (window.spend >= *window.cap) {
        return "bad";
    }
    const bool close = window.crossing || percent_of(window.spend, *window.cap) >= worth_a_look;
    return close ? "warn" : std::string_view{};
}

void append_bar(std::string& out, const engine::WindowView& window) {
    const auto of_cap = [&window](Usd amount) {
        return std::clamp(percent_of(amount, *window.cap), 0.0, 100.0);
    };
    add(out,
        "<svg class=\"bar\" aria-hidden=\"true\"><rect class=\"track\" width=\"100%\" "
        "height=\"6\"/><rect class=\"ahead\" width=\"{:.1f}%\" height=\"6\"/>"
        "<rect class=\"fill {}\" width=\"{:.1f}%\" height=\"6\"/></svg>",
        of_cap(window.projected.value_or(window.spend)),
        urgency(window),
        of_cap(window.spend));
}

bool is_kept(const engine::InstanceView& instance) {
    return !instance.protection.empty();
}

bool is_due(const engine::InstanceView& instance) {
    return instance.deadline && instance.deadline->action >= policy::Action::stop;
}

}  // namespace vastwatch::web
