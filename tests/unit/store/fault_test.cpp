#include "support.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>

using namespace vastwatch;
using namespace vastwatch::store;
using namespace vastwatch::store::test;

namespace fs = std::filesystem;

namespace {

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// Records in several tables that all carry one number.
engine::Changes numbered(std::int64_t number) {
    engine::Changes changes;
    changes.instances = {an_instance(1)};
    changes.instances.front().row.label = std::to_string(number);
    enforcement::Case one;
    one.number = 1;
    one.attempts = static_cast<int>(number);
    changes.cases = {one};
    changes.policy_fingerprint = std::to_string(number);
    return changes;
}

/// Too much for a small disk (5,000), or for the database's cache (20,000).
engine::Changes large(int instances = 5'000) {
    engine::Changes changes = numbered(99);
    for (int i = 2; i < instances; ++i) {
        changes.instances.push_back(an_instance(i));
    }
    return changes;
}

/// Opens, and commits 1, 2, 3 … for ever, telling each that succeeded.
[[noreturn]] void commit_for_ever(const fs::path& directory, int tell) {
    auto result = open(directory);
    auto* opened = std::get_if<Opened>(&result);
    for (std::int64_t number = 1; opened != nullptr; ++number) {
        if (commit(*opened->store, numbered(number)) ||
            ::write(tell, &number, sizeof(number)) != sizeof(number)) {
            break;
        }
    }
    ::_exit(1);
}

/// Kills such a process once it has told of `count` commits; gives the latest it told of.
std::int64_t killed_after(const fs::path& directory, int count) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    const auto child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::close(ends[0]);
        commit_for_ever(directory, ends[1]);
    }
    ::close(ends[1]);
    std::int64_t told = 0;
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

TEST_CASE("after kill -9 among commits the state is that of one commit, none told of is lost") {
    for (const int count : {1, 2, 5, 11, 23, 47, 95, 150}) {
        const TempDir directory;
        const auto told = killed_after(directory.path(), count);
        const auto opened = must_open(directory.path());
        CHECK(!opened.set_aside);
        REQUIRE(opened.stored.policy_fingerprint);
        const auto number = std::stoll(*opened.stored.policy_fingerprint);
        CHECK(number >= told);
        CHECK(difference(opened.stored, numbered(number)) == "");
    }
}

TEST_CASE("on a full disk a commit fails with a sentence, and nothing of it is kept") {
    const TempDir directory;
    const SmallDisk disk{directory.path() / "disk", "1m"};
    if (!disk.why_not.empty()) {
        MESSAGE("not tested: ", disk.why_not);
        return;
    }
    {
        const auto opened = must_open(directory.path() / "disk");
        must_commit(*opened.store, numbered(1));
        const auto error = commit(*opened.store, large());
        REQUIRE(error);
        CHECK(contains(error->message, "the disk is full"));
    }
    const auto stored = must_open(directory.path() / "disk").stored;
    CHECK(difference(stored, numbered(1)) == "");
}

TEST_CASE("a commit after one that found the disk full succeeds once there is room") {
    const TempDir directory;
    const SmallDisk disk{directory.path() / "disk", "4m"};
    if (!disk.why_not.empty()) {
        MESSAGE("not tested: ", disk.why_not);
        return;
    }
    {
        const auto opened = must_open(directory.path() / "disk");
        must_commit(*opened.store, numbered(1));
        fill_disk(directory.path() / "disk" / "ballast");
        REQUIRE(commit(*opened.store, large()));
        fs::remove(directory.path() / "disk" / "ballast");
        must_commit(*opened.store, numbered(2));
    }
    const auto stored = must_open(directory.path() / "disk").stored;
    CHECK(difference(stored, numbered(2)) == "");
}

TEST_CASE("a full disk at start is an error with a sentence") {
    const TempDir directory;
    const SmallDisk disk{directory.path() / "disk", "1m"};
    if (!disk.why_not.empty()) {
        MESSAGE("not tested: ", disk.why_not);
        return;
    }
    fill_disk(directory.path() / "disk" / "ballast");
    CHECK(contains(refusal(directory.path() / "disk"), "disk"));
}

TEST_CASE("a disk that filled up between two starts is told as full, whatever SQLite meets first") {
    const TempDir directory;
    const SmallDisk disk{directory.path() / "disk", "1m"};
    if (!disk.why_not.empty()) {
        MESSAGE("not tested: ", disk.why_not);
        return;
    }
    must_commit(*must_open(directory.path() / "disk").store, numbered(1));
    fill_disk(directory.path() / "disk" / "ballast");
    CHECK(contains(refusal(directory.path() / "disk"), "the disk is full"));
}

TEST_CASE("a database that was removed or replaced while open is no durable place") {
    for (const char* name : {"state.db", "state.db-wal"}) {
        for (const bool replace : {false, true}) {
            CAPTURE(name);
            CAPTURE(replace);
            const TempDir directory;
            const auto opened = must_open(directory.path());
            must_commit(*opened.store, numbered(1));
            const auto file = directory.path() / name;
            const auto copy = directory.path() / "copy";
            fs::copy_file(file, copy);
            fs::remove(file);
            if (replace) {
                fs::rename(copy, file);
            }
            const auto error = commit(*opened.store, numbered(2));
            REQUIRE(error);
            CHECK(contains(error->message, std::string{name} + " was removed or replaced"));
        }
    }
}

TEST_CASE("a database that was moved away and is back takes commits again") {
    const TempDir directory;
    {
        const auto opened = must_open(directory.path());
        must_commit(*opened.store, numbered(1));
        fs::rename(directory.path() / "state.db", directory.path() / "elsewhere");
        REQUIRE(commit(*opened.store, numbered(2)));
        fs::rename(directory.path() / "elsewhere", directory.path() / "state.db");
        must_commit(*opened.store, numbered(3));
    }
    CHECK(difference(must_open(directory.path()).stored, numbered(3)) == "");
}

TEST_CASE("a read-only file system is an error with a sentence, and nothing is set aside") {
    const TempDir directory;
    SmallDisk disk{directory.path() / "disk", "1m"};
    if (!disk.why_not.empty()) {
        MESSAGE("not tested: ", disk.why_not);
        return;
    }
    must_commit(*must_open(directory.path() / "disk").store, numbered(1));
    REQUIRE(disk.remount(true));
    CHECK(contains(refusal(directory.path() / "disk"), "Read-only"));
    REQUIRE(disk.remount(false));
    CHECK(difference(must_open(directory.path() / "disk").stored, numbered(1)) == "");
}

TEST_CASE(
    "a database that is damaged while open fails commits and is set aside by the next start") {
    const TempDir directory;
    {
        const auto opened = must_open(directory.path());
        must_commit(*opened.store, large(20'000));
    }
    {
        const auto opened = must_open(directory.path());
        const auto size = fs::file_size(directory.path() / "state.db");
        overwrite(directory.path() / "state.db", 4096, std::string(size - 4096, '\xA5'));
        const auto error = commit(*opened.store, large(20'000));
        REQUIRE(error);
        CHECK(contains(error->message, "damaged"));
    }
    CHECK(must_open(directory.path()).set_aside);
}
