// The disk under SQLite and under plain files.
#include "daemon/disk.hpp"

#include "daemon/support.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <memory>
#include <set>

namespace vastwatch::simulation::testing {
namespace {

struct Drive {
    explicit Drive(std::uint64_t seed = 1) {
        std::filesystem::remove_all(scratch());
        std::filesystem::create_directories(directory);
        disk = std::make_unique<Disk>(directory, seed, trace, []() { return noon; });
    }

    ~Drive() {
        disk.reset();
        std::filesystem::remove_all(scratch());
    }

    Drive(const Drive&) = delete;
    Drive& operator=(const Drive&) = delete;

    std::string file(const std::string& name) const { return (directory / name).string(); }

    std::string content(const std::string& name) const {
        std::ifstream in{file(name), std::ios::binary};
        return {std::istreambuf_iterator<char>{in}, {}};
    }

    std::filesystem::path directory = scratch() / "state";
    Trace trace;
    std::unique_ptr<Disk> disk;
};

void put(int descriptor, std::string_view text) {
    REQUIRE(::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

int open_new(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND, 0600);
    REQUIRE(descriptor >= 0);
    return descriptor;
}

int run(sqlite3* database, const char* sql) {
    return sqlite3_exec(database, sql, nullptr, nullptr, nullptr);
}

}  // namespace

TEST_CASE("SQLite's writes come to the disk") {
    Drive drive;
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open(drive.file("state.db").c_str(), &database) == SQLITE_OK);
    REQUIRE(run(database, "PRAGMA journal_mode = WAL") == SQLITE_OK);
    REQUIRE(run(database, "CREATE TABLE t (x)") == SQLITE_OK);
    const auto before = drive.disk->operations();
    REQUIRE(run(database, "INSERT INTO t VALUES (1)") == SQLITE_OK);
    CHECK(drive.disk->operations() > before);
    drive.disk->set_full(true);
    CHECK(run(database, "INSERT INTO t VALUES (2)") == SQLITE_FULL);
    drive.disk->set_full(false);
    CHECK(run(database, "INSERT INTO t VALUES (3)") == SQLITE_OK);
    sqlite3_close(database);
}

TEST_CASE("what a power cut loses was not synced") {
    std::set<std::string> found;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        Drive drive{seed};
        const int descriptor = open_new(drive.file("log"));
        put(descriptor, "first\n");
        REQUIRE(::fsync(descriptor) == 0);
        const int directory = ::open(drive.directory.c_str(), O_RDONLY | O_DIRECTORY);
        REQUIRE(::fsync(directory) == 0);
        put(descriptor, "second\n");
        drive.disk->end(Harm::power_cut);
        ::close(directory);
        ::close(descriptor);
        drive.disk->boot();
        const auto content = drive.content("log");
        REQUIRE(content.starts_with("first\n"));
        found.insert(content.substr(6));
    }
    CHECK(found.contains(""));
    CHECK(found.contains("second\n"));
    CHECK(found.size() > 2);  // torn
}

TEST_CASE("a name that was not synced may be lost in a power cut") {
    std::set<bool> found;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Drive drive{seed};
        const int descriptor = open_new(drive.file("log"));
        put(descriptor, "first\n");
        REQUIRE(::fsync(descriptor) == 0);
        drive.disk->end(Harm::power_cut);
        ::close(descriptor);
        drive.disk->boot();
        found.insert(std::filesystem::exists(drive.file("log")));
    }
    CHECK(found.size() == 2);
}

TEST_CASE("a renaming that was not synced is undone with what it replaced") {
    std::set<std::string> found;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Drive drive{seed};
        for (const auto* name : {"old", "new"}) {
            const int descriptor = open_new(drive.file(name));
            put(descriptor, name);
            REQUIRE(::fsync(descriptor) == 0);
            ::close(descriptor);
        }
        const int directory = ::open(drive.directory.c_str(), O_RDONLY | O_DIRECTORY);
        REQUIRE(::fsync(directory) == 0);
        ::close(directory);
        REQUIRE(::rename(drive.file("new").c_str(), drive.file("old").c_str()) == 0);
        drive.disk->end(Harm::power_cut);
        drive.disk->boot();
        found.insert(drive.content("old") + "," + drive.content("new"));
    }
    CHECK(found == std::set<std::string>{"new,", "old,new"});
}

TEST_CASE("a kill keeps what was written and refuses what comes after") {
    Drive drive;
    const int descriptor = open_new(drive.file("log"));
    put(descriptor, "first\n");
    drive.disk->end(Harm::kill);
    CHECK(::write(descriptor, "x", 1) == -1);
    CHECK(::open(drive.file("other").c_str(), O_RDWR | O_CREAT, 0600) == -1);
    CHECK(::unlink(drive.file("log").c_str()) == -1);
    ::close(descriptor);
    drive.disk->boot();
    CHECK(drive.content("log") == "first\n");
    CHECK_FALSE(std::filesystem::exists(drive.file("other")));
}

TEST_CASE("what a failed sync has not written no later one does") {
    Drive drive;
    const int descriptor = open_new(drive.file("log"));
    const int directory = ::open(drive.directory.c_str(), O_RDONLY | O_DIRECTORY);
    REQUIRE(::fsync(directory) == 0);
    ::close(directory);
    put(descriptor, "lost\n");
    drive.disk->plan(drive.disk->operations() + 1, Harm::io_error);
    CHECK(::fsync(descriptor) == -1);
    CHECK(::fsync(descriptor) == 0);
    drive.disk->end(Harm::power_cut);
    ::close(descriptor);
    drive.disk->boot();
    CHECK(drive.content("log").empty());
}

TEST_CASE("what was lost and is written again, piece by piece, is durable") {
    Drive drive;
    const int descriptor = open_new(drive.file("log"));
    put(descriptor, "lost\n");
    drive.disk->plan(drive.disk->operations() + 1, Harm::io_error);
    REQUIRE(::fsync(descriptor) == -1);
    REQUIRE(::ftruncate(descriptor, 0) == 0);
    put(descriptor, "fi");
    put(descriptor, "rst\n");
    CHECK_FALSE(drive.disk->is_durable("log", 0, 6));
    REQUIRE(::fsync(descriptor) == 0);
    CHECK(drive.disk->is_durable("log", 0, 6));
    put(descriptor, "second\n");
    CHECK(drive.disk->is_durable("log", 0, 6));
    CHECK_FALSE(drive.disk->is_durable("log", 0, 7));
    ::close(descriptor);
}

TEST_CASE("a planned mishap meets the operation of its number") {
    Drive drive;
    const int descriptor = open_new(drive.file("log"));
    drive.disk->plan(drive.disk->operations() + 2, Harm::no_space);
    put(descriptor, "a");
    CHECK(::write(descriptor, "b", 1) == -1);
    CHECK(errno == ENOSPC);
    put(descriptor, "c");
    ::close(descriptor);
    CHECK(drive.content("log") == "ac");
}

}  // namespace vastwatch::simulation::testing
