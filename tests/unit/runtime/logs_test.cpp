#include "runtime/memory_log.hpp"
#include "runtime/process_log.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string>

namespace {

namespace rt = vastwatch::runtime;
using namespace std::chrono_literals;
using rt::Level;
using vastwatch::Instant;

const Instant moment{
    std::chrono::sys_days{std::chrono::year{2026} / 11 / 21} + 19h + 4min + 5s + 123ms};

/// Everything written to the pipe so far; the pipe must not be empty.
std::string read_pipe(int descriptor) {
    std::array<char, 4096> buffer{};
    const auto size = ::read(descriptor, buffer.data(), buffer.size());
    return size > 0 ? std::string{buffer.data(), static_cast<std::size_t>(size)} : std::string{};
}

struct Pipe {
    Pipe() { REQUIRE(pipe(ends.data()) == 0); }

    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;

    ~Pipe() {
        close(ends[0]);
        close(ends[1]);
    }

    std::array<int, 2> ends{};
};

}  // namespace

TEST_CASE("log line: time, level, event, message and fields, on one line") {
    CHECK(
        rt::format_log_line(
            moment,
            Level::info,
            "sweep_done",
            "the sweep is done",
            {rt::field("account", "research"), rt::field("instances", 60)}) ==
        "2026-11-21T19:04:05.123Z info sweep_done: the sweep is done account=research "
        "instances=60");
}

TEST_CASE("log line: a line break in a value cannot start a line of its own") {
    const auto line = rt::format_log_line(
        moment, Level::warning, "e", "a\nb", {rt::field("label", "x\r\n2026 forged")});
    CHECK(line.find('\n') == std::string::npos);
    CHECK(line.find('\r') == std::string::npos);
}

TEST_CASE("log line: a terminal's escape sequence is taken apart") {
    const auto line =
        rt::format_log_line(moment, Level::warning, "e", "m", {rt::field("label", "\x1b[31mred")});
    CHECK(line.find('\x1b') == std::string::npos);
}

TEST_CASE("log line: a value that could be taken for two fields is quoted") {
    const auto line = rt::format_log_line(
        moment, Level::info, "e", "m", {rt::field("label", R"(a" b=c)"), rt::field("none", "")});
    CHECK(line.ends_with(R"( label="a\" b=c" none="")"));
}

TEST_CASE("log line: an endless value is cut") {
    const auto line = rt::format_log_line(
        moment, Level::info, "e", "m", {rt::field("body", std::string(100'000, 'x'))});
    CHECK(line.size() < 2100);
}

TEST_CASE("stderr log: a line ends with a line break") {
    const Pipe pipe;
    rt::StderrLog log{Level::info, pipe.ends[1]};
    log.info("started", "hello");
    CHECK(read_pipe(pipe.ends[0]).ends_with(" info started: hello\n"));
}

TEST_CASE("leveled log: what is below the level is dropped, and the level can change") {
    const Pipe pipe;
    rt::StderrLog log{Level::warning, pipe.ends[1]};
    log.notice("one", "dropped");
    log.set_level(Level::debug);
    log.debug("two", "kept");
    const auto text = read_pipe(pipe.ends[0]);
    CHECK(text.find("one") == std::string::npos);
    CHECK(text.find(" debug two: kept") != std::string::npos);
}

TEST_CASE("journal: field names are upper case with the prefix, other characters become '_'") {
    CHECK(rt::journal_field_name("account") == "VASTWATCH_ACCOUNT");
    CHECK(rt::journal_field_name("gpu-util.9=x\n") == "VASTWATCH_GPU_UTIL_9_X_");
}

TEST_CASE("journal: a field name is never longer than the journal's 64 characters") {
    CHECK(rt::journal_field_name(std::string(200, 'a')).size() == 64);
}

TEST_CASE("journal stream: only the file that the variable names is the journal") {
    const Pipe pipe;
    struct stat status{};
    REQUIRE(fstat(pipe.ends[1], &status) == 0);
    CHECK(rt::is_journal_stream(fmt::format("{}:{}", status.st_dev, status.st_ino), pipe.ends[1]));
    CHECK_FALSE(rt::is_journal_stream(
        fmt::format("{}:{}", status.st_dev, status.st_ino + 1), pipe.ends[1]));
    CHECK_FALSE(rt::is_journal_stream("", pipe.ends[1]));
}

TEST_CASE("levels: their names read back") {
    for (const auto level :
         {Level::debug, Level::info, Level::notice, Level::warning, Level::error}) {
        CHECK(rt::parse_level(rt::to_string(level)) == level);
    }
    CHECK_FALSE(rt::parse_level("INFO").has_value());
}

TEST_CASE("memory log: the latest entry of an event and its fields can be looked at") {
    rt::MemoryLog log;
    log.info("poll", "first", {rt::field("n", 1)});
    log.error("poll", "second", {rt::field("n", 2)});
    CHECK(log.count("poll") == 2);
    REQUIRE(log.last("poll") != nullptr);
    CHECK(log.last("poll")->message == "second");
    CHECK(log.last("poll")->value("n") == "2");
    CHECK_FALSE(log.last("poll")->value("m").has_value());
    CHECK(log.last("other") == nullptr);
}
