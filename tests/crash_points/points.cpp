#include "points.hpp"

#include "unsynced.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace vastwatch::crash_points {
namespace {

std::string environment(const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody changes it
    return value == nullptr ? "" : value;
}

struct Settings {
    std::string folder;  // with a slash at its end; empty = nothing counts
    int list = -1;
    unsigned long at = 0;  // 0 = never
    unsigned long calls = 1;
    When when = When::before;
};

Settings read_settings() {
    Settings settings;
    settings.folder = environment("CRASH_POINTS_FOLDER");
    if (!settings.folder.empty() && settings.folder.back() != '/') {
        settings.folder += '/';
    }
    const auto list = environment("CRASH_POINTS_LIST");
    if (!list.empty()) {
        settings.list = static_cast<int>(::syscall(
            SYS_openat, AT_FDCWD, list.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    }
    settings.at = std::strtoul(environment("CRASH_POINTS_AT").c_str(), nullptr, 10);
    const auto calls = environment("CRASH_POINTS_CALLS");
    settings.calls = calls.empty() ? 1 : std::strtoul(calls.c_str(), nullptr, 10);
    const auto when = environment("CRASH_POINTS_WHEN");
    settings.when = when == "after"   ? When::after
                    : when == "torn"  ? When::torn
                    : when == "power" ? When::power
                    : when == "fail"  ? When::fail
                                      : When::before;
    return settings;
}

const Settings& settings() {
    static const Settings read = read_settings();
    return read;
}

/// What is below the folder, without its name; empty for all else.
Target below_folder(std::string_view path) {
    const std::string_view folder{settings().folder};
    if (folder.empty() || !path.starts_with(folder)) {
        return {};
    }
    return Target{std::string{path.substr(folder.size())}};
}

std::array<std::atomic<unsigned>, 4096> connections;  // by descriptor: the port, or 0

std::string link_target(const std::string& link) {
    std::array<char, PATH_MAX> buffer{};
    const auto length = ::readlink(link.c_str(), buffer.data(), buffer.size());
    return length > 0 ? std::string(buffer.data(), static_cast<std::size_t>(length)) : "";
}

std::string descriptor_path(int descriptor) {
    return link_target("/proc/self/fd/" + std::to_string(descriptor));
}

}  // namespace

Target target_of_path(int folder, const char* path) {
    if (path == nullptr || settings().folder.empty()) {
        return {};
    }
    if (path[0] == '/') {
        return below_folder(path);
    }
    const auto base = folder == AT_FDCWD ? link_target("/proc/self/cwd") : descriptor_path(folder);
    return below_folder(base + "/" + path);
}

Target target_of_descriptor(int descriptor) {
    if (descriptor < 0 || settings().folder.empty()) {
        return {};
    }
    const auto path = descriptor_path(descriptor);
    if (!path.starts_with("socket:")) {
        return path + "/" == settings().folder ? Target{"."} : below_folder(path);
    }
    const auto index = static_cast<std::size_t>(descriptor);
    const unsigned port = index < connections.size() ? connections[index].load() : 0;
    return port == 0 ? Target{} : Target{":" + std::to_string(port), descriptor};
}

void note_connection(int descriptor, unsigned port) {
    const auto index = static_cast<std::size_t>(descriptor);
    if (descriptor >= 0 && index < connections.size()) {
        connections[index].store(port);
    }
}

bool count(const char* call, const Target& target, std::size_t bytes) {
    static std::atomic<unsigned long> last{0};
    const unsigned long number = ++last;
    if (settings().list >= 0) {
        const auto line = std::to_string(number) + " " + call + " " + target.name + " " +
                          std::to_string(bytes) + "\n";
        static_cast<void>(::syscall(SYS_write, settings().list, line.data(), line.size()));
    }
    const auto& chosen = settings();
    return chosen.at != 0 && number >= chosen.at && number < chosen.at + chosen.calls;
}

When when() {
    return settings().when;
}

void break_down(const Target& target) {
    if (target.connection >= 0) {
        ::shutdown(target.connection, SHUT_RDWR);
    }
    errno = target.connection >= 0 ? ECONNRESET : EIO;
}

void end() {
    if (settings().when == When::power) {
        lose_unsynced();
    }
    ::kill(::getpid(), SIGKILL);
    for (;;) {
        ::pause();
    }
}

}  // namespace vastwatch::crash_points
