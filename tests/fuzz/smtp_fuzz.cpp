// A conversation with a mail server. A line that begins with '>' was sent by us, any other came in;
// the first byte says how the transfer ended.
#include "fuzz.hpp"
#include "notify/smtp_dialogue.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace vastwatch::fuzz {
namespace {

using notify::SmtpEnd;
using notify::Verdict;

/// What curl sends after AUTH; nobody else knows it.
const std::string password = "AHVzZXIAcGFzc3dvcmQ=";

void check(const notify::Attempt& attempt, SmtpEnd end, const std::vector<std::string>& asked) {
    require_shown(attempt.answer, 300, "what a server said is one bounded printable line");
    require(!attempt.retry_after, "SMTP names no time for a retry");
    require(
        attempt.verdict != Verdict::delivered || end == SmtpEnd::done,
        "only what the server took is delivered");
    require(
        end != SmtpEnd::stopping || attempt.verdict == Verdict::try_again,
        "what we gave up is tried again");
    require(
        attempt.reached.empty() || attempt.verdict == Verdict::try_again,
        "who has it already matters only to another try");
    for (const auto& address : attempt.reached) {
        require(
            std::find(asked.begin(), asked.end(), address) != asked.end(),
            "nobody is reached who was not written to",
            address);
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input(text_of(data, size));
    const auto end = static_cast<SmtpEnd>(input.byte() % 3);
    notify::SmtpDialogue dialogue;
    std::vector<std::string> asked;
    bool echoed = false;
    while (!input.empty()) {
        auto line = input.line();
        if (!line.starts_with('>')) {
            echoed = echoed || line.find(password) != std::string_view::npos;
            dialogue.received(line);
            continue;
        }
        line.remove_prefix(1);
        constexpr std::string_view recipient = "RCPT TO:<";
        if (line.starts_with(recipient)) {
            const auto rest = line.substr(recipient.size());
            asked.emplace_back(rest.substr(0, rest.find('>')));
            echoed = echoed || rest.find(password) != std::string_view::npos;
        }
        dialogue.sent(line);
        if (line.starts_with("AUTH")) {
            dialogue.sent("AUTH PLAIN " + password);
            dialogue.sent(password);
        }
    }
    const auto attempt = dialogue.outcome(end, "the connection broke");
    check(attempt, end, asked);
    require(
        echoed || attempt.answer.find(password) == std::string::npos,
        "no password is in the answer");
    return 0;
}

}  // namespace vastwatch::fuzz
