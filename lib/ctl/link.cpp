#include "ctl/link.hpp"

#include "base/assert.hpp"
#include "base/text.hpp"

#include <boost/asio/co_spawn.hpp>

#include <fmt/format.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <filesystem>
#include <optional>
#include <utility>

namespace vastwatch::ctl {
namespace {

namespace asio = boost::asio;

/// A fleet of tens of thousands, or a hundred thousand audit records.
constexpr std::size_t body_limit = std::size_t{256} * 1024 * 1024;

std::string group_name(gid_t id) {
    const auto* group = getgrgid(id);  // NOLINT(concurrency-mt-unsafe): there is one thread
    return group == nullptr ? fmt::format("{}", id) : printable(group->gr_name);
}

std::string no_permission(const std::string& what, const struct stat& status) {
    const auto group = group_name(status.st_gid);
    return fmt::format(
        "you have no permission to use {}; members of the group {} have: "
        "`sudo usermod -aG {} $USER`, then log in again",
        what,
        group,
        group);
}

/// The socket cannot even be seen: because of the folder it would be in.
std::string hidden(const std::string& socket) {
    const auto folder = std::filesystem::path{socket}.parent_path().string();
    struct stat status{};

    if (!folder.empty() && stat(folder.c_str(), &status) == 0) {
        return no_permission(printable(socket), status);
    }
    return fmt::format("you have no permission to look for {}", printable(socket));
}

std::string problem_of(const net::Error& error, const std::string& socket) {
    switch (error.failure) {
        case net::Failure::connect:
            return diagnose(socket);
        case net::Failure::timeout:
            return fmt::format(
                "vastwatchd did not answer in time on {}{}",
                printable(socket),
                error.sent ? "; what was asked for may have been done all the same" : "");
        default:
            break;
    }
    return fmt::format(
        "no usable answer from {}: {}{}",
        printable(socket),
        printable(error.detail),
        error.sent ? "; what was asked for may have been done all the same" : "");
}

}  // namespace

std::string diagnose(const std::string& socket) {
    const auto shown = printable(socket);
    struct stat status{};

    if (stat(socket.c_str(), &status) != 0) {
        if (errno == EACCES) {
            return hidden(socket);
        }
        return fmt::format(
            "there is no socket {}: vastwatchd does not run (systemctl status vastwatch), or its "
            "control_socket is elsewhere (--socket)",
            shown);
    }
    if (!S_ISSOCK(status.st_mode)) {
        return fmt::format("{} is not a socket", shown);
    }
    if (access(socket.c_str(), W_OK) != 0) {
        return no_permission(shown, status);
    }
    return fmt::format(
        "the socket {} is there, but nobody listens: vastwatchd does not run "
        "(systemctl status vastwatch)",
        shown);
}

SocketLink::SocketLink(std::string socket)
    : socket_(std::move(socket)), client_(net::make_http_client(loop_, net::ProxySettings{})) {
    VW_ASSERT(!socket_.empty());  // an empty path would mean TCP to the client
}

Reply SocketLink::ask(const Request& request) {
    if (client_ == nullptr) {
        return Unreachable{"interrupted"};
    }
    net::Request wire;
    wire.method = request.method;
    wire.url = "http://localhost" + request.target;
    wire.body = request.body;
    wire.timeout = request.timeout;
    wire.body_limit = body_limit;
    wire.unix_socket = socket_;
    if (!request.body.empty()) {
        wire.headers.push_back(net::Header{"Content-Type", "application/json"});
    }
    std::optional<net::Result> result;
    bool ended = false;
    auto on_end = [&result, &ended](const std::exception_ptr& error, net::Result outcome) {
        ended = true;
        if (!error) {
            result = std::move(outcome);
        }
    };
    asio::co_spawn(loop_, client_->send(std::move(wire)), std::move(on_end));
    loop_.restart();
    while (!ended) {
        if (interrupted_) {
            client_ = nullptr;  // ends what it has under way
        }
        loop_.run_one();
    }
    if (!result || interrupted_) {
        return Unreachable{fmt::format("interrupted while waiting for {}", printable(socket_))};
    }
    if (const auto* error = std::get_if<net::Error>(&*result)) {
        return Unreachable{problem_of(*error, socket_)};
    }
    auto& response = std::get<net::Response>(*result);
    return Answer{response.status, std::move(response.body)};
}

}  // namespace vastwatch::ctl
