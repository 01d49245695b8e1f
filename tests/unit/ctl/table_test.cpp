#include "ctl/table.hpp"

#include "samples.hpp"

using namespace vastwatch::ctl;

namespace {

std::string shown(const Table& table, std::size_t width) {
    std::string out;
    for (const auto& line : table.lines(width)) {
        out += line.render(false) + "\n";
    }
    return out;
}

Table cities() {
    Table table{{
        Column{"ID", Align::right},
        Column{"NAME", Align::left, 4},
        Column{"NOTE", Align::left, 0, 1},
    }};
    table.row({Text{"7"}, Text{"Münchengladbach"}, Text{"far"}});
    table.row({Text{"1234"}, Text{"Ulm"}, Text{"near"}});
    return table;
}

}  // namespace

TEST_CASE("a table aligns its columns by characters, not by bytes") {
    CHECK(
        shown(cities(), 0) ==
        "  ID  NAME             NOTE\n"
        "   7  Münchengladbach  far\n"
        "1234  Ulm              near\n");
}

TEST_CASE("a table cuts its elastic column before anything else") {
    CHECK(
        shown(cities(), 20) ==
        "  ID  NAME      NOTE\n"
        "   7  München…  far\n"
        "1234  Ulm       near\n");
}

TEST_CASE("a table leaves out the column of the highest rank when cutting does not suffice") {
    CHECK(
        shown(cities(), 11) ==
        "  ID  NAME\n"
        "   7  Münc…\n"
        "1234  Ulm\n");
}

TEST_CASE("no line of a table is wider than it may be, however little that is") {
    for (std::size_t width = 1; width < 30; ++width) {
        for (const auto& line : cities().lines(width)) {
            CHECK(line.width() <= width);
        }
    }
}

TEST_CASE("a note is wrapped and indented below its row") {
    Table table{{Column{"A", Align::left}}};
    table.row({Text{"x"}});
    table.note("one two three four five six seven");
    CHECK(
        shown(table, 24) ==
        "A\n"
        "x\n"
        "    one two three four\n"
        "    five six seven\n");
}

TEST_CASE("text is cut between characters and keeps its style") {
    const Text text{"größer", Style::bad};
    CHECK(text.cut(4).render(false) == "grö…");
    CHECK(text.cut(4).render(true) == "\x1b[1;31mgrö…\x1b[0m");
}

TEST_CASE("without colour there is no control sequence") {
    CHECK(Text{"x", Style::bad}.add("y", Style::strong).render(false) == "xy");
}

TEST_CASE("a word that is too long for a line is broken") {
    CHECK(wrap("abcdefgh ij", 3) == std::vector<std::string>{"abc", "def", "gh", "ij"});
}
