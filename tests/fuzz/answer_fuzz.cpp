// What an answer of the service or of a webhook's receiver means. The input's lines: the status,
// the content type, Retry-After, and then the body, in which a byte 0x02 stands for a secret that
// the other side repeats to us.
#include "fuzz.hpp"
#include "response_check.hpp"

#include <charconv>
#include <string>
#include <variant>
#include <vector>

namespace vastwatch::fuzz {
namespace {

const std::string secret = "B1SECRETSECRETSECRET";
const std::string url = "https://hooks.example.com/services/" + secret + "?token=TOKENTOKENTOKEN";

/// A piece of the secret that is long enough to be one.
bool tells(std::string_view text) {
    constexpr std::size_t enough = 10;
    for (std::size_t i = 0; i + enough <= secret.size(); ++i) {
        if (text.find(secret.substr(i, enough)) != std::string_view::npos) {
            return true;
        }
    }
    return false;
}

std::string with_secret(std::string_view body) {
    std::string out;
    for (const char c : body) {
        if (c == '\x02') {
            out += url;
        } else {
            out += c;
        }
    }
    return out;
}

void check_hiding(net::Response response) {
    if (tells(response.body)) {
        return;
    }
    response.body = with_secret(response.body);
    const auto hidden = notify::secret_parts(url);
    const Instant now{std::chrono::seconds{1'795'287'845}};
    const auto attempt = notify::judge_answer(net::Result{response}, now, hidden);
    check_attempt(attempt);
    require(!tells(attempt.answer), "no part of a secret is in the answer", attempt.answer);
    net::Error error;
    error.detail = response.body;
    const auto broken = notify::judge_answer(net::Result{error}, now, hidden);
    check_attempt(broken);
    require(!tells(broken.answer), "no part of a secret is in an error", broken.answer);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input(text_of(data, size));
    net::Response response;
    const auto status = input.line();
    std::from_chars(status.data(), status.data() + status.size(), response.status);
    if (response.status < 0 || response.status > 999) {
        return 0;
    }
    response.headers.push_back(net::Header{"Content-Type", std::string(input.line())});
    response.headers.push_back(net::Header{"Retry-After", std::string(input.line())});
    response.body = input.rest();
    check_meaning(response);
    check_verdict(response, {});
    check_hiding(response);
    return 0;
}

}  // namespace vastwatch::fuzz
