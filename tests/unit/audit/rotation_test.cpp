#include "support.hpp"

using namespace vastwatch;
using namespace vastwatch::audit;
using namespace vastwatch::audit::test;

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t small = 1'000;  // some four records

}  // namespace

TEST_CASE("a file that would grow too large is set aside by the number of its first record") {
    const TempDir directory;
    fill(directory.path(), 10, small);
    CHECK(fs::exists(directory.path() / "audit-1.jsonl"));
    CHECK(fs::file_size(directory.path() / "audit-1.jsonl") <= small);
    CHECK(fs::exists(directory.log()));
}

TEST_CASE("the chain holds across rotated files") {
    const TempDir directory;
    fill(directory.path(), 30, small);
    const auto verdict = verify(directory.path());
    CHECK(verdict.records == 30);
    CHECK(verdict.files > 3);
    CHECK(problems(directory.path()) == "");
}

TEST_CASE("the chain goes on over a restart after a rotation") {
    const TempDir directory;
    for (int i = 0; i < 10; ++i) {
        const auto opened = must_open(directory.path(), small);
        CHECK(opened.problem == "");
        must_append(*opened.log, std::vector<Record>{numbered(1), numbered(2)});
    }
    CHECK(verify(directory.path()).records == 20);
    CHECK(problems(directory.path()) == "");
}

TEST_CASE("a kill between setting the full file aside and beginning the next loses nothing") {
    const TempDir directory;
    fill(directory.path(), 3);
    fs::rename(directory.log(), directory.path() / "audit-1.jsonl");
    const auto opened = must_open(directory.path());
    CHECK(opened.problem == "");
    must_append(*opened.log, std::vector<Record>{numbered(4)});
    CHECK(verify(directory.path()).records == 4);
    CHECK(problems(directory.path()) == "");
}

TEST_CASE("a missing rotated file is found") {
    const TempDir directory;
    fill(directory.path(), 30, small);
    fs::remove(directory.path() / "audit-1.jsonl");
    CHECK(contains(problems(directory.path()), "line 1 does not begin the log"));
}

TEST_CASE("a change in a rotated file's last record is found") {
    const TempDir directory;
    fill(directory.path(), 30, small);
    auto lines = lines_of(directory.path() / "audit-1.jsonl");
    lines.back().replace(lines.back().find("warn"), 4, "wurn");
    set_lines(directory.path() / "audit-1.jsonl", lines);
    CHECK(contains(problems(directory.path()), "line 1 does not chain"));
}

TEST_CASE("what is appended chains to the last whole line before it, as it is verified") {
    const TempDir directory;
    fill(directory.path(), 3);
    const auto whole = content(directory.log());
    fs::remove(directory.log());
    set_content(directory.path() / "audit-1.jsonl", whole + "nonsense\n" + R"({"seq":5,"ti)");
    set_content(directory.path() / "audit-5.jsonl", "");
    const auto opened = must_open(directory.path());
    CHECK(contains(opened.problem, "there is no record in"));
    must_append(*opened.log, std::vector<Record>{numbered(5)});
    CHECK(contains(lines_of(directory.log()).at(0), R"({"seq":5,)"));
    CHECK(
        problems(directory.path()) ==
        "audit-1.jsonl line 4 is not a record as vastwatch writes it\n"
        "audit-1.jsonl line 5 is not complete\n");
}

TEST_CASE("a rotated file whose name is taken is not written over") {
    const TempDir directory;
    set_content(directory.path() / "audit-1.jsonl", "");
    fill(directory.path(), 10, small);
    CHECK(content(directory.path() / "audit-1.jsonl").empty());
    CHECK(verify(directory.path()).records == 10);
}

TEST_CASE("one append larger than the limit is kept together in one file") {
    const TempDir directory;
    const auto opened = must_open(directory.path(), small);
    must_append(*opened.log, std::vector<Record>(20, numbered(1)));
    must_append(*opened.log, std::vector<Record>(20, numbered(1)));
    CHECK(lines_of(directory.path() / "audit-1.jsonl").size() == 20);
    CHECK(lines_of(directory.log()).size() == 20);
}

TEST_CASE("files are in the order of their numbers, not of their names") {
    const TempDir directory;
    fill(directory.path(), 60, small);
    REQUIRE(verify(directory.path()).files > 10);
    CHECK(problems(directory.path()) == "");
}

TEST_CASE("a log moved away while open is begun anew, and the chain goes on") {
    const TempDir directory;
    const auto opened = must_open(directory.path());
    must_append(*opened.log, std::vector<Record>{numbered(1), numbered(2)});
    fs::rename(directory.log(), directory.path() / "audit-1.jsonl");
    must_append(*opened.log, std::vector<Record>{numbered(3)});
    CHECK(lines_of(directory.log()).size() == 1);
    CHECK(problems(directory.path()) == "");
}
