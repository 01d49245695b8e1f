// vastsim: a simulated Vast.ai account behind real sockets. Argument parsing and wiring only.
#include "base/text.hpp"
#include "model/account_file.hpp"
#include "model/fleet.hpp"
#include "model/json_text.hpp"
#include "model/world.hpp"
#include "server.hpp"

#include <boost/asio/signal_set.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace vastwatch::vastsim {
namespace {

namespace json = boost::json;

struct Options {
    std::string listen = "127.0.0.1:0";
    std::string control = "127.0.0.1:0";
    std::string port_file;
    std::string account_file;
    std::string key;
    std::string tls_certificate;
    std::string tls_key;
    std::string manual_time;
    std::string charge_lag;
    double speed = 1;
    bool verbose = false;
    bool generate = false;
    FleetOptions fleet;
    Settings settings;
};

// What a person did wrong; its text is for them.
class UsageError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// Simulated time, in step with the real one or moved by hand.
class Timeline {
  public:
    Timeline(Instant begin, double speed) : begin_(begin), speed_(speed) {}

    Now now() const {
        const auto passed = std::chrono::steady_clock::now() - started_;
        const auto scaled = std::chrono::duration<double, std::nano>(passed) * speed_;
        return Now{
            .wall = begin_ + std::chrono::duration_cast<Duration>(scaled),
            .mono = MonoTime{passed}};
    }

