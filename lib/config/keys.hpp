// The table of every key: where it stands, what it takes, what it is without, what it means. The
// checks, the reference text and the tests of the shipped file all go by this one table.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::config {

/// What a key takes.
enum class Kind {
    text,         // any string on one line
    path,         // an absolute path
    listen,       // "127.0.0.1:9877", "[::1]:9877"
    zone,         // an IANA time zone
    choice,       // one of the words in `range`
    duration,     // "90s"; `range` is "least..most"
    count,        // an integer; `range` is "least..most"
    money,        // a positive number of dollars, at most six decimals
    percentage,   // "80%"; `range` is "least..most"
    utilisation,  // a number of percent, or "5%"
    flag,         // true or false
    date,         // 2026-01-01
    globs,        // an array of globs
    names,        // an array of notifiers
    name,         // the name of a team or account
    ids,          // an array of instance ids
    addresses,    // an array of mail addresses
    address,      // a mail address, with or without a display name
    thresholds,   // an array of percentages and dollar amounts
    url,          // http:// or https://
    smtp_url,     // smtp:// or smtps://
    variable,     // the name of an environment variable
    secret_path,  // the path of a file that holds a secret
    credential,   // the name of a systemd credential
};

/// One key. All text lives as long as the program.
struct KeySpec {
    std::string_view section;  // "daemon", "account", "team", …; one of sections()
    std::string_view name;
    Kind kind = Kind::text;
    std::string_view range;  // see Kind
    std::string_view
        fallback;          // what holds without the key, in TOML; empty = nothing, or inherited
    std::string_view doc;  // one line for people
};

/// One kind of table.
struct SectionSpec {
    std::string_view name;    // "account"
    std::string_view header;  // "[account.NAME]"
    std::string_view doc;
};

std::span<const SectionSpec> sections();
std::span<const KeySpec> keys();

/// The key `name` of a section; [team.NAME] also has those of [defaults]. nullptr when there is
/// none.
const KeySpec* find_key(std::string_view section, std::string_view name);

/// Every name that find_key knows in a section.
std::vector<std::string_view> key_names(std::string_view section);

}  // namespace vastwatch::config
