#include "notify/smtp_dialogue.hpp"

#include "base/text.hpp"
#include "notify/presentation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace vastwatch::notify {
namespace {

bool temporary(int code) {
    return code >= 400 && code < 500;
}

bool positive(int code) {
    return code >= 200 && code < 400;
}

Attempt make_attempt(Verdict verdict, std::string_view answer) {
    Attempt attempt;
    attempt.verdict = verdict;
    attempt.answer = short_answer(answer);
    return attempt;
}

}  // namespace

void SmtpDialogue::sent(std::string_view command) {
    constexpr std::string_view recipient = "RCPT TO:<";
    if (command.starts_with("QUIT")) {
        over_ = true;
        return;
    }
    if (command.starts_with("EHLO") || command.starts_with("HELO")) {
        stage_ = Stage::hello;
    } else if (command.starts_with("STARTTLS")) {
        stage_ = Stage::start_tls;
    } else if (command.starts_with("AUTH")) {
        stage_ = Stage::login;
    } else if (command.starts_with("MAIL")) {
        stage_ = Stage::sender;
    } else if (command.starts_with(recipient)) {
        stage_ = Stage::recipient;
        const auto rest = command.substr(recipient.size());
        recipients_.emplace_back();
        recipients_.back().address = rest.substr(0, rest.find('>'));
    } else if (command.starts_with("DATA")) {
        stage_ = Stage::content;
    } else {
        return;  // the lines of a login: still the stage of AUTH
    }
    code_ = 0;
    reply_.clear();
}

void SmtpDialogue::received(std::string_view line) {
    constexpr std::size_t digits = 3;
    line = trim(line);
    // Of a reply in several lines only the last has no '-' after its code.
    if (over_ || line.size() < digits || (line.size() > digits && line[digits] != ' ')) {
        return;
    }
    int code = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + digits, code);
    if (error != std::errc{} || end != line.data() + digits || code < 0) {
        return;
    }
    code_ = code;
    reply_ = line;
    if (stage_ == Stage::recipient) {
        recipients_.back().code = code;
        recipients_.back().reply = line;
    }
}

Attempt SmtpDialogue::outcome(SmtpEnd end, std::string_view problem) const {
    if (end == SmtpEnd::stopping) {
        return make_attempt(Verdict::try_again, "given up because vastwatch is stopping");
    }
    if (end == SmtpEnd::broken) {
        return code_ >= 400 ? rejected() : make_attempt(Verdict::try_again, problem);
    }
    const auto trouble = recipient_trouble();
    const bool waiting =
        std::any_of(recipients_.begin(), recipients_.end(), [](const Recipient& recipient) {
            return temporary(recipient.code);
        });
    const auto answer = trouble.empty() ? reply_ : fmt::format("{}; but {}", reply_, trouble);
    auto attempt = make_attempt(waiting ? Verdict::try_again : Verdict::delivered, answer);
    if (waiting) {
        attempt.reached = reached();
    }
    return attempt;
}

Attempt SmtpDialogue::rejected() const {
    switch (stage_) {
        case Stage::greeting:
        case Stage::hello:
        case Stage::start_tls:
        case Stage::sender:
            // About this daemon and its settings, not about this mail: somebody may mend it.
            return make_attempt(
                Verdict::try_again, fmt::format("the mail server refuses us: {}", reply_));
        case Stage::login:
            return make_attempt(
                Verdict::try_again,
                fmt::format("the mail server refuses the login of [smtp]: {}", reply_));
        case Stage::recipient: {
            const bool all_refused = std::none_of(
                recipients_.begin(), recipients_.end(), [](const Recipient& recipient) {
                    return recipient.code == 0 || temporary(recipient.code);
                });
            return make_attempt(
                all_refused ? Verdict::refused : Verdict::try_again, recipient_trouble());
        }
        case Stage::content:
            break;
    }
    return make_attempt(temporary(code_) ? Verdict::try_again : Verdict::refused, reply_);
}

std::string SmtpDialogue::recipient_trouble() const {
    std::string out;
    for (const auto& recipient : recipients_) {
        if (!positive(recipient.code)) {
            out += out.empty() ? "" : "; ";
            out += fmt::format(
                "{}: {}",
                recipient.address,
                recipient.reply.empty() ? "no answer" : recipient.reply);
        }
    }
    return out;
}

std::vector<std::string> SmtpDialogue::reached() const {
    std::vector<std::string> out;
    for (const auto& recipient : recipients_) {
        if (positive(recipient.code)) {
            out.push_back(recipient.address);
        }
    }
    return out;
}

}  // namespace vastwatch::notify