  private:
    Instant begin_;
    double speed_;
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

void declare(CLI::App& app, Options& options) {
    app.add_option("--listen", options.listen, "Address and port of the API (port 0: any)");
    app.add_option("--control", options.control, "Address and port of the control port");
    app.add_option("--port-file", options.port_file, "Write both ports there, as JSON");
    auto* file = app.add_option("--account", options.account_file, "Account file");
    app.add_option("--generate", options.fleet.instances, "Make up so many instances")
        ->excludes(file)
        ->each([&options](const std::string&) { options.generate = true; });
    app.add_option("--seed", options.fleet.seed, "Of everything that is random");
    app.add_option("--teams", options.fleet.teams, "Label prefixes of a made-up fleet")
        ->delimiter(',');
    app.add_option("--profile", options.fleet.profile, "quickstart, mixed or steady");
    app.add_option("--key", options.key, "API key to accept")->envname("VASTSIM_KEY");
    auto* certificate =
        app.add_option("--tls-cert", options.tls_certificate, "Serve TLS with this certificate");
    app.add_option("--tls-key", options.tls_key, "Its private key")->needs(certificate);
    certificate->needs("--tls-key");
    auto* speed = app.add_option("--speed", options.speed, "Simulated seconds per real second")
                      ->check(CLI::Range(0.0, 1e6));
    app.add_option("--manual-time", options.manual_time, "Time stands at this instant (or \"now\")")
        ->excludes(speed);
    app.add_option("--rate-scale", options.settings.rate_scale, "Factor of the least intervals")
        ->check(CLI::NonNegativeNumber);
    app.add_option("--rate-form", options.settings.rate_form, "Form of a 429")
        ->check(CLI::IsMember({"documented", "detail", "success", "plain", "mixed"}));
    app.add_option("--charge-lag", options.charge_lag, "How late charges settle, as \"10m\"");
    app.add_flag("--verbose", options.verbose, "Print each request");
}

std::vector<AccountSpec> read_account_file(const std::string& path) {
    std::ifstream file(path);
    if (!file) {
        throw UsageError("cannot read " + path);
    }
    std::ostringstream text;
    text << file.rdbuf();
    boost::system::error_code error;
    const json::value value = json::parse(text.str(), error);
    if (error) {
        throw UsageError(path + " is not JSON: " + error.message());
    }
    std::vector<std::string> errors;
    std::vector<AccountSpec> accounts = read_accounts(value, errors);
    if (!errors.empty()) {
        throw UsageError(fmt::format("{}: {}", path, fmt::join(errors, "\n" + path + ": ")));
    }
    return accounts;
}

std::vector<AccountSpec> make_accounts(const Options& options) {
    std::vector<AccountSpec> accounts;
    if (!options.account_file.empty()) {
        accounts = read_account_file(options.account_file);
    } else {
        std::optional<AccountSpec> made = generate_account(options.fleet);
        if (!made) {
            throw UsageError("no such profile: " + options.fleet.profile);
        }
        accounts.push_back(std::move(*made));
    }
    if (!options.key.empty()) {
        accounts.front().keys.push_back(
            KeySpec{.key = options.key, .scopes = {}, .revoked = false});
    }
    for (AccountSpec& account : accounts) {
        if (account.keys.empty()) {
            throw UsageError("account " + account.name + " has no key: give --key or VASTSIM_KEY");
        }
        if (!options.charge_lag.empty()) {
            const auto lag = parse_duration(options.charge_lag);
            if (!lag) {
                throw UsageError("--charge-lag is a duration such as 10m");
            }
            account.delays.charge_lag = *lag;
        }
    }
    return accounts;
}

Instant begin_of(const Options& options) {
    const Instant now = std::chrono::system_clock::now();
    if (options.manual_time.empty() || options.manual_time == "now") {
        return now;
    }
    const auto parsed = parse_rfc3339(options.manual_time);
    if (!parsed) {
        throw UsageError("--manual-time is RFC 3339, as 2026-11-21T19:00:00Z");
    }
    return *parsed;
}

// Readers never see half a file: it appears under its name complete.
void write_port_file(const std::string& path, const json::object& ports) {
    const std::string partial = fmt::format("{}.{}", path, ::getpid());
    {
        std::ofstream file(partial);
        file << to_text(ports) << '\n';
        if (!file.flush()) {
            throw UsageError("cannot write " + path);
        }
    }
    std::filesystem::rename(partial, path);
}

void report(const HttpRequest& request, const HttpReply& reply) {
    const std::string target = request.target.substr(0, request.target.find("api_key"));
    fmt::print(stderr, "{} {} {}\n", request.method, printable(target, 200), reply.status);
}

int run(const Options& options) {
    Settings settings = options.settings;
    settings.manual_time = !options.manual_time.empty();
    const Instant begin = begin_of(options);
    // Begun at once: what making the world takes would otherwise put its clock behind the real one.
    const Timeline timeline(begin, settings.manual_time ? 0 : options.speed);
    World world(make_accounts(options), begin, options.fleet.seed, settings);
    std::optional<TlsFiles> tls;
    if (!options.tls_certificate.empty()) {
        tls = TlsFiles{.certificate = options.tls_certificate, .key = options.tls_key};
    }
    boost::asio::io_context context(1);
    const auto serve = [&](const HttpRequest& request) {
        HttpReply reply = world.serve(request, timeline.now());
        if (options.verbose) {
            report(request, reply);
        }
        return reply;
    };
    const auto control = [&](const HttpRequest& request) {
        return world.control(request, timeline.now());
    };
    const std::uint16_t port = listen_on(context, options.listen, tls, serve);
    const std::uint16_t control_port = listen_on(context, options.control, std::nullopt, control);
    const std::string host = options.listen.substr(0, options.listen.rfind(':'));
    const std::string control_host = options.control.substr(0, options.control.rfind(':'));
    const std::string url = fmt::format("{}://{}:{}", tls ? "https" : "http", host, port);
    const std::string control_url = fmt::format("http://{}:{}", control_host, control_port);
    if (!options.port_file.empty()) {
        json::object ports;
        ports["listen"] = port;
        ports["control"] = control_port;
        ports["url"] = url;
        ports["control_url"] = control_url;
        ports["pid"] = ::getpid();
        write_port_file(options.port_file, ports);
    }
    fmt::print("vastsim serves {} and is controlled at {}\n", url, control_url);
    std::fflush(stdout);
    boost::asio::signal_set signals(context, SIGTERM, SIGINT);
    signals.async_wait([&context](const boost::system::error_code&, int) { context.stop(); });
    context.run();
    return 0;
}

}  // namespace
}  // namespace vastwatch::vastsim

int main(int argc, char** argv) {
    try {
        vastwatch::vastsim::Options options;
        CLI::App app{"A simulated Vast.ai account"};
        vastwatch::vastsim::declare(app, options);
        CLI11_PARSE(app, argc, argv);
        return vastwatch::vastsim::run(options);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "vastsim: %s\n", error.what());
        return 2;
    }
}
