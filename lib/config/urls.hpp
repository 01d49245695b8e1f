// What the configuration needs to know about a URL. Nothing here puts a URL into a message: it may
// be a secret.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vastwatch::config {

/// Why `text` is not a usable URL of one of the two schemes ("http", "https"), as the end of a
/// sentence; nothing when it is one. No user information and no fragment; a path and a query are
/// fine unless `origin_only`.
std::optional<std::string> url_mistake(
    std::string_view text,
    std::string_view scheme,
    std::string_view secure_scheme,
    bool origin_only = false);

/// True for hosts that are this machine: localhost, 127.x.x.x, [::1].
bool is_loopback_url(std::string_view url);

/// "https://host:port" of a valid URL.
std::string origin_of(std::string_view url);

}  // namespace vastwatch::config
