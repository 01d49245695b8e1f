#include "notify/smtp_mailer.hpp"

#include "notify/digest.hpp"
#include "notify/smtp_dialogue.hpp"
#include "runtime/worker.hpp"

#include <boost/algorithm/string/replace.hpp>

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstring>

namespace vastwatch::notify {
namespace {

using runtime::run_on;

/// What the worker needs of [smtp]; the mailer and its jobs share it, because a job may outlive a
/// coroutine that was cancelled.
struct Server {
    std::string url;
    config::StartTls starttls = config::StartTls::required;
    std::optional<std::string> username;
    Secret password;
    std::optional<std::string> ca_file;
    SmtpLimits limits;
    std::atomic<bool> stopping = false;
    std::atomic<std::size_t> waiting = 0;
};

/// Real time even in a simulation, as libcurl's own: this is about a thread that must not hang.
using Steady = std::chrono::steady_clock;
using SteadyTime = std::chrono::time_point<Steady, Duration>;

/// How long the server may take to say goodbye, which changes nothing any more.
constexpr Duration goodbye_limit = std::chrono::seconds{2};

/// One transfer as libcurl's callbacks see it.
struct Transfer {
    const Server& server;
    const Mail& mail;
    SteadyTime deadline;
    std::size_t read = 0;
    SmtpDialogue dialogue;
};

struct EasyCleanup {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};

struct ListCleanup {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

using EasyHandle = std::unique_ptr<CURL, EasyCleanup>;
using List = std::unique_ptr<curl_slist, ListCleanup>;

// libcurl fixes the signatures of these three.
std::size_t read_message(char* buffer, std::size_t size, std::size_t count, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    const auto left = transfer.mail.message.size() - transfer.read;
    const auto bytes = std::min(size * count, left);
    std::memcpy(buffer, transfer.mail.message.data() + transfer.read, bytes);
    transfer.read += bytes;
    return bytes;
}

int follow_dialogue(
    CURL* /*handle*/,
    curl_infotype type,
    char* data,
    std::size_t size,
    void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    const std::string_view line{data, size};
    if (type == CURLINFO_HEADER_OUT) {
        const bool was_over = transfer.dialogue.over();
        transfer.dialogue.sent(line);
        if (transfer.dialogue.over() && !was_over) {
            transfer.deadline = std::min(transfer.deadline, Steady::now() + goodbye_limit);
        }
    } else if (type == CURLINFO_HEADER_IN) {
        transfer.dialogue.received(line);
    }
    return 0;
}

/// libcurl asks at least once a second. Its own timeout does not cover the wait for the answer to
/// QUIT, which would last two minutes; hence the deadline.
int stop_when_told(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    const auto& transfer = *static_cast<Transfer*>(user);
    return transfer.server.stopping || Steady::now() > transfer.deadline ? 1 : 0;
}

long milliseconds(Duration duration) {
    return static_cast<long>(std::chrono::ceil<std::chrono::milliseconds>(duration).count());
}

long tls_demand(config::StartTls starttls) {
    switch (starttls) {
        case config::StartTls::required:
            return CURLUSESSL_ALL;
        case config::StartTls::opportunistic:
            return CURLUSESSL_TRY;
        case config::StartTls::off:
            return CURLUSESSL_NONE;
    }
    return CURLUSESSL_ALL;
}

/// Where to and how safely. What cannot be set must not be left out silently, hence the sum.
bool set_connection(CURL* handle, const Server& server) {
    const std::array results{
        curl_easy_setopt(handle, CURLOPT_URL, server.url.c_str()),
        curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps"),
        curl_easy_setopt(handle, CURLOPT_USE_SSL, tls_demand(server.starttls)),
        curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L),
        curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L),
        curl_easy_setopt(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2)),
        curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L),
        curl_easy_setopt(handle, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED)),
        curl_easy_setopt(handle, CURLOPT_PROXY, ""),
        curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L),
        // So that the goodbye happens under our deadline, not when the handle is destroyed.
        curl_easy_setopt(handle, CURLOPT_FORBID_REUSE, 1L),
        curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(server.limits.connect)),
        curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, milliseconds(server.limits.total)),
    };
    bool good =
        std::all_of(results.begin(), results.end(), [](CURLcode code) { return code == CURLE_OK; });
    if (server.ca_file) {
        good =
            good && curl_easy_setopt(handle, CURLOPT_CAINFO, server.ca_file->c_str()) == CURLE_OK;
    }
    if (server.username) {
        const auto& password = server.password.reveal();
        good = good &&
               curl_easy_setopt(handle, CURLOPT_USERNAME, server.username->c_str()) == CURLE_OK &&
               curl_easy_setopt(handle, CURLOPT_PASSWORD, password.c_str()) == CURLE_OK;
    }
    return good;
}

/// The envelope, the message and the callbacks that watch. With one bad mailbox the others still
/// get their mail; SmtpDialogue tells which were refused.
bool set_message(CURL* handle, Transfer& transfer, curl_slist* recipients) {
    const auto size = static_cast<curl_off_t>(transfer.mail.message.size());
    const std::array results{
        curl_easy_setopt(handle, CURLOPT_MAIL_FROM, transfer.mail.from.c_str()),
        curl_easy_setopt(handle, CURLOPT_MAIL_RCPT, recipients),
        curl_easy_setopt(handle, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L),
        curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L),
        curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, size),
        curl_easy_setopt(handle, CURLOPT_READFUNCTION, &read_message),
        curl_easy_setopt(handle, CURLOPT_READDATA, &transfer),
        curl_easy_setopt(handle, CURLOPT_VERBOSE, 1L),
        curl_easy_setopt(handle, CURLOPT_DEBUGFUNCTION, &follow_dialogue),
        curl_easy_setopt(handle, CURLOPT_DEBUGDATA, &transfer),
        curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L),
        curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, &stop_when_told),
        curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &transfer),
    };
    return std::all_of(
        results.begin(), results.end(), [](CURLcode code) { return code == CURLE_OK; });
}

