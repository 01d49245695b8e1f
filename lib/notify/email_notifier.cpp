#include "notify/email_message.hpp"
#include "notify/notifier.hpp"
#include "notify/presentation.hpp"

#include <algorithm>
#include <deque>

namespace vastwatch::notify {
namespace {

/// Who has a mail already of which others are still to be tried, so that a retry does not repeat it
/// to them. Held in memory only: after a restart the stable Message-ID has to do.
class Progress {
  public:
    void add(const AlertId& alert, const std::vector<std::string>& addresses) {
        auto* entry = find(alert);
        if (entry == nullptr) {
            if (entries_.size() == limit) {
                entries_.pop_front();
            }
            entries_.push_back(Entry{alert, {}});
            entry = &entries_.back();
        }
        entry->reached.insert(entry->reached.end(), addresses.begin(), addresses.end());
    }

    bool reached(const AlertId& alert, const std::string& address) {
        const auto* entry = find(alert);
        return entry != nullptr &&
               std::find(entry->reached.begin(), entry->reached.end(), address) !=
                   entry->reached.end();
    }

    /// Whether anybody was reached; forgets the alert.
    bool take(const AlertId& alert) {
        return std::erase_if(entries_, [&](const Entry& entry) { return entry.alert == alert; }) >
               0;
    }

  private:
    static constexpr std::size_t limit = 256;

    struct Entry {
        AlertId alert;
        std::vector<std::string> reached;
    };

    Entry* find(const AlertId& alert) {
        const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
            return entry.alert == alert;
        });
        return found != entries_.end() ? &*found : nullptr;
    }

    std::deque<Entry> entries_;
};

class EmailNotifier final : public Notifier {
  public:
    EmailNotifier(
        Mailer& mailer,
        const config::Notifier& settings,
        const std::string& sender,
        Calendar calendar)
        : mailer_(mailer), minimum_severity_(settings.minimum_severity) {
        context_.notifier = settings.name;
        context_.calendar = std::move(calendar);
        const auto from = parse_mailbox(sender);
        if (from) {
            context_.from = *from;
        }
        for (const auto& text : settings.to) {
            auto mailbox = parse_mailbox(text);
            if (mailbox) {
                context_.to.push_back(std::move(*mailbox));
            }
        }
    }

    const NotifierName& name() const override { return context_.notifier; }

    policy::Severity minimum_severity() const override { return minimum_severity_; }

    boost::asio::awaitable<Attempt> deliver(alerts::Alert alert) override {
        if (context_.from.address.empty() || context_.to.empty()) {
            Attempt unusable;
            unusable.verdict = Verdict::refused;
            unusable.answer = context_.to.empty() ? "`to` holds no usable address"
                                                  : "`from` of [smtp] is no usable address";
            co_return unusable;
        }
        auto mail = make_mail(alert);
        if (mail.to.empty()) {
            Attempt nobody_left;
            nobody_left.verdict = Verdict::delivered;
            nobody_left.answer = "everybody had it already";
            settle(alert.id, nobody_left);
            co_return nobody_left;
        }
        auto attempt = co_await mailer_.send(std::move(mail));
        settle(alert.id, attempt);
        co_return attempt;
    }

  private:
    Mail make_mail(const alerts::Alert& alert) {
        Mail mail;
        mail.from = context_.from.address;
        for (const auto& mailbox : context_.to) {
            if (!progress_.reached(alert.id, mailbox.address)) {
                mail.to.push_back(mailbox.address);
            }
        }
        mail.message = compose_mail(alert, context_);
        return mail;
    }

    /// Remembers whom a partial success reached. When the rest is refused in the end, the alert
    /// still reached somebody and counts as delivered.
    void settle(const AlertId& alert, Attempt& attempt) {
        if (attempt.verdict == Verdict::try_again) {
            if (!attempt.reached.empty()) {
                progress_.add(alert, attempt.reached);
            }
            return;
        }
        const bool somebody = progress_.take(alert);
        if (somebody && attempt.verdict == Verdict::refused) {
            attempt.verdict = Verdict::delivered;
        }
    }

    Mailer& mailer_;
    policy::Severity minimum_severity_;
    MailContext context_;
    Progress progress_;
};

}  // namespace

std::unique_ptr<Notifier> make_email_notifier(
    Mailer& mailer,
    const config::Notifier& settings,
    std::string sender,
    Calendar calendar) {
    return std::make_unique<EmailNotifier>(mailer, settings, sender, std::move(calendar));
}

}  // namespace vastwatch::notify
