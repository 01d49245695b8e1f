// The manual page of the configuration goes by the table of keys.
#include "config/keys.hpp"
#include "support.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <regex>
#include <sstream>

namespace vastwatch::config::test {
namespace {

/// "account.url" → the text of that key's entry; several keys can share one.
std::map<std::string, std::string> entries() {
    const auto file = std::filesystem::path{VASTWATCH_TEST_DATA}.parent_path().parent_path() /
                      "packaging" / "man" / "vastwatch.conf.5";
    std::istringstream lines{read_text(file)};
    std::map<std::string, std::string> found;
    std::string section;
    std::vector<std::string> names;
    for (std::string line; std::getline(lines, line);) {
        std::smatch match;
        if (std::regex_match(line, match, std::regex{R"(\.S[sh] (.*))"})) {
            std::regex_search(line, match, std::regex{R"(\[([a-z]+))"});
            section = match.empty() ? "" : match[1].str();
            names.clear();
        } else if (line.starts_with(".It Ic ") && !section.empty()) {
            names.clear();
            std::istringstream words{line.substr(7)};
            for (std::string word; words >> word;) {
                if (word != ",") {
                    names.push_back(section + "." + word);
                }
            }
        }
        for (const auto& name : names) {
            found[name] += line + "\n";
        }
    }
    return found;
}

std::string name_of(const KeySpec& key) {
    return fmt::format("{}.{}", key.section, key.name);
}

/// The text as the page writes it: quotes by name, and no macros between words.
std::string plain(std::string text) {
    text = std::regex_replace(text, std::regex{R"(\\\(dq)"}, "\"");
    return std::regex_replace(text, std::regex{R"(\s+)"}, " ");
}

TEST_CASE("the manual explains every key, and none that does not exist") {
    const auto explained = entries();
    for (const auto& key : keys()) {
        CAPTURE(name_of(key));
        CHECK(explained.count(name_of(key)) == 1);
    }
    for (const auto& [name, text] : explained) {
        CAPTURE(name);
        const auto all = keys();
        CHECK(std::any_of(
            all.begin(), all.end(), [&](const auto& key) { return name_of(key) == name; }));
    }
}

TEST_CASE("the manual gives every default") {
    const auto explained = entries();
    for (const auto& key : keys()) {
        if (!key.fallback.empty()) {
            CAPTURE(name_of(key));
            const auto text = plain(explained.at(name_of(key)));
            CHECK(text.find("Default: ") != std::string::npos);
            CHECK(text.find(key.fallback) != std::string::npos);
        }
    }
}

TEST_CASE("the manual gives every word that a key takes") {
    const auto explained = entries();
    for (const auto& key : keys()) {
        std::istringstream words{std::string{key.kind == Kind::choice ? key.range : ""}};
        for (std::string word; std::getline(words, word, '|');) {
            CAPTURE(name_of(key));
            CAPTURE(word);
            const auto text = plain(explained.at(name_of(key)));
            CHECK(text.find('"' + word + '"') != std::string::npos);
        }
    }
}

TEST_CASE("the manual gives the bounds of every number, share and duration") {
    const auto explained = entries();
    for (const auto& key : keys()) {
        const auto dots = key.range.find("..");
        if (dots == std::string_view::npos) {
            continue;
        }
        CAPTURE(name_of(key));
        const auto text = plain(explained.at(name_of(key)));
        const std::string unit = key.kind == Kind::percentage ? "%" : "";
        CHECK(text.find(std::string{key.range.substr(0, dots)} + unit) != std::string::npos);
        CHECK(text.find(std::string{key.range.substr(dots + 2)} + unit) != std::string::npos);
    }
}

}  // namespace
}  // namespace vastwatch::config::test
