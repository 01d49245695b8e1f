// The service: reads its arguments and its configuration, opens what it needs, runs the loop.
#include "config/config.hpp"
#include "http/server.hpp"
#include "metrics/process_metrics.hpp"
#include "net/http_client.hpp"
#include "notify/notifier.hpp"
#include "runtime/inherited_sockets.hpp"
#include "runtime/process_log.hpp"
#include "runtime/service_manager.hpp"
#include "runtime/system_clock.hpp"
#include "runtime/system_random.hpp"
#include "runtime/worker.hpp"
#include "watch/service.hpp"
#include "web/site.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace vastwatch {
namespace {

namespace asio = boost::asio;

constexpr int exit_invalid = 1;
constexpr int exit_unreadable = 2;
/// EX_CONFIG of sysexits.h: trying again is no use, and the unit does not.
constexpr int exit_unconfigured = 78;

using Loaded = std::variant<std::shared_ptr<const config::Config>, config::Mistakes>;

int print_mistakes(const config::Mistakes& mistakes) {
    for (const auto& mistake : mistakes.list) {
        fmt::print(stderr, "{}\n", mistake.to_string());
    }
    return mistakes.unreadable ? exit_unreadable : exit_invalid;
}

/// Why the service does not start, where it would have logged.
int refuse(const config::Mistakes& mistakes) {
    const auto log = runtime::make_process_log(runtime::Level::error);
    for (const auto& mistake : mistakes.list) {
        log->error("start_failed", mistake.to_string());
    }
    return exit_unconfigured;
}

/// A check by hand has no credentials: it looks where systemd takes them from for the service.
config::Surroundings surroundings_of_a_check() {
    auto surroundings = config::process_surroundings();
    surroundings.environment = [environment = surroundings.environment](const std::string& name) {
        auto value = environment(name);
        return !value && name == "CREDENTIALS_DIRECTORY" ? "/etc/credstore" : value;
    };
    return surroundings;
}

std::string environment(const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread
    return value == nullptr ? "" : value;
}

net::ProxySettings proxy_settings() {
    net::ProxySettings settings;
    settings.https_proxy = environment("HTTPS_PROXY");
    if (settings.https_proxy.empty()) {
        settings.https_proxy = environment("https_proxy");
    }
    settings.no_proxy = environment("NO_PROXY");
    if (settings.no_proxy.empty()) {
        settings.no_proxy = environment("no_proxy");
    }
    return settings;
}

int check_config(const std::string& file) {
    const auto loaded = config::load(file, surroundings_of_a_check());
    if (const auto* mistakes = std::get_if<config::Mistakes>(&loaded)) {
        return print_mistakes(*mistakes);
    }
    fmt::print("{}: valid\n", file);
    return 0;
}

/// Everything with a lifetime, in the order in which it is needed.
class Daemon {
  public:
    Daemon(
        std::filesystem::path file,
        std::shared_ptr<const config::Config> config,
        runtime::LeveledLog& log,
        runtime::ServiceManager manager)
        : file_(std::move(file)),
          config_(std::move(config)),
          log_(log),
          manager_(std::move(manager)),
          clock_(loop_) {}

    /// Opens state, audit log and sockets; false after a message when something cannot be had.
    bool open();

    int run();

  private:
    bool listen();
    std::string address() const;
    bool take(http::Listening listening);
    watch::World world();
    asio::awaitable<void> control();
    asio::awaitable<void> heed_signals();
    asio::awaitable<void> serve(http::Server& server);

