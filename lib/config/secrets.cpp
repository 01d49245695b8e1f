#include "config/secrets.hpp"

#include "base/text.hpp"
#include "config/files.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::config {
namespace {

constexpr std::size_t largest_secret = std::size_t{64} * 1024;

/// The keys that can give the secret, in the order of the table of keys.
std::vector<std::string_view> candidates(const Section& section, std::string_view stem) {
    std::vector<std::string_view> names;
    for (const auto name : key_names(section.schema())) {
        const bool suffixed = name.starts_with(stem) && name.substr(stem.size()).starts_with('_');
        if (name == stem || suffixed) {
            names.push_back(name);
        }
    }
    return names;
}

/// A variable's name as it may be shown: somebody may have put the secret itself there.
bool looks_like_a_variable(std::string_view name) {
    return name.size() <= 40 && std::all_of(name.begin(), name.end(), [](char c) {
               return c == '_' || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
           });
}

class Fetcher {
  public:
    Fetcher(const Section& section, std::string_view key, const Surroundings& surroundings)
        : section_(section), key_(key), surroundings_(surroundings) {}

    /// The secret; empty when it could not be had, which has been reported then.
    std::string fetch(const std::string& what) const {
        std::string value;
        if (key_.ends_with("_env")) {
            value = from_environment(what);
        } else if (key_.ends_with("_file")) {
            value = from_file(what, true);
        } else if (key_.ends_with("_credential")) {
            value = from_credential(what);
        } else {
            return what;
        }
        return check(std::move(value));
    }

  private:
    void mistake(std::string text) const { section_.mistake(key_, std::move(text)); }

    std::string from_environment(const std::string& variable) const {
        auto value = surroundings_.environment(variable);
        const auto name = looks_like_a_variable(variable)
                              ? fmt::format("the environment variable {}", variable)
                              : std::string{"the environment variable of that name"};
        if (!value) {
            mistake(name + " is not set");
        } else if (trim(*value).empty()) {
            mistake(name + " is empty");
        } else {
            return std::move(*value);
        }
        return {};
    }

    std::string from_credential(const std::string& name) const {
        const auto directory = surroundings_.environment("CREDENTIALS_DIRECTORY");
        if (!directory || directory->empty()) {
            mistake(
                "there is no $CREDENTIALS_DIRECTORY to read it from: the unit needs "
                "LoadCredential= for it");
            return {};
        }
        return from_file(*directory + "/" + name, false);
    }

    std::string from_file(const std::string& path, bool own) const {
        auto content = read_file(path, largest_secret);
        if (const auto* reason = std::get_if<std::string>(&content)) {
            mistake(
                own ? fmt::format("{} cannot be read: {}", printable(path, 200), *reason)
                    : fmt::format(
                          "that credential cannot be read: {}; the unit needs LoadCredential= "
                          "for it, and the file is /etc/credstore/NAME unless that says otherwise",
                          *reason));
            return {};
        }
        auto& file = std::get<FileContent>(content);
        if (own && file.world_readable) {
            mistake(fmt::format(
                "everybody on this machine can read {}; take that right away (chmod o-r)",
                printable(path, 200)));
            return {};
        }
        if (trim(file.bytes).empty()) {
            mistake((own ? printable(path, 200) : std::string{"that credential"}) + " is empty");
            return {};
        }
        return std::move(file.bytes);
    }

    std::string check(std::string value) const {
        value.erase(value.find_last_not_of("\r\n") + 1);
        if (printable(value) != value) {
            mistake(
                "what is there has control characters or is not UTF-8, so it is no secret text");
            return {};
        }
        return value;
    }

    const Section& section_;
    std::string_view key_;
    const Surroundings& surroundings_;
};

}  // namespace

FoundSecret read_secret(
    const Section& section,
    std::string_view stem,
    bool required,
    const Surroundings& surroundings) {
    FoundSecret found;
    const auto names = candidates(section, stem);
    for (const auto name : names) {
        if (!section.has(name)) {
            continue;
        }
        if (!found.key.empty()) {
            section.mistake(
                name, fmt::format("only one of {} can be given", fmt::join(names, ", ")));
            continue;
        }
        found.key = name;
        std::string what;
        if (section.read(name, what)) {
            found.value = Secret{Fetcher{section, name, surroundings}.fetch(what)};
            if (name != stem) {
                found.source = SecretSource{std::string{name}, what};
            }
        }
    }
    if (found.key.empty() && required) {
        section.missing(
            names.front(),
            fmt::format("exactly one of {} is needed; found none", fmt::join(names, ", ")));
    }
    return found;
}

}  // namespace vastwatch::config
