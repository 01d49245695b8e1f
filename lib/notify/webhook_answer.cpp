#include "notify/webhook_answer.hpp"

#include "base/text.hpp"
#include "notify/presentation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace vastwatch::notify {
namespace {

constexpr Duration longest_wait = std::chrono::hours{24};

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, IMF-fixdate).
std::optional<Instant> parse_http_date(std::string_view text) {
    constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    constexpr std::size_t length = 29;
    if (text.size() != length || !text.ends_with(" GMT") || text.substr(3, 2) != ", ") {
        return std::nullopt;
    }
    const auto month = months.find(text.substr(8, 3));
    if (month == std::string_view::npos || month % 3 != 0) {
        return std::nullopt;
    }
    return parse_rfc3339(fmt::format(
        "{}-{:02}-{}T{}Z",
        text.substr(12, 4),
        month / 3 + 1,
        text.substr(5, 2),
        text.substr(17, 8)));
}

std::string without(std::string text, const std::vector<std::string>& hidden) {
    for (const auto& part : hidden) {
        std::string out;
        std::string_view rest = text;
        for (auto at = rest.find(part); at != std::string_view::npos; at = rest.find(part)) {
            out.append(rest.substr(0, at)).append("(hidden)");
            rest.remove_prefix(at + part.size());
        }
        out += rest;
        text = std::move(out);
    }
    return text;
}

/// The first kilobyte on one line, so that an error page does not fill the log.
std::string first_words(std::string_view body) {
    std::string out;
    for (const char c : body.substr(0, 1024)) {
        const bool space = c == '\n' || c == '\r' || c == '\t' || c == ' ';
        if (!space) {
            out += c;
        } else if (!out.empty() && out.back() != ' ') {
            out += ' ';
        }
    }
    return out;
}

Verdict verdict_of(int status) {
    if (status >= 200 && status < 300) {
        return Verdict::delivered;
    }
    if (status == 408 || status == 425 || status == 429 || status >= 500) {
        return Verdict::try_again;
    }
    return Verdict::refused;
}

}  // namespace

std::optional<Duration> parse_retry_after(std::string_view text, Instant now) {
    text = trim(text);
    double seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error == std::errc{} && end == text.data() + text.size()) {
        constexpr double day = 86400;
        if (!(seconds >= 0)) {
            return std::nullopt;
        }
        const std::chrono::duration<double> wait{std::min(seconds, day)};
        return std::chrono::ceil<std::chrono::milliseconds>(wait);
    }
    const auto date = parse_http_date(text);
    if (!date) {
        return std::nullopt;
    }
    return std::clamp(Duration{*date - now}, Duration{0}, longest_wait);
}

Attempt
judge_answer(const net::Result& result, Instant now, const std::vector<std::string>& hidden) {
    Attempt attempt;
    if (const auto* error = std::get_if<net::Error>(&result)) {
        const bool hopeless = error->failure == net::Failure::bad_url;
        attempt.verdict = hopeless ? Verdict::refused : Verdict::try_again;
        attempt.answer = short_answer(without(error->detail, hidden));
        return attempt;
    }
    const auto& response = std::get<net::Response>(result);
    attempt.verdict = verdict_of(response.status);
    auto answer = fmt::format("HTTP {}", response.status);
    if (response.status >= 300 && response.status < 400) {
        answer += ": a redirection, which is not followed; configure the address it leads to";
    } else {
        // Hidden first, then cut: of a secret at the cut half would be left.
        const auto words = first_words(without(response.body, hidden));
        answer += words.empty() ? "" : ": " + words;
    }
    attempt.answer = short_answer(answer);
    const auto header = response.header("retry-after");
    if (attempt.verdict == Verdict::try_again && header) {
        attempt.retry_after = parse_retry_after(*header, now);
    }
    return attempt;
}

std::vector<std::string> secret_parts(std::string_view url) {
    constexpr std::size_t shortest = 8;
    std::vector<std::string> parts{std::string{url}};
    const auto scheme = url.find("://");
    const auto host = scheme == std::string_view::npos ? 0 : scheme + 3;
    const auto authority_end = std::min(url.find_first_of("/?#", host), url.size());
    const auto authority = url.substr(host, authority_end - host);
    const auto at = authority.rfind('@');
    if (at != std::string_view::npos && at > 0) {
        parts.emplace_back(authority.substr(0, at));
    }
    auto rest = url.substr(authority_end);
    if (rest.size() > 1) {
        parts.emplace_back(rest);
    }
    while (!rest.empty()) {
        const auto end = std::min(rest.find_first_of("/?#&="), rest.size());
        if (end >= shortest) {
            parts.emplace_back(rest.substr(0, end));
        }
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    std::sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) {
        return a.size() > b.size();
    });
    std::erase(parts, "");
    return parts;
}

}  // namespace vastwatch::notify
