// The way to the daemon over real sockets: a thread answers one connection from a script.
#include "ctl/link.hpp"

#include "samples.hpp"

#include <boost/asio/post.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

using namespace vastwatch;
using namespace vastwatch::ctl;

namespace {

/// A folder of its own, gone in the end.
class Folder {
  public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "ctl-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error{"no folder"};
        }
        path_ = name;
    }

    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    ~Folder() { std::filesystem::remove_all(path_); }

    std::string file(const std::string& name) const { return (path_ / name).string(); }

  private:
    std::filesystem::path path_;
};

int listening(const std::string& path) {
    const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    if (bind(descriptor, generic, sizeof address) != 0 || listen(descriptor, 1) != 0) {
        throw std::runtime_error{"cannot listen"};
    }
    return descriptor;
}

/// Takes one connection, reads one request up to `until`, and answers.
class Peer {
  public:
    Peer(const std::string& path, std::string until, std::string answer)
        : listener_(listening(path)),
          thread_([this, until = std::move(until), answer = std::move(answer)]() {
              serve(until, answer);
          }) {}

    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    ~Peer() {
        join();
        close(listener_);
    }

    const std::string& received() {
        join();
        return received_;
    }

  private:
    void join() {
        if (thread_.joinable()) {
            thread_.join();
        }
    }

    void serve(const std::string& until, const std::string& answer) {
        const int peer = accept(listener_, nullptr, nullptr);
        char bytes[4096];
        while (received_.find(until) == std::string::npos) {
            const auto count = read(peer, bytes, sizeof bytes);
            if (count <= 0) {
                break;
            }
            received_.append(bytes, static_cast<std::size_t>(count));
        }
        (void)!write(peer, answer.data(), answer.size());
        close(peer);
    }

    int listener_;
    std::string received_;
    std::thread thread_;
};

Request poll_request() {
    Request request;
    request.method = "POST";
    request.target = "/api/v1/poll";
    request.body = "{}";
    request.timeout = std::chrono::seconds{20};
    return request;
}

std::string unreachable(const std::string& socket) {
    SocketLink link{socket};
    const auto reply = link.ask(poll_request());
    const auto* problem = std::get_if<Unreachable>(&reply);
    REQUIRE(problem != nullptr);
    return problem->message;
}

}  // namespace

TEST_CASE("a request goes over the socket and its answer comes back") {
    const Folder folder;
    Peer peer{
        folder.file("s"),
        "{}",
        "HTTP/1.1 409 Conflict\r\nContent-Length: 12\r\nConnection: close\r\n\r\n{\"ok\":false}"};
    SocketLink link{folder.file("s")};
    const auto reply = link.ask(poll_request());
    const auto* answer = std::get_if<Answer>(&reply);
    REQUIRE(answer != nullptr);
    CHECK(answer->status == 409);
    CHECK(answer->body == "{\"ok\":false}");
    CHECK(peer.received().starts_with("POST /api/v1/poll HTTP/1.1\r\n"));
}

TEST_CASE("a peer that breaks off may have done what it was asked, and the message says so") {
    const Folder folder;
    const Peer peer{folder.file("s"), "{}", ""};
    CHECK(unreachable(folder.file("s")).find("may have been done") != std::string::npos);
}

TEST_CASE("a missing socket is said to be missing") {
    const Folder folder;
    CHECK(unreachable(folder.file("none"))
              .starts_with(
                  "there is no socket " + folder.file("none") + ": vastwatchd does not run"));
}

TEST_CASE("a socket without a listener is said to have none") {
    const Folder folder;
    close(listening(folder.file("s")));
    CHECK(unreachable(folder.file("s")).find("nobody listens") != std::string::npos);
}

TEST_CASE("a file that is no socket is said to be none") {
    const Folder folder;
    std::ofstream{folder.file("f")} << "x";
    CHECK(unreachable(folder.file("f")) == folder.file("f") + " is not a socket");
}

TEST_CASE("a request under way can be interrupted from the loop") {
    const Folder folder;
    const int listener = listening(folder.file("s"));
    SocketLink link{folder.file("s")};
    boost::asio::post(link.loop(), [&link]() { link.interrupt(); });
    const auto reply = link.ask(poll_request());
    CHECK(std::holds_alternative<Unreachable>(reply));
    close(listener);
}
