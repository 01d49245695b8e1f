// What an HTTP answer means for an alert: delivered, worth another try, or refused. Pure.
#pragma once

#include "net/http_client.hpp"
#include "notify/notifier.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::notify {

/// Retry-After as a time from `now`: seconds, or an HTTP date in its preferred form; at most a day,
/// never negative; nothing for other text.
std::optional<Duration> parse_retry_after(std::string_view text, Instant now);

/// 2xx is delivered; 408, 425, 429, 5xx and failures of the network are worth another try; 3xx and
/// the other 4xx are refused. `hidden` are strings that must not be in the answer.
Attempt
judge_answer(const net::Result& result, Instant now, const std::vector<std::string>& hidden);

/// Everything of `url` that may be a secret: the whole, what follows the host, and each longer part
/// of path and query; longest first.
std::vector<std::string> secret_parts(std::string_view url);

}  // namespace vastwatch::notify
