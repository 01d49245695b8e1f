#include "support.hpp"

#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>

using namespace vastwatch;
using namespace vastwatch::audit;
using namespace vastwatch::audit::test;

namespace fs = std::filesystem;

namespace {

/// A small file system of its own in memory; `why_not` says why there is none.
class SmallDisk {
  public:
    explicit SmallDisk(const fs::path& at) : at_(at) {
        fs::create_directory(at);
        if (::mount("tmpfs", at.c_str(), "tmpfs", 0, "size=256k") != 0) {
            why_not = std::string{"no tmpfs can be mounted here: "} + std::strerror(errno);
        }
    }

    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;

    ~SmallDisk() {
        if (why_not.empty()) {
            ::umount2(at_.c_str(), MNT_DETACH);
        }
    }

    void fill() const {
        std::ofstream out{ballast(), std::ios::binary};
        const std::string block(1024, 'x');
        while (out.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
        }
    }

    void empty() const { fs::remove(ballast()); }

    std::string why_not;

  private:
    fs::path ballast() const { return at_ / "ballast"; }

    fs::path at_;
};

/// More than a page, so that part of it finds room where the whole does not.
Record large() {
    Record record = numbered(2);
    record.label = std::string(400'000, 'x');
    return record;
}

[[noreturn]] void append_for_ever(const fs::path& directory, int tell) {
    auto result = open(directory, 20'000);
    auto* opened = std::get_if<Opened>(&result);
    for (int number = 1; opened != nullptr; ++number) {
        std::vector<Record> records(3, numbered(number));
        if (append(*opened->log, std::move(records)) ||
            ::write(tell, &number, sizeof(number)) != sizeof(number)) {
            break;
        }
    }
    ::_exit(1);
}

/// Kills such a process once it has told of `count` appends; gives the latest it told of.
int killed_after(const fs::path& directory, int count) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    const auto child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::close(ends[0]);
        append_for_ever(directory, ends[1]);
    }
    ::close(ends[1]);
    int told = 0;
    for (int i = 0; i < count; ++i) {
        REQUIRE(::read(ends[0], &told, sizeof(told)) == sizeof(told));
    }
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ::close(ends[0]);
    CHECK(WIFSIGNALED(status));
    return told;
}

}  // namespace

TEST_CASE("a directory that is missing is an error that names the file") {
    const TempDir directory;
    const auto result = open(directory.path() / "none");
    REQUIRE(std::holds_alternative<AuditError>(result));
    CHECK(contains(std::get<AuditError>(result).message, "none/audit.jsonl"));
}

TEST_CASE("on a full disk an append fails with a sentence and leaves no torn line") {
    const TempDir directory;
    const auto state = directory.path() / "disk";
    const SmallDisk disk{state};
    if (!disk.why_not.empty()) {
        MESSAGE("not tested: ", disk.why_not);
        return;
    }
    const auto opened = must_open(state);
    must_append(*opened.log, std::vector<Record>{numbered(1)});
    const auto before = content(state / "audit.jsonl");
    const auto error = append(*opened.log, std::vector<Record>{numbered(2), large()});
    REQUIRE(error);
    CHECK(contains(error->message, "No space left on device"));
    CHECK(content(state / "audit.jsonl") == before);
}

TEST_CASE("an append after one that found the disk full succeeds once there is room") {
    const TempDir directory;
    const auto state = directory.path() / "disk";
    const SmallDisk disk{state};
    if (!disk.why_not.empty()) {
        MESSAGE("not tested: ", disk.why_not);
        return;
    }
    const auto opened = must_open(state);
    must_append(*opened.log, std::vector<Record>{numbered(1)});
    disk.fill();
    REQUIRE(append(*opened.log, std::vector<Record>{large()}));
    disk.empty();
    must_append(*opened.log, std::vector<Record>{numbered(2)});
    CHECK(verify(state).records == 2);
    CHECK(problems(state) == "");
}

TEST_CASE(
    "a torn line found on a full disk is told of, and repaired by the first append with room") {
    const TempDir directory;
    const auto state = directory.path() / "disk";
    const SmallDisk disk{state};
    if (!disk.why_not.empty()) {
        MESSAGE("not tested: ", disk.why_not);
        return;
    }
    fill(state, 3);
    set_content(state / "audit.jsonl", content(state / "audit.jsonl") + "{\"torn");
    disk.fill();
    const auto opened = must_open(state);
    CHECK(!opened.repaired);
    CHECK(contains(opened.problem, "last line is torn"));
    disk.empty();
    must_append(*opened.log, std::vector<Record>{numbered(4)});
    CHECK(content(state / "audit.torn-1") == "{\"torn");
    CHECK(verify(state).records == 5);
    CHECK(problems(state) == "");
}

TEST_CASE("after kill -9 among appends every record told of is there and the log verifies") {
    for (const int count : {1, 3, 10, 40, 100}) {
        const TempDir directory;
        const int told = killed_after(directory.path(), count);
        const auto opened = must_open(directory.path());
        CHECK(opened.problem == "");
        CHECK(problems(directory.path()) == "");
        CHECK(verify(directory.path()).records >= static_cast<std::uint64_t>(told) * 3);
    }
}
