// The command line of the real binary, which lies beside this test in the build folder.
#include "samples.hpp"

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <string>

namespace {

struct Ended {
    int code = -1;
    std::string output;  // both streams
};

std::string binary() {
    const auto self = std::filesystem::read_symlink("/proc/self/exe");
    return (self.parent_path().parent_path().parent_path() / "daemon/vastwatchctl").string();
}

/// Runs vastwatchctl against a socket that is not there.
Ended vastwatchctl(const std::string& arguments) {
    REQUIRE(std::filesystem::exists(binary()));
    const auto line = "VASTWATCH_SOCKET=/nonexistent/ctl.sock '" + binary() + "' " + arguments +
                      " 2>&1 </dev/null";
    auto* pipe = popen(line.c_str(), "r");
    REQUIRE(pipe != nullptr);
    Ended ended;
    std::array<char, 4096> bytes{};
    while (const auto count = std::fread(bytes.data(), 1, bytes.size(), pipe)) {
        ended.output.append(bytes.data(), count);
    }
    const int status = pclose(pipe);
    ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return ended;
}

}  // namespace

TEST_CASE("wrong usage exits 2") {
    for (const char* arguments : {
             "",
             "frobnicate",
             "status extra",
             "status --frobnicate",
             "explain",
             "explain seven",
             "explain -- -7",
             "explain 0",
             "protect",
             "protect 312 --for soon",
             "protect 312 --for 0s",
             "pause --for 4",
             "approve x",
             "test-notifier",
             "top -n 0",
             "top --interval 2",
             "audit --since yesterday",
             "audit frobnicate",
             "--socket '' status",
         }) {
        CAPTURE(arguments);
        CHECK(vastwatchctl(arguments).code == 2);
    }
}

TEST_CASE("commands in the right form get as far as the socket, which is not there: exit 3") {
    for (const char* arguments : {
             "status",
             "status --json",
             "top",
             "top -n 2 --interval 500ms",
             "instances --team a --idle",
             "explain 312",
             "findings",
             "alerts",
             "actions",
             "protect 312 --for 4h --reason 'a demo'",
             "unprotect 312",
             "approve",
             "approve 7",
             "dismiss",
             "pause --for 1h30m",
             "resume",
             "poll",
             "test-notifier ops",
             "config",
             "reload",
             "doctor",
             "audit --team a --since 2026-11-21",
             "audit --since 7d --json",
             "audit verify",
             "audit verify --json",
             "status --socket /nonexistent/other",
         }) {
        CAPTURE(arguments);
        const auto ended = vastwatchctl(arguments);
        CHECK(ended.code == 3);
        CHECK(ended.output.starts_with("vastwatchctl: there is no socket /nonexistent/"));
    }
}

TEST_CASE("the socket of the command line wins over that of the environment") {
    const auto ended = vastwatchctl("--socket /nonexistent/other status");
    CHECK(ended.output.find("/nonexistent/other") != std::string::npos);
}

TEST_CASE("help and version exit 0") {
    CHECK(vastwatchctl("--help").code == 0);
    CHECK(vastwatchctl("--version").output.starts_with("vastwatchctl "));
    CHECK(vastwatchctl("audit --help").code == 0);
}
