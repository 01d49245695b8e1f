// Queries of URLs. Everything that is not unreserved (RFC 3986) is percent-encoded, so a token or
// a JSON filter passes through as it is.
#pragma once

#include <string>
#include <string_view>

namespace vastwatch::vast {

/// Letters, digits, '-', '.', '_' and '~' as they are, every other byte as %XX.
std::string percent_encode(std::string_view text);

/// Builds "base?name=value&name=value"; without a pair it is the base alone.
class UrlBuilder {
  public:
    /// `origin` may end in slashes, which are dropped; `path` begins with one.
    UrlBuilder(std::string_view origin, std::string_view path);

    UrlBuilder& add(std::string_view name, std::string_view value);

    std::string take() { return std::move(url_); }

  private:
    std::string url_;
    char separator_ = '?';
};

}  // namespace vastwatch::vast
