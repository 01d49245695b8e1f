// Fetches secrets from where the configuration says they are: an environment variable, a file, a
// systemd credential. No message of this quotes one.
#pragma once

#include "config/config.hpp"
#include "config/section.hpp"

#include <string_view>

namespace vastwatch::config {

/// A secret and where it came from.
struct FoundSecret {
    Secret value;
    SecretSource source;
    std::string_view key;  // the key that gave it; empty when there is none
};

/// Reads `stem`_env, `stem`_file or `stem`_credential of a section, and `stem` itself where that is
/// a key as well. More than one, none where `required`, and what cannot be fetched are reported.
/// Line ends after the secret are not part of it.
FoundSecret read_secret(
    const Section& section,
    std::string_view stem,
    bool required,
    const Surroundings& surroundings);

}  // namespace vastwatch::config