    std::filesystem::path file_;
    std::shared_ptr<const config::Config> config_;
    runtime::LeveledLog& log_;
    runtime::ServiceManager manager_;
    asio::io_context loop_{1};
    runtime::SystemClock clock_;
    runtime::SystemRandom random_;
    metrics::ProcessMetrics metrics_;
    std::unique_ptr<net::HttpClient> http_client_;
    std::optional<watch::State> state_;
    runtime::ThreadWorker files_;
    std::unique_ptr<watch::Service> service_;
    std::unique_ptr<web::Site> site_;
    std::vector<std::unique_ptr<http::Server>> servers_;
    bool activated_ = false;  // systemd holds the HTTP port
    std::unique_ptr<asio::signal_set> signals_;
};

bool Daemon::take(http::Listening listening) {
    if (const auto* error = std::get_if<http::ServerError>(&listening)) {
        log_.error("start_failed", error->message);
        return false;
    }
    servers_.push_back(std::move(std::get<std::unique_ptr<http::Server>>(listening)));
    return true;
}

bool Daemon::listen() {
    const auto& settings = config_->daemon;
    for (const int descriptor : runtime::inherited_sockets()) {
        activated_ = true;
        if (!take(
                http::listen_inherited(loop_, clock_, log_, *site_, http::Limits{}, descriptor))) {
            return false;
        }
    }
    // systemd's socket unit stands in for `listen`; the control socket is always our own.
    return (activated_ || take(http::listen_tcp(
                              loop_,
                              clock_,
                              log_,
                              *site_,
                              http::Limits{},
                              http::TcpAddress{settings.listen_host, settings.listen_port}))) &&
           take(http::listen_unix(
               loop_, clock_, log_, *site_, http::Limits{}, settings.control_socket));
}

std::string Daemon::address() const {
    const auto port = servers_.front()->port();
    return activated_ ? fmt::format("port {} is systemd's", port)
                      : fmt::format("http://{}:{}/", config_->daemon.listen_host, port);
}

watch::World Daemon::world() {
    auto make_mailer = [](const config::Smtp& settings) {
        return notify::make_smtp_mailer(settings);
    };
    auto load = [file = file_]() { return config::load(file, config::process_surroundings()); };
    auto set_level = [this](config::LogLevel level) { log_.set_level(watch::level_of(level)); };
    return watch::World{
        loop_,
        clock_,
        random_,
        log_,
        *http_client_,
        *state_->store,
        *state_->audit,
        files_,
        manager_,
        metrics_,
        config_->daemon.state_directory,
        runtime::boot_id(),
        make_mailer,
        load,
        set_level};
}

bool Daemon::open() {
    state_ = watch::open_state(config_->daemon.state_directory, log_);
    if (!state_) {
        return false;
    }
    http_client_ = net::make_http_client(loop_, proxy_settings());
    service_ = std::make_unique<watch::Service>(
        world(), config_, std::move(state_->stored), std::move(state_->found));
    site_ = std::make_unique<web::Site>(service_->backend());
    return listen();
}

asio::awaitable<void> Daemon::serve(http::Server& server) {
    co_await server.run();
}

asio::awaitable<void> Daemon::heed_signals() {
    constexpr auto token = asio::as_tuple(asio::use_awaitable);
    for (;;) {
        auto [error, number] = co_await signals_->async_wait(token);
        if (error) {
            co_return;
        }
        if (number == SIGHUP) {
            service_->reload();
        } else {
            service_->stop();
        }
    }
}

asio::awaitable<void> Daemon::control() {
    co_await service_->run();
    loop_.stop();
}

int Daemon::run() {
    signals_ = std::make_unique<asio::signal_set>(loop_, SIGTERM, SIGINT, SIGHUP);
    service_->start();
    for (const auto& server : servers_) {
        service_->spawn("http", serve(*server));
    }
    auto on_end = [](const std::exception_ptr& error) {
        if (error) {
            std::rethrow_exception(error);
        }
    };
    asio::co_spawn(loop_, control(), on_end);
    asio::co_spawn(loop_, heed_signals(), on_end);
    log_.notice(
        "started",
        fmt::format(
            "vastwatchd {} watches {} account{} in {} mode; {}",
            VASTWATCH_VERSION,
            config_->accounts.size(),
            config_->accounts.size() == 1 ? "" : "s",
            config_->policy->enforcement.enforce ? "enforce" : "dry-run",
            address()));
    manager_.ready("started, first look under way");
    loop_.run();
    return service_->fault().empty() ? 0 : 1;
}

int serve(const std::string& file) {
    auto loaded = config::load(file, config::process_surroundings());
    if (const auto* mistakes = std::get_if<config::Mistakes>(&loaded)) {
        return refuse(*mistakes);
    }
    auto config = std::get<std::shared_ptr<const config::Config>>(loaded);
    auto log = runtime::make_process_log(watch::level_of(config->daemon.log_level));
    auto manager = runtime::ServiceManager::from_environment();
    (void)std::signal(SIGPIPE, SIG_IGN);
    umask(umask(0077) | 0027);
    Daemon daemon{file, std::move(config), *log, std::move(manager)};
    return daemon.open() ? daemon.run() : 1;
}

}  // namespace
}  // namespace vastwatch

// NOLINTNEXTLINE(bugprone-exception-escape): an exception is a bug, and is to end the process
int main(int argc, char** argv) {
    CLI::App app{"Watches what teams spend on Vast.ai, and takes down what should not run."};
    std::string file = "/etc/vastwatch.conf";
    bool check = false;
    app.add_option("--config", file, "the configuration; FILE.d/*.conf are read after it")
        ->type_name("FILE");
    app.add_flag("--check-config", check, "print all mistakes in the configuration and exit");
    app.set_version_flag("--version", "vastwatchd " VASTWATCH_VERSION);
    CLI11_PARSE(app, argc, argv);
    return check ? vastwatch::check_config(file) : vastwatch::serve(file);
}
