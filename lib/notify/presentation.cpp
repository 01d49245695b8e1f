#include "notify/presentation.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

namespace vastwatch::notify {
namespace {

constexpr std::size_t headline_limit = 200;
constexpr std::size_t name_limit = 100;
constexpr std::size_t label_limit = 120;
constexpr std::size_t gpu_limit = 40;
constexpr std::size_t answer_bytes = 300;

std::string share_of_cap(Usd spend, Usd cap) {
    if (cap <= Usd{}) {
        return format_usd(spend);
    }
    const double percent = 100.0 * to_double(spend) / to_double(cap);
    return fmt::format("{} ({:.1f}% of the cap)", format_usd(spend), percent);
}

/// Bytes of the UTF-8 sequence that begins with `lead`; `text` is known to be valid.
std::size_t sequence_length(char lead) {
    const auto byte = static_cast<unsigned char>(lead);
    if (byte < 0x80U) {
        return 1;
    }
    if (byte < 0xE0U) {
        return 2;
    }
    return byte < 0xF0U ? 3 : 4;
}

/// How long the services that count characters take text to be: code points beyond the basic plane
/// count twice in most of them.
std::size_t utf16_length(std::string_view text) {
    const auto beyond = std::count_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0xF0U; });
    return display_width(text) + static_cast<std::size_t>(beyond);
}

bool can_still_be_kept(alerts::Kind kind) {
    return kind == alerts::Kind::idle_warning || kind == alerts::Kind::cap_warning ||
           kind == alerts::Kind::action_held || kind == alerts::Kind::policy_violation;
}

std::string idle_of(const alerts::AlertInstance& instance) {
    return instance.idle >= std::chrono::seconds{1} ? humanize(instance.idle) : "–";
}

std::string gpu_of(const alerts::AlertInstance& instance) {
    const auto name = printable(instance.gpu_name, gpu_limit);
    if (name.empty()) {
        return "–";
    }
    return instance.num_gpus > 0 ? fmt::format("{}× {}", instance.num_gpus, name) : name;
}

}  // namespace

std::string headline(const alerts::Alert& alert) {
    std::string text = alert.resolved ? "[resolved] " : "";
    text += alert.dry_run ? "[dry run] " : "";
    return printable(text + alert.title, headline_limit);
}

std::vector<Fact> facts(const alerts::Alert& alert, const Calendar& calendar) {
    std::vector<Fact> out;
    const auto add = [&out](std::string_view name, std::string value) {
        out.push_back(Fact{std::string{name}, std::move(value)});
    };
    if (alert.team) {
        add("Team", printable(alert.team->str(), name_limit));
    }
    if (alert.account) {
        add("Account", printable(alert.account->str(), name_limit));
    }
    if (alert.window) {
        std::string window{policy::to_string(*alert.window)};
        if (alert.window_start) {
            window += ", since " + calendar.format(*alert.window_start);
        }
        add("Window", std::move(window));
    }
    if (alert.spend) {
        add("Spend", share_of_cap(*alert.spend, alert.cap.value_or(Usd{})));
    }
    if (alert.cap) {
        add("Cap", format_usd(*alert.cap));
    }
    if (!alert.threshold.empty()) {
        add("Threshold", printable(alert.threshold, name_limit));
    }
    if (alert.burn_rate) {
        add("Burn rate", format_rate(*alert.burn_rate));
    }
    if (alert.projected_crossing) {
        add("Projected crossing", calendar.format(*alert.projected_crossing));
    }
    add("Time", calendar.format(alert.time));
    return out;
}

std::vector<InstanceRow> instance_rows(const alerts::Alert& alert, std::size_t limit) {
    std::vector<InstanceRow> rows;
    for (const auto& instance : alert.instances) {
        if (rows.size() == limit) {
            break;
        }
        InstanceRow row;
        row.id = std::to_string(instance.id.value());
        row.label = instance.label.empty() ? "–" : printable(instance.label, label_limit);
        row.gpu = gpu_of(instance);
        row.rate = format_rate(instance.dph);
        row.idle = idle_of(instance);
        row.action = instance.action ? policy::to_string(*instance.action) : "–";
        rows.push_back(std::move(row));
    }
    return rows;
}

