// Bytes for the real server over a real socket, all in one loop: what a client writes before it
// closes its side. A '!' at the beginning makes it a TCP connection, else it is one to the control
// socket. The bytes are sent at once and in pieces, and the same answers must come.
#include "fuzz.hpp"
#include "http/server.hpp"
#include "runtime/memory_log.hpp"
#include "runtime/virtual_clock.hpp"
#include "sample_site.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace vastwatch::fuzz {
namespace {

/// Remembers the methods of the requests that came through: HEAD has no body in its answer.
class Recorder final : public http::Handler {
  public:
    explicit Recorder(web::Site& site) : site_(site) {}

    boost::asio::awaitable<http::Response> handle(http::Request request) override {
        methods.push_back(request.method);
        require(request.path.starts_with('/'), "a path begins at the root");
        require(request.control == request.actor.starts_with("uid:"), "a user means control");
        return site_.handle(std::move(request));
    }

    std::vector<std::string> methods;

  private:
    web::Site& site_;
};

template <class Address>
const sockaddr* generic_of(const Address* address) {
    return reinterpret_cast<const sockaddr*>(address);
}

int open_tcp() {
    const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    require(listening >= 0, "a socket can be had");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    require(::bind(listening, generic_of(&address), sizeof(address)) == 0, "a port can be had");
    require(::listen(listening, 16) == 0, "a socket can listen");
    return listening;
}

int open_local() {
    const int listening = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    require(listening >= 0, "a socket can be had");
    // The kernel picks a name that is no file's.
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    require(::bind(listening, generic_of(&address), sizeof(sa_family_t)) == 0, "a name can be had");
    require(::listen(listening, 16) == 0, "a socket can listen");
    return listening;
}

/// Two servers that live as long as the process, and clients of theirs.
class World {
  public:
    World() : clock_(loop_, sample::now), recorder_(site_) {
        serve(open_tcp());
        serve(open_local());
        loop_.poll();
    }

    std::string exchange(std::string_view bytes, bool tcp, std::size_t step);

    void check_after();

    std::vector<std::string> methods() const { return recorder_.methods; }

    bool take_used_control() { return backend_.take_used_control(); }

  private:
    void serve(int listening) {
        sockaddr_storage address{};
        socklen_t size = sizeof(address);
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        require(::getsockname(listening, generic, &size) == 0, "a socket has a name");
        addresses_.emplace_back(address, size);
        auto opened =
            http::listen_inherited(loop_, clock_, log_, recorder_, http::Limits(), listening);
        require(opened.index() == 0, "a server can be had");
        servers_.push_back(std::move(std::get<0>(opened)));
        boost::asio::co_spawn(loop_, servers_.back()->run(), boost::asio::detached);
    }

    int connect(bool tcp);

