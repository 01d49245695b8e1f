#include "audit/sha256.hpp"
#include "support.hpp"

using namespace vastwatch;
using namespace vastwatch::audit;
using namespace vastwatch::audit::test;

namespace fs = std::filesystem;

namespace {

/// Three records and then `tail`.
void spoil(const TempDir& directory, const std::string& tail) {
    fill(directory.path(), 3);
    set_content(directory.log(), content(directory.log()) + tail);
}

}  // namespace

TEST_CASE("a last line without its newline is cut off, kept aside and noted") {
    const TempDir directory;
    spoil(directory, R"({"seq":4,"timest)");
    const auto opened = must_open(directory.path());
    CHECK(opened.repaired);
    CHECK(opened.problem == "");
    CHECK(content(directory.path() / "audit.torn-1") == R"({"seq":4,"timest)");
    const auto lines = lines_of(directory.log());
    REQUIRE(lines.size() == 4);
    CHECK(contains(lines[3], R"("action":"audit_repair")"));
    CHECK(contains(lines[3], "16 bytes were cut off and kept in audit.torn-1"));
    CHECK(problems(directory.path()) == "");
}

TEST_CASE("a whole record without its newline was never told of, and is torn too") {
    const TempDir directory;
    fill(directory.path(), 3);
    const auto whole = content(directory.log());
    set_content(directory.log(), whole.substr(0, whole.size() - 1));
    CHECK(must_open(directory.path()).repaired);
    CHECK(problems(directory.path()) == "");
    CHECK(verify(directory.path()).records == 3);
}

TEST_CASE("a last line that is no JSON is torn") {
    const TempDir directory;
    spoil(directory, std::string(100, '\0') + "\n");
    CHECK(must_open(directory.path()).repaired);
    CHECK(content(directory.path() / "audit.torn-1") == std::string(100, '\0') + "\n");
    CHECK(problems(directory.path()) == "");
}

TEST_CASE("a log of nothing but a torn line begins anew with the note") {
    const TempDir directory;
    set_content(directory.log(), "{\"se");
    CHECK(must_open(directory.path()).repaired);
    CHECK(problems(directory.path()) == "");
    CHECK(verify(directory.path()).records == 1);
}

TEST_CASE("torn lines of several starts are all kept") {
    const TempDir directory;
    spoil(directory, "first");
    {
        const auto opened = must_open(directory.path());
    }
    set_content(directory.log(), content(directory.log()) + "second");
    {
        const auto opened = must_open(directory.path());
    }
    CHECK(content(directory.path() / "audit.torn-1") == "first");
    CHECK(content(directory.path() / "audit.torn-2") == "second");
}

TEST_CASE("a whole log is not repaired") {
    const TempDir directory;
    fill(directory.path(), 3);
    CHECK(!must_open(directory.path()).repaired);
    CHECK(verify(directory.path()).records == 3);
}

TEST_CASE("every length of a torn last line is repaired to a log that verifies") {
    const TempDir directory;
    fill(directory.path(), 2);
    const auto whole = content(directory.log());
    const auto first = whole.find('\n') + 1;
    for (std::size_t length = first + 1; length < whole.size(); length += 13) {
        set_content(directory.log(), whole.substr(0, length));
        INFO(length);
        CHECK(must_open(directory.path()).repaired);
        CHECK(verify(directory.path()).records == 2);
        CHECK(problems(directory.path()) == "");
    }
}
