#include "support.hpp"

using namespace vastwatch;
using namespace vastwatch::audit;
using namespace vastwatch::audit::test;

namespace {

/// The numbers of the records read, in order.
std::string numbers(const std::vector<std::string>& lines) {
    std::string text;
    for (const auto& line : lines) {
        const auto begin = line.find("record ") + 7;
        text += line.substr(begin, line.find('"', begin) - begin) + " ";
    }
    return text;
}

/// Records 1 to 6, odd ones of team a, even ones of team b.
void fill_two_teams(const TempDir& directory, std::uint64_t rotate_at = default_rotate_at) {
    const auto opened = must_open(directory.path(), rotate_at);
    for (int i = 1; i <= 6; ++i) {
        must_append(*opened.log, std::vector<Record>{numbered(i, i % 2 == 1 ? "a" : "b")});
    }
}

}  // namespace

TEST_CASE("all records are read, as stored, the newest last") {
    const TempDir directory;
    fill_two_teams(directory);
    CHECK(read(directory.path(), std::nullopt, std::nullopt, 100) == lines_of(directory.log()));
}

TEST_CASE("the limit keeps the newest") {
    const TempDir directory;
    fill_two_teams(directory);
    CHECK(numbers(read(directory.path(), std::nullopt, std::nullopt, 2)) == "5 6 ");
}

TEST_CASE("a limit of nothing reads nothing") {
    const TempDir directory;
    fill_two_teams(directory);
    CHECK(read(directory.path(), std::nullopt, std::nullopt, 0).empty());
}

TEST_CASE("a team's records are read") {
    const TempDir directory;
    fill_two_teams(directory);
    CHECK(numbers(read(directory.path(), TeamName{"a"}, std::nullopt, 2)) == "3 5 ");
}

TEST_CASE("a team that is not there has no records") {
    const TempDir directory;
    fill_two_teams(directory);
    CHECK(read(directory.path(), TeamName{"c"}, std::nullopt, 2).empty());
}

TEST_CASE("records since a time are read, that time included") {
    const TempDir directory;
    fill_two_teams(directory);
    CHECK(numbers(read(directory.path(), std::nullopt, at(4), 100)) == "4 5 6 ");
}

TEST_CASE("records are read across rotated files") {
    const TempDir directory;
    fill_two_teams(directory, 400);
    REQUIRE(verify(directory.path()).files > 2);
    CHECK(numbers(read(directory.path(), TeamName{"b"}, std::nullopt, 100)) == "2 4 6 ");
}

TEST_CASE("a record written while the clock was behind is read by its own time") {
    const TempDir directory;
    const auto opened = must_open(directory.path());
    must_append(*opened.log, std::vector<Record>{numbered(100), numbered(1), numbered(101)});
    CHECK(numbers(read(directory.path(), std::nullopt, at(100), 100)) == "100 101 ");
}

TEST_CASE("lines that are no records are left out") {
    const TempDir directory;
    fill_two_teams(directory);
    set_content(directory.log(), "hello\n\n" + content(directory.log()) + "{\"torn");
    CHECK(numbers(read(directory.path(), std::nullopt, std::nullopt, 100)) == "1 2 3 4 5 6 ");
}

TEST_CASE("lines longer than what is read at a time are read whole") {
    const TempDir directory;
    auto record = numbered(1);
    record.label = std::string(300'000, 'x');
    const auto opened = must_open(directory.path());
    must_append(*opened.log, std::vector<Record>{numbered(1), record, numbered(2)});
    CHECK(read(directory.path(), std::nullopt, std::nullopt, 100) == lines_of(directory.log()));
    CHECK(problems(directory.path()) == "");
}

TEST_CASE("a directory without a log has nothing to read") {
    const TempDir directory;
    CHECK(read(directory.path(), std::nullopt, std::nullopt, 100).empty());
}