    boost::asio::io_context loop_{1};
    runtime::VirtualClock clock_;
    runtime::MemoryLog log_;
    SampleBackend backend_;
    web::Site site_{backend_};
    Recorder recorder_;
    std::vector<std::unique_ptr<http::Server>> servers_;
    std::vector<std::pair<sockaddr_storage, socklen_t>> addresses_;
    std::uint32_t source_ = 0;
};

int World::connect(bool tcp) {
    const auto& [address, size] = addresses_[tcp ? 0 : 1];
    const int client = ::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    require(client >= 0, "a socket can be had");
    if (tcp) {
        // Closed connections keep their pair of addresses for a minute, so each gets another one.
        sockaddr_in from{};
        from.sin_family = AF_INET;
        from.sin_addr.s_addr = htonl(0x7F000001U + (++source_ & 0xFFFFU) * 256U);
        require(::bind(client, generic_of(&from), sizeof(from)) == 0, "an address can be had");
    }
    const int connected = ::connect(client, generic_of(&address), size);
    require(connected == 0 || errno == EINPROGRESS, "the server can be reached");
    return client;
}

/// Sends `bytes` in pieces, closes that side, and gives what came back.
std::string World::exchange(std::string_view bytes, bool tcp, std::size_t step) {
    recorder_.methods.clear();
    const int client = connect(tcp);
    loop_.poll();
    std::string out;
    bool closed = false;
    bool sent = false;
    std::array<char, 16384> buffer{};
    for (int idle = 0; !closed; ++idle) {
        require(idle < 20'000, "the server ends a connection whose other side is closed");
        if (!bytes.empty()) {
            const auto count =
                ::send(client, bytes.data(), std::min(step, bytes.size()), MSG_NOSIGNAL);
            if (count > 0) {
                bytes.remove_prefix(static_cast<std::size_t>(count));
            } else if (count < 0 && errno != EAGAIN) {
                bytes = {};  // the server has heard enough
            }
        } else if (!std::exchange(sent, true)) {
            ::shutdown(client, SHUT_WR);
        }
        loop_.poll();
        const auto count = ::recv(client, buffer.data(), buffer.size(), 0);
        if (count > 0) {
            out.append(buffer.data(), static_cast<std::size_t>(count));
            idle = 0;
        }
        closed = count == 0 || (count < 0 && errno != EAGAIN);
    }
    ::close(client);
    loop_.poll();
    return out;
}

void World::check_after() {
    for (const auto& entry : log_.entries()) {
        require(entry.event != "http_connection_failed", "no connection throws", entry.message);
        require(entry.event != "http_handler_failed", "no handler throws", entry.message);
        require(entry.event != "too_many_connections", "no connection stays");
        require(entry.event != "accept_failed", "no connection is refused by the system");
    }
    log_.clear();
}

std::string_view header(std::string_view head, std::string_view name) {
    const auto at = head.find("\r\n" + std::string(name) + ": ");
    if (at == std::string_view::npos) {
        return {};
    }
    const auto begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
}

struct Answer {
    int status = 0;
    std::string body;  // empty of a refusal: its sentence may depend on where the pieces end

    friend bool operator==(const Answer&, const Answer&) = default;
};

/// Takes the answer at the beginning off `bytes`.
Answer take_answer(std::string_view& bytes, bool without_body) {
    require(bytes.starts_with("HTTP/1.1 "), "an answer begins like one", bytes);
    const auto end = bytes.find("\r\n\r\n");
    require(end != std::string_view::npos, "an answer has a header", bytes);
    const auto head = bytes.substr(0, end + 2);
    bytes.remove_prefix(end + 4);
    Answer answer;
    std::from_chars(head.data() + 9, head.data() + 12, answer.status);
    const auto length_text = header(head, "Content-Length");
    std::size_t length = 0;
    std::from_chars(length_text.data(), length_text.data() + length_text.size(), length);
    require(!length_text.empty(), "an answer says its length", head);
    require(header(head, "X-Content-Type-Options") == "nosniff", "browsers do not guess", head);
    require(!header(head, "Content-Security-Policy").empty(), "browsers are told", head);
    if (!without_body) {
        require(length <= bytes.size(), "a body is as long as it says", head);
        const auto body = bytes.substr(0, length);
        check_answer(answer.status, header(head, "Content-Type"), body);
        answer.body = answer.status == 400 ? std::string_view{} : body;
        bytes.remove_prefix(length);
    }
    return answer;
}

/// Takes all answers apart: nothing may come that is none.
std::vector<Answer> take_answers(std::string_view bytes, const std::vector<std::string>& methods) {
    std::vector<Answer> answers;
    while (!bytes.empty()) {
        constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        if (bytes.starts_with(go_on)) {
            bytes.remove_prefix(go_on.size());
            continue;
        }
        const bool handled = answers.size() < methods.size();
        const auto end = bytes.find("\r\n\r\n");
        const bool nothing_more = end != std::string_view::npos && end + 4 == bytes.size();
        const bool head = handled ? methods[answers.size()] == "HEAD" : nothing_more;
        answers.push_back(take_answer(bytes, head));
        require(handled || bytes.empty(), "nothing comes after a refusal");
    }
    require(answers.size() >= methods.size(), "every request is answered");
    return answers;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static World world;
    auto bytes = text_of(data, size);
    const bool tcp = bytes.starts_with('!');
    bytes.remove_prefix(tcp ? 1 : 0);
    const auto at_once = world.exchange(bytes, tcp, std::max<std::size_t>(bytes.size(), 1));
    const auto whole = take_answers(at_once, world.methods());
    require(!world.take_used_control() || !tcp, "over TCP nothing of the control socket is done");
    const auto step = 1 + bytes.size() / (2 + hash_of(bytes) % 126);
    const auto in_pieces = world.exchange(bytes, tcp, step);
    const auto pieces = take_answers(in_pieces, world.methods());
    require(whole == pieces, "pieces do not change answers", at_once + "\n--\n" + in_pieces);
    world.take_used_control();
    world.check_after();
    return 0;
}

}  // namespace vastwatch::fuzz
