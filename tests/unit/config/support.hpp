// What the tests of the configuration share: an environment of their own, files that go away, and
// the outcome of a load as plain text.
#pragma once

#include "config/config.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace vastwatch::config::test {

inline const std::filesystem::path data_directory =
    std::filesystem::path{VASTWATCH_TEST_DATA} / "config";

inline Surroundings surroundings_of(std::map<std::string, std::string> variables) {
    Surroundings surroundings;
    surroundings.environment =
        [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
        const auto it = variables.find(name);
        return it == variables.end() ? std::nullopt : std::optional{it->second};
    };
    return surroundings;
}

/// The environment that the files in tests/data/config are written for.
inline Surroundings usual_surroundings() {
    return surroundings_of({
        {"VAST_API_KEY", "main-key-of-the-tests"},
        {"OTHER_KEY", "other-key-of-the-tests"},
        {"EMPTY", ""},
        {"TWO_WORDS", "two words"},
        {"CHAT_URL", "https://hooks.example.com/T000/SECRETCHAT"},
        {"CHAT_SECRET", "SECRETSIGNATURE"},
        {"SMTP_PASSWORD", "SECRETPASSWORD"},
        {"CREDENTIALS_DIRECTORY", (data_directory / "credentials").native()},
    });
}

/// A directory that goes away with the object.
class TemporaryDirectory {
  public:
    TemporaryDirectory() {
        std::string name = (std::filesystem::temp_directory_path() / "vastwatch-XXXXXX").native();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }

    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    std::filesystem::path write(const std::string& name, std::string_view text) const {
        const auto file = path_ / name;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream{file, std::ios::binary} << text;
        return file;
    }

    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

inline std::string read_text(const std::filesystem::path& file) {
    std::ifstream stream{file, std::ios::binary};
    return std::string{std::istreambuf_iterator<char>{stream}, {}};
}

using Outcome = std::variant<std::shared_ptr<const Config>, Mistakes>;

/// One line a mistake, "line:column: key: text"; other files than `file` are named, without the
/// directory.
inline std::string mistakes_text(const Outcome& outcome, const std::filesystem::path& file) {
    std::string out;
    if (const auto* mistakes = std::get_if<Mistakes>(&outcome)) {
        for (const auto& mistake : mistakes->list) {
            const bool here = mistake.file == file.native() && mistake.line != 0;
            out += mistake.to_string().substr(here ? file.native().size() + 1 : 0) + "\n";
        }
    }
    const auto directory = file.parent_path().native() + "/";
    for (auto at = out.find(directory); at != std::string::npos; at = out.find(directory, at)) {
        out.erase(at, directory.size());
    }
    return out;
}

/// Loads a text as a file of its own; fails the test when there are mistakes.
inline std::shared_ptr<const Config> load_text(
    std::string_view text,
    const Surroundings& surroundings = usual_surroundings()) {
    const TemporaryDirectory directory;
    const auto file = directory.write("vastwatch.conf", text);
    const auto outcome = load(file, surroundings);
    const auto mistakes = mistakes_text(outcome, file);
    REQUIRE(mistakes == "");
    return std::get<std::shared_ptr<const Config>>(outcome);
}

/// The mistakes of a text as a file of its own; empty when there are none.
inline std::string mistakes_of(
    std::string_view text,
    const Surroundings& surroundings = usual_surroundings()) {
    const TemporaryDirectory directory;
    const auto file = directory.write("vastwatch.conf", text);
    return mistakes_text(load(file, surroundings), file);
}

inline const std::string account = "[account.main]\napi_key_env = \"VAST_API_KEY\"\n";

}  // namespace vastwatch::config::test
