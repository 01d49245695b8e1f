// What was said between us and a mail server in one attempt, as far as it decides the outcome:
// which command the server answered last and how, and what it said of each recipient. Fed by the
// mailer line by line; keeps no command's arguments but recipients, so no password. Pure.
#pragma once

#include "notify/notifier.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::notify {

/// How the transfer ended, apart from what the server said.
enum class SmtpEnd {
    done,      // the server took the message
    broken,    // it did not: an error reply, or the connection failed, timed out, was not trusted
    stopping,  // we gave up because the daemon ends
};

class SmtpDialogue {
  public:
    /// A command as it went out, with or without its line end.
    void sent(std::string_view command);

    /// One line that came in.
    void received(std::string_view line);

    /// Whether we have said QUIT.
    bool over() const { return over_; }

    /// `problem` says what broke when the server said nothing, and is not looked at otherwise.
    Attempt outcome(SmtpEnd end, std::string_view problem) const;

  private:
    enum class Stage { greeting, hello, start_tls, login, sender, recipient, content };

    struct Recipient {
        std::string address;
        int code = 0;  // 0 = not answered
        std::string reply;
    };

    Attempt rejected() const;
    std::string recipient_trouble() const;
    std::vector<std::string> reached() const;

    Stage stage_ = Stage::greeting;
    bool over_ = false;  // QUIT was said: what comes now decides nothing
    int code_ = 0;       // of the last reply before QUIT; 0 = none to the last command
    std::string reply_;
    std::vector<Recipient> recipients_;
};

}  // namespace vastwatch::notify
