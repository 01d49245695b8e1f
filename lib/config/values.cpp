#include "config/values.hpp"

#include "base/assert.hpp"
#include "base/calendar.hpp"
#include "base/text.hpp"
#include "config/urls.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

namespace vastwatch::config {
namespace {

constexpr std::int64_t most_dollars = 1'000'000'000;
constexpr std::size_t longest_glob = 256;
constexpr double most_percent_of_a_cap = 1000;

struct Range {
    std::string_view least;
    std::string_view most;
};

Range split_range(std::string_view range) {
    const auto dots = range.find("..");
    VW_ASSERT(dots != std::string_view::npos);
    return Range{range.substr(0, dots), range.substr(dots + 2)};
}

template <class Number>
Number number_of(std::string_view text) {
    Number value{};
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// Values of these keys are secrets, or become one by an easy slip: the key itself where the name
/// of its variable belongs.
bool is_hidden(Kind kind) {
    return kind == Kind::url || kind == Kind::variable || kind == Kind::secret_path ||
           kind == Kind::credential;
}

bool one_line(std::string_view text) {
    return printable(text) == text;
}

bool is_mail_address(std::string_view text) {
    const auto at = text.find('@');
    const auto bad = text.find_first_of(" \t<>,;:\"()[]\\");
    return one_line(text) && bad == std::string_view::npos && at != std::string_view::npos &&
           at > 0 && at + 1 < text.size() && text.find('@', at + 1) == std::string_view::npos &&
           text.size() <= 254;
}

/// "a@b" or "Name <a@b>".
bool is_mailbox(std::string_view text) {
    const auto open = text.rfind('<');
    if (open == std::string_view::npos) {
        return is_mail_address(text);
    }
    const auto name = text.substr(0, open);
    return one_line(text) && text.ends_with('>') &&
           name.find_first_of("<>\"") == std::string_view::npos &&
           is_mail_address(text.substr(open + 1, text.size() - open - 2));
}

bool is_variable_name(std::string_view text) {
    const auto word = [](char c) {
        return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
               (c >= 'a' && c <= 'z');
    };
    const bool digit_first = !text.empty() && text.front() >= '0' && text.front() <= '9';
    return !text.empty() && !digit_first && std::all_of(text.begin(), text.end(), word);
}

bool is_credential_name(std::string_view text) {
    return !text.empty() && text.size() <= 255 && text != "." && text != ".." && one_line(text) &&
           text.find('/') == std::string_view::npos;
}

bool is_word_of(std::string_view words, std::string_view text) {
    while (!words.empty()) {
        const auto end = std::min(words.find('|'), words.size());
        if (words.substr(0, end) == text) {
            return true;
        }
        words.remove_prefix(std::min(end + 1, words.size()));
    }
    return false;
}

std::string quoted_words(std::string_view words) {
    std::string out = "\"" + std::string{words} + "\"";
    for (auto at = out.find('|'); at != std::string::npos; at = out.find('|')) {
        out.replace(at, 1, "\", \"");
    }
    return out;
}

std::string zone_mistake(const std::string& text) {
    const bool sane = text.size() <= 64 && one_line(text);
    return sane && Calendar::find(text) ? ""
                                        : "expected an IANA time zone, such as \"Europe/Berlin\"";
}

std::string path_mistake(const KeySpec& spec, const std::string& text) {
    if (!text.starts_with('/') || !one_line(text)) {
        return "expected an absolute path";
    }
    if (spec.name == "control_socket" && text.size() >= sizeof(sockaddr_un::sun_path)) {
        return fmt::format(
            "expected a path of at most {} bytes", sizeof(sockaddr_un::sun_path) - 1);
    }
    return {};
}

}  // namespace

std::optional<ListenAddress> parse_listen(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    const auto port = text.substr(colon + 1);
    auto host = text.substr(0, colon);
    ListenAddress address;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
    if (error != std::errc{} || end != port.data() + port.size()) {
        return std::nullopt;
    }
    in6_addr buffer{};
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    address.host = std::string{bracketed ? host.substr(1, host.size() - 2) : host};
    const int family = bracketed ? AF_INET6 : AF_INET;
    if (::inet_pton(family, address.host.c_str(), &buffer) != 1) {
        return std::nullopt;
    }
    return address;
}

bool is_valid_name(std::string_view text) {
    const auto alphanumeric = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    };
    const auto allowed = [&](char c) {
        return alphanumeric(c) || c == '.' || c == '_' || c == '-';
    };
    return !text.empty() && text.size() <= 63 && alphanumeric(text.front()) &&
           std::all_of(text.begin(), text.end(), allowed);
}

void ValueReader::refuse(const Node& node, std::string_view expected) const {
    const auto found = describe(node, is_hidden(spec_.kind));
    problems_.add(node.place, key_, fmt::format("{}; found {}", expected, found));
}

void ValueReader::read(const Node& node, std::optional<bool>& out) const {
    if (const auto* flag = node.as<bool>()) {
        out = *flag;
    } else {
        refuse(node, "expected true or false");
    }
}

void ValueReader::read(const Node& node, std::optional<int>& out) const {
    const auto range = split_range(spec_.range);
    const auto* integer = node.as<std::int64_t>();
    if (integer != nullptr && *integer >= number_of<int>(range.least) &&
        *integer <= number_of<int>(range.most)) {
        out = static_cast<int>(*integer);
    } else {
        refuse(node, fmt::format("expected an integer from {} to {}", range.least, range.most));
    }
}

void ValueReader::read(const Node& node, std::optional<Duration>& out) const {
    const auto range = split_range(spec_.range);
    const auto* text = node.as<std::string>();
    const auto duration = text == nullptr ? std::nullopt : parse_duration(*text);
    if (!duration) {
        refuse(node, R"(expected a duration such as "90s", "2h" or "1h30m")");
    } else if (*duration < parse_duration(range.least) || *duration > parse_duration(range.most)) {
        refuse(node, fmt::format("expected a duration from {} to {}", range.least, range.most));
    } else {
        out = duration;
    }
}

std::optional<Usd> ValueReader::dollars(const Node& node) const {
    constexpr std::string_view expected =
        "expected a number of US dollars, such as 200 or 199.95, without quotes";
    std::int64_t micros = 0;
    if (const auto* integer = node.as<std::int64_t>()) {
        micros = std::clamp<std::int64_t>(*integer, -1, most_dollars + 1) * 1'000'000;
    } else if (const auto* number = node.as<double>()) {
        if (!std::isfinite(*number)) {
            refuse(node, expected);
            return std::nullopt;
        }
        constexpr auto most = static_cast<double>(most_dollars + 1);
        micros = std::llrint(std::clamp(*number, -1.0, most) * 1e6);
        const bool exact = static_cast<double>(micros) / 1e6 == *number;
        if (!exact && *number > 0 && *number < static_cast<double>(most_dollars)) {
            refuse(node, "expected US dollars with at most six decimals");
            return std::nullopt;
        }
    } else {
        refuse(node, expected);
        return std::nullopt;
    }
    if (micros <= 0) {
        refuse(node, "expected more than 0 dollars; leave the key out for no limit");
        return std::nullopt;
    }
    if (micros > most_dollars * 1'000'000) {
        refuse(node, "expected at most 1000000000 dollars");
        return std::nullopt;
    }
    return Usd::from_nanos(micros * 1000);
}

void ValueReader::read(const Node& node, std::optional<Usd>& out) const {
    out = dollars(node);
}

void ValueReader::read(const Node& node, std::optional<UsdPerHour>& out) const {
    if (const auto amount = dollars(node)) {
        out = UsdPerHour::from_nanos(amount->nanos());
    }
}

std::optional<Percent> ValueReader::percent_within(const Node& node, double value) const {
    const auto range = split_range(spec_.range);
    const bool whole_thousandths = std::isfinite(value) && value < 1e6 &&
                                   static_cast<double>(std::llrint(value * 1000)) / 1000 == value;
    const bool above_least = spec_.kind == Kind::utilisation
                                 ? value > number_of<double>(range.least)
                                 : value >= number_of<double>(range.least);
    if (above_least && value <= number_of<double>(range.most)) {
        if (whole_thousandths) {
            return Percent{value};
        }
        refuse(node, "expected a percentage with at most three decimals");
    } else if (spec_.kind == Kind::utilisation) {
        refuse(
            node, fmt::format("expected a percentage above {}, up to {}", range.least, range.most));
    } else {
        refuse(node, fmt::format("expected a percentage from {}% to {}%", range.least, range.most));
    }
    return std::nullopt;
}

void ValueReader::read(const Node& node, std::optional<Percent>& out) const {
    if (spec_.kind == Kind::utilisation) {
        if (const auto* integer = node.as<std::int64_t>()) {
            out = percent_within(node, static_cast<double>(*integer));
            return;
        }
        if (const auto* number = node.as<double>()) {
            out = percent_within(node, *number);
            return;
        }
    }
    const auto* text = node.as<std::string>();
    const auto percent = text == nullptr ? std::nullopt : parse_percent(*text);
    if (percent) {
        out = percent_within(node, percent->value());
    } else if (spec_.kind == Kind::utilisation) {
        refuse(node, "expected a number of percent, such as 5");
    } else {
        refuse(node, "expected a percentage in quotes, such as \"50%\"");
    }
}

std::optional<std::string> ValueReader::text_mistake(const std::string& text) const {
    std::string mistake;
    switch (spec_.kind) {
        case Kind::choice:
            mistake =
                is_word_of(spec_.range, text) ? "" : "expected one of " + quoted_words(spec_.range);
            break;
        case Kind::path:
        case Kind::secret_path:
            mistake = path_mistake(spec_, text);
            break;
        case Kind::zone:
            mistake = zone_mistake(text);
            break;
        case Kind::address:
            mistake =
                is_mailbox(text)
                    ? ""
                    : "expected a mail address, such as \"vastwatch <vastwatch@company.com>\"";
            break;
        case Kind::url:
            return url_mistake(text, "http", "https");
        case Kind::smtp_url:
            return url_mistake(text, "smtp", "smtps", true);
        case Kind::variable:
            mistake = is_variable_name(text) ? "" : "expected the name of an environment variable";
            break;
        case Kind::credential:
            mistake = is_credential_name(text) ? "" : "expected the name of a systemd credential";
            break;
        default:
            mistake = !text.empty() && one_line(text) ? "" : "expected text on one line";
            break;
    }
    return mistake.empty() ? std::nullopt : std::optional{mistake};
}

void ValueReader::read(const Node& node, std::optional<std::string>& out) const {
    const auto* text = node.as<std::string>();
    if (text == nullptr) {
        const auto words = spec_.kind == Kind::choice ? "one of " + quoted_words(spec_.range)
                                                      : std::string{"text in quotes"};
        refuse(node, "expected " + words);
    } else if (const auto mistake = text_mistake(*text)) {
        refuse(node, *mistake);
    } else {
        out = *text;
    }
}

void ValueReader::read(const Node& node, std::optional<ListenAddress>& out) const {
    const auto* text = node.as<std::string>();
    out = text == nullptr ? std::nullopt : parse_listen(*text);
    if (!out) {
        refuse(
            node, R"(expected an IP address and a port, such as "127.0.0.1:9877" or "[::1]:9877")");
    }
}

void ValueReader::read(const Node& node, std::optional<std::chrono::year_month_day>& out) const {
    const auto* date = node.as<std::chrono::year_month_day>();
    if (date != nullptr && date->ok() && date->year() >= std::chrono::year{2000} &&
        date->year() <= std::chrono::year{2199}) {
        out = *date;
    } else {
        refuse(node, "expected a date without quotes, such as 2026-01-01");
    }
}

void ValueReader::read(const Node& node, std::optional<std::vector<std::string>>& out) const {
    const auto* list = node.as<Node::List>();
    if (list == nullptr) {
        refuse(node, R"(expected an array of strings, such as ["a", "b"])");
        return;
    }
    out.emplace();
    std::set<std::string_view> seen;
    for (const auto& element : *list) {
        const auto* text = element.as<std::string>();
        if (text == nullptr || text->empty()) {
            refuse(element, "expected text in quotes, not empty");
        } else if (!seen.insert(*text).second) {
            refuse(element, "listed twice");
        } else if (spec_.kind == Kind::addresses && !is_mail_address(*text)) {
            refuse(element, "expected a mail address, such as \"ops@company.com\"");
        } else if (!one_line(*text) || text->size() > longest_glob) {
            refuse(element, "expected at most 256 bytes without control characters");
        } else {
            out->push_back(*text);
        }
    }
}

void ValueReader::read(const Node& node, std::optional<std::vector<InstanceId>>& out) const {
    const auto* list = node.as<Node::List>();
    if (list == nullptr) {
        refuse(node, "expected an array of instance ids, such as [312, 471]");
        return;
    }
    out.emplace();
    for (const auto& element : *list) {
        const auto* id = element.as<std::int64_t>();
        if (id == nullptr || *id <= 0) {
            refuse(element, "expected an instance id, a positive integer");
        } else if (std::find(out->begin(), out->end(), InstanceId{*id}) != out->end()) {
            refuse(element, "listed twice");
        } else {
            out->emplace_back(*id);
        }
    }
}

std::optional<policy::Threshold> ValueReader::threshold(const Node& node) const {
    policy::Threshold threshold;
    const auto* text = node.as<std::string>();
    if (text == nullptr) {
        threshold.amount = dollars(node);
        return threshold.amount ? std::optional{threshold} : std::nullopt;
    }
    const auto percent = parse_percent(*text);
    if (!percent || percent->value() < 0.001 || percent->value() > most_percent_of_a_cap ||
        static_cast<double>(std::llrint(percent->value() * 1000)) / 1000 != percent->value()) {
        refuse(node, "expected a share of the cap such as \"80%\", or a number of US dollars");
        return std::nullopt;
    }
    threshold.percent = percent;
    return threshold;
}

void ValueReader::read(const Node& node, std::optional<std::vector<policy::Threshold>>& out) const {
    const auto* list = node.as<Node::List>();
    if (list == nullptr || list->empty()) {
        refuse(node, R"(expected an array such as ["50%", "80%"] or [1000, 4000])");
        return;
    }
    out.emplace();
    for (const auto& element : *list) {
        if (const auto value = threshold(element)) {
            out->push_back(*value);
        }
    }
}

}  // namespace vastwatch::config
