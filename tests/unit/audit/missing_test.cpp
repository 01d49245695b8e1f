// What the log lacks of records that were about to be appended when the process ended.
#include "support.hpp"

using namespace vastwatch;
using namespace vastwatch::audit;
using namespace vastwatch::audit::test;

namespace {

std::vector<Record> batch() {
    return {numbered(7), numbered(8), numbered(9)};
}

}  // namespace

TEST_CASE("records that were not appended are missing, all of them") {
    const TempDir directory;
    fill(directory.path(), 3);
    CHECK(missing(directory.path(), batch()) == batch());
}

TEST_CASE("of an empty or absent log everything is missing") {
    const TempDir directory;
    CHECK(missing(directory.path(), batch()) == batch());
    must_open(directory.path());
    CHECK(missing(directory.path(), batch()) == batch());
}

TEST_CASE("records that were appended are not missing") {
    const TempDir directory;
    fill(directory.path(), 3);
    must_append(*must_open(directory.path()).log, batch());
    CHECK(missing(directory.path(), batch()).empty());
}

TEST_CASE("after a torn append only the rest is missing") {
    const TempDir directory;
    fill(directory.path(), 3);
    must_append(*must_open(directory.path()).log, batch());
    const auto whole = content(directory.log());
    set_content(directory.log(), whole.substr(0, whole.size() - 20));
    REQUIRE(must_open(directory.path()).repaired);
    const auto rest = missing(directory.path(), batch());
    REQUIRE(rest.size() == 1);
    CHECK(rest.front() == numbered(9));
    must_append(*must_open(directory.path()).log, rest);
    CHECK(missing(directory.path(), batch()).empty());
    CHECK(problems(directory.path()) == "");
}

TEST_CASE("a record like one that is there already, further back, is missing") {
    const TempDir directory;
    must_append(*must_open(directory.path()).log, {numbered(7), numbered(1)});
    CHECK(missing(directory.path(), {numbered(7)}).size() == 1);
}

TEST_CASE("no records, none missing") {
    const TempDir directory;
    fill(directory.path(), 3);
    CHECK(missing(directory.path(), {}).empty());
}
