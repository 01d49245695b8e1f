// Sockets that listen, made with plain system calls: addresses, permissions, stale socket files.
// Nothing here waits, except for the group database once at start.
#pragma once

#include "http/server.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace vastwatch::http {

/// Owns a descriptor that listens, and the file of a Unix socket, which goes with it.
class ListeningSocket {
  public:
    enum class Family { ipv4, ipv6, local };

    ListeningSocket(int descriptor, Family family) : descriptor_(descriptor), family_(family) {}

    ListeningSocket(ListeningSocket&& other) noexcept
        : descriptor_(std::exchange(other.descriptor_, -1)),
          family_(other.family_),
          path_(std::exchange(other.path_, {})),
          inode_(other.inode_) {}

    ListeningSocket(const ListeningSocket&) = delete;
    ListeningSocket& operator=(const ListeningSocket&) = delete;
    ListeningSocket& operator=(ListeningSocket&&) = delete;
    ~ListeningSocket();

    int descriptor() const { return descriptor_; }

    Family family() const { return family_; }

    /// 0 for a Unix socket.
    std::uint16_t port() const;

    /// Gives the descriptor away; the file stays with this object.
    int release() { return std::exchange(descriptor_, -1); }

    /// From now on the file at `path` is removed with this object, if it still is this socket's.
    void own_file(std::string path);

  private:
    int descriptor_;
    Family family_;
    std::string path_;
    std::uint64_t inode_ = 0;
};

using OpenedSocket = std::variant<ListeningSocket, ServerError>;

/// `host` is a numeric address, IPv6 with or without brackets.
OpenedSocket open_tcp(const std::string& host, std::uint16_t port);

/// The file gets mode 0660 and group `vastwatch` (when there is one) before anybody can find it
/// under its name; a stale socket is replaced, a live one or anything but a socket is an error.
OpenedSocket open_unix(const std::string& path);

/// A socket that systemd made (socket activation); its file is systemd's to remove.
OpenedSocket adopt(int descriptor);

}  // namespace vastwatch::http