/// libcurl's error as one sentence that says what to look at.
std::string problem(CURLcode code, const char* detail) {
    const std::string_view what = *detail != '\0' ? detail : curl_easy_strerror(code);
    switch (code) {
        case CURLE_USE_SSL_FAILED:
            return fmt::format(
                "the mail server offers no STARTTLS, which [smtp] requires ({})", what);
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
            return fmt::format("the mail server's certificate is not trusted: {}", what);
        case CURLE_LOGIN_DENIED:
            return fmt::format("the mail server refuses the login of [smtp]: {}", what);
        case CURLE_OPERATION_TIMEDOUT:
        case CURLE_ABORTED_BY_CALLBACK:
            return fmt::format("the mail server did not answer in time: {}", what);
        default:
            return fmt::format("the mail server could not be reached: {}", what);
    }
}

List recipient_list(const Mail& mail) {
    List list;
    for (const auto& address : mail.to) {
        auto* longer = curl_slist_append(list.get(), address.c_str());
        if (longer == nullptr) {
            throw std::bad_alloc{};
        }
        static_cast<void>(list.release());
        list.reset(longer);
    }
    return list;
}

Attempt transmit(const Server& server, const Mail& mail) {
    Transfer transfer{server, mail, Steady::now() + server.limits.total, 0, {}};
    if (server.stopping) {
        return transfer.dialogue.outcome(SmtpEnd::stopping, {});
    }
    const auto recipients = recipient_list(mail);
    std::array<char, CURL_ERROR_SIZE> detail{};
    const EasyHandle handle{curl_easy_init()};
    if (!handle || !set_connection(handle.get(), server) ||
        !set_message(handle.get(), transfer, recipients.get()) ||
        curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, detail.data()) != CURLE_OK) {
        return transfer.dialogue.outcome(SmtpEnd::broken, "libcurl could not be set up");
    }
    const auto code = curl_easy_perform(handle.get());
    if (code == CURLE_OK) {
        return transfer.dialogue.outcome(SmtpEnd::done, {});
    }
    if (code == CURLE_ABORTED_BY_CALLBACK && server.stopping) {
        return transfer.dialogue.outcome(SmtpEnd::stopping, {});
    }
    return transfer.dialogue.outcome(SmtpEnd::broken, problem(code, detail.data()));
}

/// Takes out what we log in with, plainly and as AUTH sends it: a server may repeat it in a reply.
std::string without_credentials(std::string text, const Server& server) {
    const auto& password = server.password.reveal();
    if (password.empty()) {
        return text;
    }
    const std::string separator(1, '\0');
    const auto plain = separator + server.username.value_or("") + separator + password;
    for (const auto& secret : {base64_encode(plain), base64_encode(password), password}) {
        boost::algorithm::replace_all(text, secret, "[hidden]");
    }
    return text;
}

/// The work of one mail, as it goes to the worker.
class Transmission {
  public:
    Transmission(std::shared_ptr<Server> server, Mail mail)
        : server_(std::move(server)), mail_(std::move(mail)) {}

    Attempt operator()() {
        auto attempt = transmit(*server_, mail_);
        attempt.answer = without_credentials(std::move(attempt.answer), *server_);
        --server_->waiting;
        return attempt;
    }

  private:
    std::shared_ptr<Server> server_;
    Mail mail_;
};

void prepare_libcurl() {
    // Not thread-safe everywhere, and wanted once: the first mailer does it, on the loop's thread.
    static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
    static_cast<void>(done);
}

class SmtpMailer final : public Mailer {
  public:
    SmtpMailer(const config::Smtp& settings, SmtpLimits limits)
        : server_(std::make_shared<Server>()) {
        prepare_libcurl();
        server_->url = settings.server;
        server_->starttls = settings.starttls;
        server_->username = settings.username;
        server_->password = settings.password.duplicate();
        server_->ca_file = settings.ca_file;
        server_->limits = limits;
    }

    SmtpMailer(const SmtpMailer&) = delete;
    SmtpMailer& operator=(const SmtpMailer&) = delete;

    /// Makes transfers end within about a second; the worker's own destructor then waits for them.
    ~SmtpMailer() override { server_->stopping = true; }

    boost::asio::awaitable<Attempt> send(Mail mail) override {
        if (server_->waiting >= server_->limits.queue) {
            Attempt full;
            full.answer = "too many mails are waiting to be sent";
            co_return full;
        }
        ++server_->waiting;
        Transmission transmission{server_, std::move(mail)};
        auto attempt = co_await run_on(worker_, std::move(transmission));
        co_return attempt;
    }

  private:
    std::shared_ptr<Server> server_;
    runtime::ThreadWorker worker_;
};

}  // namespace

std::unique_ptr<Mailer> make_smtp_mailer(const config::Smtp& settings, SmtpLimits limits) {
    return std::make_unique<SmtpMailer>(settings, limits);
}

std::unique_ptr<Mailer> make_smtp_mailer(const config::Smtp& settings) {
    return make_smtp_mailer(settings, SmtpLimits{});
}

}  // namespace vastwatch::notify
