#include "base/text.hpp"
#include "config/draft.hpp"
#include "config/secrets.hpp"
#include "config/urls.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::config {
namespace {

void read_key(Draft& draft, const Section& section, AccountAccess& access) {
    auto key = read_secret(section, "api_key", true, draft.surroundings);
    const auto& text = key.value.reveal();
    if (std::any_of(text.begin(), text.end(), [](char c) { return c <= ' ' || c > '~'; })) {
        section.mistake(
            key.key, "what is there is no API key: it has spaces or characters beyond ASCII");
    }
    for (std::size_t i = 0; i < draft.config.accounts.size(); ++i) {
        if (!text.empty() && draft.config.accounts[i].api_key.reveal() == text) {
            section.mistake(
                key.key,
                fmt::format(
                    "the same API key as that of {}: everything would be counted twice",
                    draft.accounts[i].path()));
        }
    }
    access.api_key = std::move(key.value);
    access.api_key_source = std::move(key.source);
}

void read_access(Draft& draft, const Section& section, AccountAccess& access) {
    if (section.read("url", access.url)) {
        if (access.url.find('?') != std::string::npos) {
            section.mistake("url", "expected no query (?…) in the URL of the API");
        }
        if (to_lower(access.url).starts_with("http:") && !is_loopback_url(access.url)) {
            section.mistake(
                "url", "the API key would cross the network in clear; expected https://");
        }
        access.url.erase(access.url.find_last_not_of('/') + 1);
    }
    section.read("poll_interval", access.poll_interval);
    section.read("billing_interval", access.billing_interval);
    section.read("request_timeout", access.request_timeout);
    section.read("request_interval", access.request_interval);
    draft.read_file_path(section, "ca_file", access.ca_file);
}

void check_intervals(const Draft& draft, const Section& section, const AccountAccess& access) {
    if (access.poll_interval < access.request_interval) {
        section.contradiction(
            {"poll_interval", "request_interval"},
            fmt::format(
                "poll_interval = {} is shorter than request_interval = {}, the least time between "
                "two requests",
                format_duration(access.poll_interval),
                format_duration(access.request_interval)));
    }
    const auto staleness = draft.policy.enforcement.max_staleness;
    if (staleness < access.poll_interval) {
        const auto text = fmt::format(
            "between two polls the data would be too old to act on: {}.poll_interval = {}, "
            "enforcement.max_staleness = {}",
            section.path(),
            format_duration(access.poll_interval),
            format_duration(staleness));
        if (section.has("poll_interval") || !draft.enforcement) {
            section.mistake("poll_interval", text);
        } else {
            draft.enforcement->mistake("max_staleness", text);
        }
    }
}

void read_account(Draft& draft, const Section& section) {
    policy::Account account;
    AccountAccess access;
    account.name = access.name = AccountName{section.name()};
    read_key(draft, section, access);
    read_access(draft, section, access);
    check_intervals(draft, section, access);
    std::string team;
    if (section.read("team", team) &&
        draft.check_reference(section, "team", *section.node("team"), "team", team)) {
        account.team = TeamName{team};
    }
    read_caps(section, account.caps);
    section.read("credit_runway", account.credit_runway);
    section.read("credit_below", account.credit_below);
    account.poll_interval = access.poll_interval;
    account.request_interval = access.request_interval;
    draft.policy.accounts.push_back(std::move(account));
    draft.config.accounts.push_back(std::move(access));
    draft.accounts.push_back(section);
}

}  // namespace

void read_accounts(Draft& draft) {
    for (const auto& section : draft.named_sections("account")) {
        read_account(draft, section);
    }
    if (draft.names_of("account").empty() && draft.problems.complete()) {
        draft.problems.add(
            Place{},
            "account",
            "at least one account is needed: a table [account.main] with one of api_key_env, "
            "api_key_file, api_key_credential");
    }
}

}  // namespace vastwatch::config
