// Every file in tests/data/config: good ones load, and load again from what to_toml makes of them;
// bad ones give exactly the lines of the .expected file beside them.
#include "support.hpp"

#include <algorithm>
#include <vector>

namespace vastwatch::config::test {
namespace {

std::vector<std::filesystem::path> files_in(const std::string& directory) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator{data_directory / directory}) {
        if (entry.is_regular_file() && entry.path().extension() == ".conf") {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

TEST_CASE("each bad file gives exactly the mistakes that stand beside it") {
    const auto files = files_in("bad");
    REQUIRE(files.size() > 90);
    for (const auto& file : files) {
        CAPTURE(file.filename().native());
        auto expected = file;
        expected.replace_extension(".expected");
        REQUIRE(std::filesystem::exists(expected));
        const auto outcome = load(file, usual_surroundings());
        CHECK(mistakes_text(outcome, file) == read_text(expected));
        CHECK(std::holds_alternative<Mistakes>(outcome));
    }
}

TEST_CASE("a bad file is invalid, not unreadable") {
    for (const auto& file : files_in("bad")) {
        CAPTURE(file.filename().native());
        const auto outcome = load(file, usual_surroundings());
        const auto* mistakes = std::get_if<Mistakes>(&outcome);
        REQUIRE(mistakes != nullptr);
        CHECK_FALSE(mistakes->unreadable);
    }
}

TEST_CASE("no message quotes a secret") {
    for (const auto& file : files_in("bad")) {
        CAPTURE(file.filename().native());
        const auto text = mistakes_text(load(file, usual_surroundings()), file);
        for (const auto* secret :
             {"SECRET", "hunter2", "-key-of-the-tests", "two words", "d41d8cd98f", "0123"}) {
            CHECK(text.find(secret) == std::string::npos);
        }
    }
}

TEST_CASE("each good file loads without a mistake") {
    const auto files = files_in("good");
    REQUIRE(files.size() >= 4);
    for (const auto& file : files) {
        CAPTURE(file.filename().native());
        CHECK(mistakes_text(load(file, usual_surroundings()), file) == "");
    }
}

/// The listing without the comment lines that name the files read.
std::string without_comments(std::string text) {
    while (text.starts_with('#')) {
        text.erase(0, text.find('\n') + 1);
    }
    return text;
}

TEST_CASE("the configuration in force, printed, loads again to the same") {
    for (const auto& file : files_in("good")) {
        CAPTURE(file.filename().native());
        const auto outcome = load(file, usual_surroundings());
        const auto* first = std::get_if<std::shared_ptr<const Config>>(&outcome);
        REQUIRE(first != nullptr);
        const auto printed = to_toml(**first);
        const auto second = load_text(printed);
        CHECK(without_comments(to_toml(*second)) == without_comments(printed));
        CHECK(second->policy->alerts.size() == (*first)->policy->alerts.size());
        for (std::size_t i = 0; i < second->accounts.size(); ++i) {
            CHECK(
                second->accounts[i].api_key.reveal() == (*first)->accounts.at(i).api_key.reveal());
        }
    }
}

TEST_CASE("the configuration in force, printed, has no secret in it") {
    const auto file = data_directory / "good" / "spec-example.conf";
    const auto outcome = load(file, usual_surroundings());
    const auto printed = to_toml(*std::get<std::shared_ptr<const Config>>(outcome));
    for (const auto* secret :
         {"SECRETPART",
          "SECRETTOKEN",
          "SECRETPING",
          "SECRETCHAT",
          "SECRETSIGNATURE",
          "SECRETPASSWORD",
          "key-of-the-tests"}) {
        CHECK(printed.find(secret) == std::string::npos);
    }
    CHECK(printed.find("https://hooks.example.com/(hidden)") != std::string::npos);
}

}  // namespace
}  // namespace vastwatch::config::test
