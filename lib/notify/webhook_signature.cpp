#include "notify/webhook_signature.hpp"

#include "base/text.hpp"
#include "notify/digest.hpp"
#include "notify/mail_encoding.hpp"

#include <fmt/format.h>

namespace vastwatch::notify {
namespace {

std::string signing_key(std::string_view secret) {
    constexpr std::string_view prefix = "whsec_";
    secret = trim(secret);
    if (secret.starts_with(prefix)) {
        auto decoded = base64_decode(secret.substr(prefix.size()));
        if (decoded) {
            return std::move(*decoded);
        }
    }
    return std::string{secret};
}

}  // namespace

std::string webhook_signature(
    std::string_view secret,
    std::string_view id,
    std::int64_t timestamp,
    std::string_view body) {
    const auto content = fmt::format("{}.{}.{}", id, timestamp, body);
    return "v1," + base64_encode(hmac_sha256(signing_key(secret), content));
}

std::vector<net::Header>
webhook_headers(std::string_view secret, std::string_view id, Instant now, std::string_view body) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
    const auto safe_id = id_token(id);
    std::vector<net::Header> out;
    out.push_back(net::Header{"webhook-id", safe_id});
    out.push_back(net::Header{"webhook-timestamp", std::to_string(seconds)});
    if (!trim(secret).empty()) {
        out.push_back(
            net::Header{"webhook-signature", webhook_signature(secret, safe_id, seconds, body)});
    }
    return out;
}

}  // namespace vastwatch::notify