std::string omission(const alerts::Alert& alert, std::size_t rows_shown) {
    const auto listed = alert.instances.size();
    const auto rest = alert.instances_omitted + (listed > rows_shown ? listed - rows_shown : 0);
    return rest > 0 ? fmt::format("and {} more", rest) : std::string{};
}

std::vector<std::string> paragraphs(const alerts::Alert& alert) {
    std::vector<std::string> out;
    const auto text = printable_lines(alert.text);
    std::string_view rest = text;
    while (!rest.empty()) {
        const auto end = std::min(rest.find("\n\n"), rest.size());
        const auto paragraph = trim(rest.substr(0, end));
        if (!paragraph.empty()) {
            out.emplace_back(paragraph);
        }
        rest.remove_prefix(std::min(end + 2, rest.size()));
    }
    return out;
}

std::vector<NextStep> next_steps(const alerts::Alert& alert) {
    std::vector<NextStep> steps;
    if (alert.instances.empty()) {
        steps.push_back(NextStep{"vastwatchctl status", "how things stand"});
    } else {
        const auto id = alert.instances.front().id.value();
        steps.push_back(
            NextStep{fmt::format("vastwatchctl explain {}", id), "why, with its samples"});
        if (can_still_be_kept(alert.kind) && !alert.resolved) {
            steps.push_back(NextStep{
                fmt::format("vastwatchctl protect {} --for 4h", id),
                "keep it; the same with any other id"});
        }
    }
    if (alert.kind == alerts::Kind::action_held && !alert.resolved) {
        steps.push_back(NextStep{"vastwatchctl approve", "let it happen"});
        steps.push_back(NextStep{"vastwatchctl dismiss", "decide against it"});
    }
    if (alert.kind == alerts::Kind::enforcement_paused && !alert.resolved) {
        steps.push_back(NextStep{"vastwatchctl resume", "act again"});
    }
    return steps;
}

std::optional<InstanceId> condition_instance(const alerts::Alert& alert) {
    constexpr std::string_view word = "/instance/";
    const auto path = "/" + alert.condition;
    const auto at = path.find(word);
    if (at == std::string::npos) {
        return std::nullopt;
    }
    const auto* const begin = path.data() + at + word.size();
    const auto* const end = path.data() + path.size();
    std::int64_t id = 0;
    const auto [stop, error] = std::from_chars(begin, end, id);
    if (error != std::errc{} || (stop != end && *stop != '/')) {
        return std::nullopt;
    }
    return InstanceId{id};
}

std::string fit(std::string_view text, std::size_t limit, std::string (*escape)(std::string_view)) {
    const auto safe = printable_lines(text);
    std::string out;
    std::string shorter;  // what still leaves room for the ellipsis
    std::size_t length = 0;
    for (std::size_t at = 0; at < safe.size();) {
        const auto bytes = sequence_length(safe[at]);
        const auto piece = escape(std::string_view{safe}.substr(at, bytes));
        const auto width = utf16_length(piece);
        if (length + width > limit) {
            return shorter + "…";
        }
        out += piece;
        length += width;
        if (length < limit) {
            shorter = out;
        }
        at += bytes;
    }
    return out;
}

std::string printable_lines(std::string_view text) {
    std::string out;
    while (true) {
        const auto end = std::min(text.find('\n'), text.size());
        auto line = text.substr(0, end);
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        out += printable(line);
        if (end == text.size()) {
            return out;
        }
        out += '\n';
        text.remove_prefix(end + 1);
    }
}

std::string short_answer(std::string_view text) {
    auto line = printable(trim(text));
    if (line.size() <= answer_bytes) {
        return line;
    }
    constexpr std::string_view ellipsis = "…";
    std::size_t keep = 0;
    while (keep + sequence_length(line[keep]) <= answer_bytes - ellipsis.size()) {
        keep += sequence_length(line[keep]);
    }
    line.resize(keep);
    line += ellipsis;
    return line;
}

}  // namespace vastwatch::notify
