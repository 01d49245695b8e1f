// The headers of the Standard Webhooks specification, by which a receiver recognises a repeat and
// knows that it is from us. Pure.
#pragma once

#include "base/time.hpp"
#include "net/http_client.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::notify {

/// "v1,<base64 HMAC-SHA256 of id.timestamp.body>". A secret "whsec_…" is the base64 of the key,
/// any other is the key itself (white space around it left out).
std::string webhook_signature(
    std::string_view secret,
    std::string_view id,
    std::int64_t timestamp,
    std::string_view body);

/// webhook-id, webhook-timestamp (`now` in Unix seconds) and, when there is a secret,
/// webhook-signature.
std::vector<net::Header>
webhook_headers(std::string_view secret, std::string_view id, Instant now, std::string_view body);

}  // namespace vastwatch::notify
