// The table of keys, and the shipped file that goes by it.
#include "config/keys.hpp"

#include "support.hpp"

#include <set>
#include <sstream>

namespace vastwatch::config::test {
namespace {

const std::filesystem::path shipped_file =
    std::filesystem::path{VASTWATCH_TEST_DATA}.parent_path().parent_path() / "etc" /
    "vastwatch.conf";

/// The shipped file with every sample ("#key = …", "#[table]") taken into use.
std::string uncommented() {
    std::istringstream lines{read_text(shipped_file)};
    std::string out;
    for (std::string line; std::getline(lines, line);) {
        const bool sample = line.size() > 1 && line[0] == '#' && line[1] != ' ';
        out += (sample ? line.substr(1) : line) + "\n";
    }
    return out;
}

/// "account" for "[account.main]"; empty for lines that are no header.
std::string section_of(const std::string& line) {
    if (!line.starts_with('[')) {
        return {};
    }
    const auto start = line.find_first_not_of('[');
    return line.substr(start, line.find_first_of(".]") - start);
}

/// Every "section.key" that the shipped file shows.
std::set<std::string> shown_keys() {
    std::istringstream lines{uncommented()};
    std::set<std::string> shown;
    std::string section;
    for (std::string line; std::getline(lines, line);) {
        if (auto header = section_of(line); !header.empty()) {
            section = header;
        } else if (!line.starts_with('#') && line.find(" = ") != std::string::npos) {
            shown.insert(section + "." + line.substr(0, line.find(" = ")));
        }
    }
    return shown;
}

TEST_CASE("the shipped file shows every key") {
    const auto shown = shown_keys();
    for (const auto& key : keys()) {
        const auto name = std::string{key.section} + "." + std::string{key.name};
        CAPTURE(name);
        CHECK(shown.count(name) == 1);
    }
}

TEST_CASE("the shipped file, with a key given to the service, is valid and a dry run") {
    const auto outcome = load(shipped_file, usual_surroundings());
    CHECK(mistakes_text(outcome, shipped_file) == "");
    const auto* config = std::get_if<std::shared_ptr<const Config>>(&outcome);
    REQUIRE(config != nullptr);
    CHECK_FALSE((*config)->policy->enforcement.enforce);
}

TEST_CASE("the shipped file in use is the same as the shortest one") {
    const auto outcome = load(shipped_file, usual_surroundings());
    const auto shipped = to_toml(*std::get<std::shared_ptr<const Config>>(outcome));
    const auto shortest =
        to_toml(*load_text("[account.main]\napi_key_credential = \"vast-api-key\"\n"));
    CHECK(shipped.substr(shipped.find('[')) == shortest.substr(shortest.find('[')));
}

TEST_CASE("every sample of the shipped file is right but for what only one of can be given") {
    std::istringstream lines{mistakes_of(uncommented())};
    for (std::string line; std::getline(lines, line);) {
        CAPTURE(line);
        const bool expected = line.find("only one of") != std::string::npos ||
                              line.find("cannot be read") != std::string::npos ||
                              line.find("does not serve the gateway") != std::string::npos;
        CHECK(expected);
    }
}

TEST_CASE("the defaults of the table are those in force") {
    const auto without = to_toml(*load_text(account));
    for (const auto& key : keys()) {
        const bool single =
            key.section == "daemon" || key.section == "enforcement" || key.section == "defaults";
        if (!single || key.fallback.empty()) {
            continue;
        }
        CAPTURE(key.name);
        const auto with = to_toml(*load_text(
            account + "[" + std::string{key.section} + "]\n" + std::string{key.name} + " = " +
            std::string{key.fallback} + "\n"));
        CHECK(with.substr(with.find('[')) == without.substr(without.find('[')));
    }
}

TEST_CASE("an account's defaults of the table are those in force") {
    const auto without = to_toml(*load_text(account));
    for (const auto& key : keys()) {
        if (key.section != "account" || key.fallback.empty()) {
            continue;
        }
        CAPTURE(key.name);
        const auto with = to_toml(
            *load_text(account + std::string{key.name} + " = " + std::string{key.fallback} + "\n"));
        CHECK(with.substr(with.find('[')) == without.substr(without.find('[')));
    }
}

TEST_CASE("no key stands twice in the table") {
    std::set<std::string> seen;
    for (const auto& key : keys()) {
        const auto name = std::string{key.section} + "." + std::string{key.name};
        CAPTURE(name);
        CHECK(seen.insert(name).second);
        CHECK(!key.doc.empty());
    }
}

TEST_CASE("a value of the wrong type is a mistake for every key") {
    for (const auto& key : keys()) {
        CAPTURE(key.name);
        const auto section = std::string{key.section};
        const auto header = section == "alert" ? "[[alert]]"
                            : section == "account" || section == "team" || section == "notifier"
                                ? "[" + section + ".x]"
                                : "[" + section + "]";
        std::string text = header + "\n";
        if (section == "notifier" && key.name != "type") {
            text +=
                std::string{"type = "} + (key.name == "to" ? "\"email\"" : "\"webhook\"") + "\n";
        }
        text += std::string{key.name} + " = 00:00:01\n";
        const auto full =
            (section == "account" || section == "team" || section == "notifier" ? section + ".x."
                                                                                : section + ".") +
            std::string{key.name};
        const auto mistakes = mistakes_of(text);
        CHECK(mistakes.find(full + ": expected") != std::string::npos);
        CHECK(mistakes.find("found a time of day") != std::string::npos);
    }
}

TEST_CASE("the reference has every key with its default") {
    const auto text = key_reference();
    CHECK(text.find("[enforcement]") != std::string::npos);
    CHECK(
        text.find("  idle_for: Idle for longer than this is a finding. Allowed: 1s to 365d. "
                  "Default: \"2h\".") != std::string::npos);
    CHECK(text.find("a sample is idle. Allowed: above 0, up to 100.") != std::string::npos);
    for (const auto& key : keys()) {
        CAPTURE(key.name);
        CHECK(text.find("  " + std::string{key.name} + ": ") != std::string::npos);
    }
}

}  // namespace
}  // namespace vastwatch::config::test
