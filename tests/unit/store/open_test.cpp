#include "support.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

using namespace vastwatch;
using namespace vastwatch::store::test;

namespace fs = std::filesystem;

namespace {

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// A state directory with something in it, closed.
void fill(const fs::path& directory) {
    const auto opened = must_open(directory);
    auto changes = full_changes("stored", 5);
    for (int i = 100; i < 200; ++i) {
        changes.instances.push_back(an_instance(i));
    }
    must_commit(*opened.store, changes);
}

std::string content(const fs::path& file) {
    std::ifstream in{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

unsigned mode(const fs::path& file) {
    struct stat status{};
    REQUIRE(::stat(file.c_str(), &status) == 0);
    return status.st_mode & 07777U;
}

}  // namespace

TEST_CASE("a second store on one directory is refused with the directory and the owner's pid") {
    const TempDir directory;
    const auto first = must_open(directory.path());
    const auto message = refusal(directory.path());
    CHECK(contains(message, directory.path().string()));
    CHECK(contains(message, fmt::format("process {}", ::getpid())));
}

TEST_CASE("the lock ends with the store") {
    const TempDir directory;
    {
        const auto first = must_open(directory.path());
    }
    CHECK(must_open(directory.path()).stored.empty());
}

TEST_CASE("a directory that is missing is made") {
    const TempDir directory;
    const auto opened = must_open(directory.path() / "state");
    CHECK(mode(directory.path() / "state") == 0700U);
}

TEST_CASE("a directory that cannot be made is an error that names it") {
    const TempDir directory;
    CHECK(contains(refusal(directory.path() / "no" / "such"), "no/such"));
}

TEST_CASE("files are readable by their owner only") {
    const TempDir directory;
    const auto opened = must_open(directory.path());
    must_commit(*opened.store, full_changes("x", 5));
    CHECK(mode(directory.path() / "state.db") == 0600U);
    CHECK(mode(directory.path() / "state.db-wal") == 0600U);
    CHECK(mode(directory.path() / "state.lock") == 0600U);
}

TEST_CASE("garbage is set aside and a new database begun") {
    const TempDir directory;
    fill(directory.path());
    std::ofstream{directory.path() / "state.db"} << std::string(20'000, 'g');
    const auto opened = must_open(directory.path());
    REQUIRE(opened.set_aside);
    CHECK(content(*opened.set_aside) == std::string(20'000, 'g'));
    CHECK(opened.stored.empty());
}

TEST_CASE("a new database that replaced a damaged one can be written to") {
    const TempDir directory;
    std::ofstream{directory.path() / "state.db"} << std::string(20'000, 'g');
    must_commit(*must_open(directory.path()).store, full_changes("x", 5));
    CHECK(must_open(directory.path()).stored.instances.size() == 1);
}

TEST_CASE("a database cut off within its header is set aside") {
    const TempDir directory;
    fill(directory.path());
    fs::resize_file(directory.path() / "state.db", 50);
    CHECK(must_open(directory.path()).set_aside);
}

TEST_CASE("a database cut off in the middle is set aside") {
    const TempDir directory;
    fill(directory.path());
    fs::resize_file(directory.path() / "state.db", 3 * 4096);
    CHECK(must_open(directory.path()).set_aside);
}

TEST_CASE("a database with a damaged page is set aside") {
    const TempDir directory;
    fill(directory.path());
    const auto pages = fs::file_size(directory.path() / "state.db") / 4096;
    for (std::size_t page = 1; page < pages; ++page) {
        overwrite(directory.path() / "state.db", page * 4096, "\xA5\xA5\xA5\xA5\xA5\xA5\xA5\xA5");
    }
    CHECK(must_open(directory.path()).set_aside);
}

TEST_CASE("a database with a word that no enumerator has is set aside") {
    const TempDir directory;
    fill(directory.path());
    run_sql(directory.path(), "UPDATE cases SET step = 'levitating'");
    CHECK(must_open(directory.path()).set_aside);
}

TEST_CASE("a database without one of the tables is set aside") {
    const TempDir directory;
    fill(directory.path());
    run_sql(directory.path(), "DROP TABLE outbox");
    CHECK(must_open(directory.path()).set_aside);
}

TEST_CASE("a second damaged database does not replace the first one set aside") {
    const TempDir directory;
    std::ofstream{directory.path() / "state.db"} << std::string(20'000, 'g');
    const auto time = fs::last_write_time(directory.path() / "state.db");
    const auto first = must_open(directory.path()).set_aside;
    std::ofstream{directory.path() / "state.db"} << std::string(20'000, 'h');
    fs::last_write_time(directory.path() / "state.db", time);
    const auto second = must_open(directory.path()).set_aside;
    REQUIRE(first);
    REQUIRE(second);
    CHECK(content(*first) == std::string(20'000, 'g'));
    CHECK(content(*second) == std::string(20'000, 'h'));
}

TEST_CASE("the log of a damaged database goes with it") {
    const TempDir directory;
    std::ofstream{directory.path() / "state.db"} << std::string(20'000, 'g');
    std::ofstream{directory.path() / "state.db-wal"} << "log";
    const auto opened = must_open(directory.path());
    REQUIRE(opened.set_aside);
    CHECK(content(opened.set_aside->string() + "-wal") == "log");
}

TEST_CASE("a database cut to nothing beside its log is set aside together with the log") {
    const TempDir directory;
    std::string log;
    {
        const auto opened = must_open(directory.path());
        must_commit(*opened.store, full_changes("stored", 5));
        log = content(directory.path() / "state.db-wal");
        // A copy of what a kill at this moment would leave.
        fs::copy_file(directory.path() / "state.db-wal", directory.path() / "log");
    }
    fs::resize_file(directory.path() / "state.db", 0);
    fs::rename(directory.path() / "log", directory.path() / "state.db-wal");
    const auto opened = must_open(directory.path());
    REQUIRE(opened.set_aside);
    CHECK(content(opened.set_aside->string() + "-wal") == log);
}

TEST_CASE(
    "an empty database without a log, left by a kill at the very first start, is begun anew") {
    const TempDir directory;
    std::ofstream{directory.path() / "state.db"};
    CHECK(!must_open(directory.path()).set_aside);
}

TEST_CASE("a database of a later version is refused and left as it is") {
    const TempDir directory;
    fill(directory.path());
    run_sql(directory.path(), "PRAGMA user_version = 1000");
    const auto before = content(directory.path() / "state.db");
    CHECK(contains(refusal(directory.path()), "later version"));
    CHECK(content(directory.path() / "state.db") == before);
}

/// What step 5 of the schema did, undone.
constexpr const char* before_step_5 =
    "ALTER TABLE accounts DROP COLUMN covered_from; "
    "ALTER TABLE accounts ADD COLUMN backfilled INTEGER NOT NULL DEFAULT 1; "
    "PRAGMA user_version = 4; ";

TEST_CASE("a database from before idle periods had limits to be judged by is read and goes on") {
    const TempDir directory;
    fill(directory.path());
    run_sql(
        directory.path(),
        std::string{before_step_5} +
            "ALTER TABLE idle_clocks DROP COLUMN highest; ALTER TABLE idle_clocks DROP COLUMN "
            "longest_gap; PRAGMA user_version = 3");
    const auto opened = must_open(directory.path());
    const auto& idle = opened.stored.instances.front().idle;
    CHECK(idle.began);
    CHECK_FALSE(idle.highest);
    CHECK(idle.longest_gap == Duration{0});
}

/// A database from before it was kept how far back an account was filled, with these rows besides.
std::optional<Instant> covered_from_of(const std::string& rows) {
    const TempDir directory;
    fill(directory.path());
    run_sql(
        directory.path(),
        before_step_5 + ("DELETE FROM team_days; DELETE FROM account_days; UPDATE accounts SET "
                         "name = 'main'; " +
                         rows));
    const auto opened = must_open(directory.path());
    REQUIRE(opened.stored.accounts.size() == 1);
    return opened.stored.accounts.front().covered_from;
}

TEST_CASE("how far back an account was filled is known of an older database by its money") {
    const std::string own_day = "INSERT INTO account_days VALUES ('main', 70, 75, NULL, 0); ";
    const std::string end_of_backfill = "INSERT INTO account_days VALUES ('main', 60, 0, NULL, 1);";
    const std::string filled =
        "INSERT INTO team_days VALUES ('main', 'ml', 30, 1, 1, 1, 1), ('b', 'ml', 20, 1, 1, 1, 1);";
    CHECK(covered_from_of(own_day + filled) == Instant{Duration{30}});
    CHECK(covered_from_of(own_day + end_of_backfill) == Instant{Duration{70}});
    CHECK_FALSE(covered_from_of(""));
    CHECK_FALSE(covered_from_of(filled + "UPDATE accounts SET backfilled = 0;"));
}

TEST_CASE("a hold from before it knew its rules is read, and has its instances") {
    const TempDir directory;
    fill(directory.path());
    run_sql(
        directory.path(),
        "UPDATE holds SET instances = '[7,8]', decision = 'open', kind = 'reload'");
    const auto opened = must_open(directory.path());
    const auto& hold = opened.stored.holds.front();
    CHECK(hold.instances == std::vector{InstanceId{7}, InstanceId{8}});
    CHECK(hold.wanted.empty());
    CHECK(enforcement::has(hold, InstanceId{7}, rules::Rule::idle));
}

TEST_CASE("a directory in the place of the database is an error, and stays") {
    const TempDir directory;
    fs::create_directory(directory.path() / "state.db");
    CHECK(contains(refusal(directory.path()), "state.db"));
    CHECK(fs::is_directory(directory.path() / "state.db"));
}
