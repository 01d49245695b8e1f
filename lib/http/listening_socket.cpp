#include "http/listening_socket.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <system_error>

namespace vastwatch::http {
namespace {

using Family = ListeningSocket::Family;

std::string reason(int error) {
    return std::generic_category().message(error);
}

ServerError cannot(std::string_view where, std::string_view why) {
    return ServerError{fmt::format("cannot listen on {}: {}", where, why)};
}

/// The system's socket calls take every kind of address by this one pointer type.
const sockaddr* generic(const void* address) {
    return static_cast<const sockaddr*>(address);
}

std::optional<sockaddr_un> local_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof(address.sun_path)) {
        return std::nullopt;
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

std::optional<std::uint64_t> socket_inode(const std::string& path) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) {
        return std::nullopt;
    }
    return status.st_ino;
}

/// Why `path` cannot be taken; nothing when it is free or holds a socket nobody listens on.
std::optional<std::string> occupied(const std::string& path, const sockaddr_un& address) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) {
        return std::nullopt;
    }
    if (!S_ISSOCK(status.st_mode)) {
        return "there is a file of that name that is not a socket";
    }
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0) {
        return reason(errno);
    }
    const int result = ::connect(probe, generic(&address), sizeof(address));
    const int error = result == 0 ? 0 : errno;
    ::close(probe);
    // EAGAIN tells of a full backlog: somebody is there.
    if (error == 0 || error == EAGAIN) {
        return "another process is listening there";
    }
    return std::nullopt;
}

/// Lets the operators' group in. A machine without that group leaves the socket to root. As a
/// service the process has that group already, and may not change owners.
void set_group(const std::string& path) {
    const auto* group = ::getgrnam("vastwatch");  // NOLINT(concurrency-mt-unsafe): at start only
    if (group == nullptr || group->gr_gid == ::getegid()) {
        return;
    }
    if (::chown(path.c_str(), static_cast<uid_t>(-1), group->gr_gid) != 0) {
        // Not being allowed to is no reason not to serve: the owner can still connect.
        return;
    }
}

}  // namespace

ListeningSocket::~ListeningSocket() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
    if (!path_.empty() && socket_inode(path_) == inode_) {
        ::unlink(path_.c_str());
    }
}

std::uint16_t ListeningSocket::port() const {
    sockaddr_storage storage{};
    socklen_t size = sizeof(storage);
    void* const address = &storage;
    if (::getsockname(descriptor_, static_cast<sockaddr*>(address), &size) != 0) {
        return 0;
    }
    if (storage.ss_family == AF_INET) {
        return ntohs(static_cast<const sockaddr_in*>(address)->sin_port);
    }
    if (storage.ss_family == AF_INET6) {
        return ntohs(static_cast<const sockaddr_in6*>(address)->sin6_port);
    }
    return 0;
}

void ListeningSocket::own_file(std::string path) {
    inode_ = socket_inode(path).value_or(0);
    path_ = std::move(path);
}

OpenedSocket open_tcp(const std::string& host, std::uint16_t port) {
    const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
    const auto bare = brackets ? host.substr(1, host.size() - 2) : host;
    const auto where = bare.find(':') == std::string::npos ? fmt::format("{}:{}", bare, port)
                                                           : fmt::format("[{}]:{}", bare, port);
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
    addrinfo* found = nullptr;
    if (::getaddrinfo(bare.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
        return cannot(where, "the address must be a number like 127.0.0.1 or [::1]");
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> address{found, &::freeaddrinfo};
    const int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
    const int descriptor = ::socket(address->ai_family, type, address->ai_protocol);
    if (descriptor < 0) {
        return cannot(where, reason(errno));
    }
    ListeningSocket socket{
        descriptor, address->ai_family == AF_INET6 ? Family::ipv6 : Family::ipv4};
    const int on = 1;
    ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (::bind(descriptor, address->ai_addr, address->ai_addrlen) != 0 ||
        ::listen(descriptor, SOMAXCONN) != 0) {
        return cannot(where, reason(errno));
    }
    return socket;
}

OpenedSocket open_unix(const std::string& path) {
    // Bound under another name first, so that nobody can connect before the permissions are right.
    const auto draft = path + ".new";
    const auto address = local_address(path);
    const auto draft_address = local_address(draft);
    if (!address || !draft_address) {
        return cannot(path, "the path of a socket must have between 1 and 103 bytes");
    }
    if (const auto why = occupied(path, *address)) {
        return cannot(path, *why);
    }
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) {
        return cannot(path, reason(errno));
    }
    ListeningSocket socket{descriptor, Family::local};
    if (socket_inode(draft)) {
        ::unlink(draft.c_str());
    }
    if (::bind(descriptor, generic(&*draft_address), sizeof(*draft_address)) != 0) {
        return cannot(path, reason(errno));
    }
    socket.own_file(draft);
    set_group(draft);
    if (::chmod(draft.c_str(), 0660) != 0 || ::listen(descriptor, SOMAXCONN) != 0 ||
        ::rename(draft.c_str(), path.c_str()) != 0) {
        return cannot(path, reason(errno));
    }
    socket.own_file(path);
    return socket;
}

OpenedSocket adopt(int descriptor) {
    int family = 0;
    int listens = 0;
    socklen_t size = sizeof(family);
    const bool known = ::getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &family, &size) == 0;
    size = sizeof(listens);
    if (!known || ::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 ||
        listens == 0) {
        return cannot(
            fmt::format("inherited descriptor {}", descriptor), "it is not a socket that listens");
    }
    if (family == AF_UNIX) {
        return ListeningSocket{descriptor, Family::local};
    }
    return ListeningSocket{descriptor, family == AF_INET6 ? Family::ipv6 : Family::ipv4};
}

}  // namespace vastwatch::http
