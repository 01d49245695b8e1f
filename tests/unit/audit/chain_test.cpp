#include "audit/sha256.hpp"
#include "support.hpp"

#include <algorithm>

using namespace vastwatch;
using namespace vastwatch::audit;
using namespace vastwatch::audit::test;

namespace fs = std::filesystem;

namespace {

/// A log of ten records whose lines `spoil` has changed.
template <class Spoil>
std::string problems_after(Spoil spoil) {
    const TempDir directory;
    fill(directory.path(), 10);
    auto lines = lines_of(directory.log());
    spoil(lines);
    set_lines(directory.log(), lines);
    return problems(directory.path());
}

void replace(std::string& text, const std::string& from, const std::string& to) {
    text.replace(text.find(from), from.size(), to);
}

}  // namespace

TEST_CASE("SHA-256 gives the digest of the standard's example") {
    CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("each record carries the SHA-256 of the line before") {
    const TempDir directory;
    fill(directory.path(), 3);
    const auto lines = lines_of(directory.log());
    CHECK(contains(lines.at(1), R"("prev":")" + sha256_hex(lines.at(0)) + R"("})"));
    CHECK(contains(lines.at(2), R"("prev":")" + sha256_hex(lines.at(1)) + R"("})"));
}

TEST_CASE("the chain goes on over restarts and within one append") {
    const TempDir directory;
    fill(directory.path(), 2);
    const auto opened = must_open(directory.path());
    CHECK(opened.problem == "");
    must_append(*opened.log, std::vector<Record>{numbered(3), numbered(4)});
    CHECK(problems(directory.path()) == "");
    CHECK(contains(lines_of(directory.log()).at(3), R"({"seq":4,)"));
}

TEST_CASE("an untouched log has no problems") {
    CHECK(problems_after([](auto&) {}) == "");
}

TEST_CASE("a directory without a log has no problems and no records") {
    const TempDir directory;
    const auto verdict = verify(directory.path());
    CHECK(verdict.problems.empty());
    CHECK(verdict.files == 0);
    CHECK(verdict.records == 0);
}

TEST_CASE("an edited record is found, by the line after it") {
    const auto found = problems_after([](auto& lines) { replace(lines[3], "warn", "wurn"); });
    CHECK(contains(found, "audit.jsonl line 5 does not chain"));
    CHECK(std::count(found.begin(), found.end(), '\n') == 1);
}

TEST_CASE("a single flipped bit anywhere before the last record is found") {
    const TempDir directory;
    fill(directory.path(), 3);
    const auto whole = content(directory.log());
    const auto last_line = whole.rfind('\n', whole.size() - 2) + 1;
    for (std::size_t i = 0; i < last_line; ++i) {
        auto spoilt = whole;
        spoilt[i] = static_cast<char>(spoilt[i] ^ 1);
        set_content(directory.log(), spoilt);
        INFO(i);
        CHECK(!verify(directory.path()).problems.empty());
    }
}

TEST_CASE("a deleted record is found, by the line that took its place") {
    const auto found = problems_after([](auto& lines) { lines.erase(lines.begin() + 3); });
    CHECK(contains(found, "audit.jsonl line 4 does not chain"));
    CHECK(contains(found, "it has seq 5 where 4 is due"));
}

TEST_CASE("a deleted first record is found") {
    const auto found = problems_after([](auto& lines) { lines.erase(lines.begin()); });
    CHECK(contains(found, "audit.jsonl line 1 does not begin the log"));
}

TEST_CASE("records in another order are found") {
    const auto found = problems_after([](auto& lines) { std::swap(lines[3], lines[4]); });
    CHECK(contains(found, "audit.jsonl line 4 does not chain"));
    CHECK(contains(found, "audit.jsonl line 5 does not chain"));
}

TEST_CASE("a doubled record is found") {
    const auto found =
        problems_after([](auto& lines) { lines.insert(lines.begin() + 3, lines[2]); });
    CHECK(contains(found, "audit.jsonl line 4 does not chain"));
}

TEST_CASE("a line that is no record is found") {
    const auto found =
        problems_after([](auto& lines) { lines.insert(lines.begin() + 3, "hello"); });
    CHECK(contains(found, "audit.jsonl line 4 is not a record"));
}

TEST_CASE("a record forged at the end with a right link but broken JSON is found") {
    const auto found = problems_after([](auto& lines) {
        lines.push_back(R"({"seq":11,oops,"prev":")" + sha256_hex(lines.back()) + R"("})");
    });
    CHECK(contains(found, "audit.jsonl line 11 is not a JSON object"));
}

TEST_CASE("a number too large for a seq is no record") {
    const auto found = problems_after([](auto& lines) {
        replace(lines[3], R"({"seq":4,)", R"({"seq":99999999999999999999999,)");
    });
    CHECK(contains(found, "audit.jsonl line 4 is not a record"));
}

TEST_CASE("a great many problems are summed up") {
    const TempDir directory;
    set_lines(directory.log(), std::vector<std::string>(250, "hello"));
    const auto verdict = verify(directory.path());
    REQUIRE(verdict.problems.size() == 101);
    CHECK(verdict.problems.back() == "and 150 more");
}

TEST_CASE("a break of the chain is reported at start, and appending goes on after the last line") {
    const TempDir directory;
    fill(directory.path(), 10);
    auto lines = lines_of(directory.log());
    replace(lines[3], "warn", "wurn");
    set_lines(directory.log(), lines);
    const auto opened = must_open(directory.path());
    CHECK(contains(opened.problem, "audit.jsonl line 5 does not chain"));
    CHECK(!opened.repaired);
    must_append(*opened.log, std::vector<Record>{numbered(11)});
    const auto after = lines_of(directory.log());
    CHECK(contains(after.at(10), R"({"seq":11,)"));
    CHECK(contains(after.at(10), sha256_hex(after.at(9))));
}
