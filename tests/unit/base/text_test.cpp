#include "base/text.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

namespace vastwatch {
namespace {

using namespace std::string_literals;

const std::string replaced = "\xEF\xBF\xBD";

TEST_CASE("white space at either end is trimmed") {
    CHECK(trim(" \t\r\n\v\fa b\n") == "a b");
    CHECK(trim(" \n ").empty());
    CHECK(trim("").empty());
    CHECK(trim("a") == "a");
}

TEST_CASE("only ASCII letters are lowered") {
    CHECK(to_lower("RTX_4090 \xC3\x84") == "rtx_4090 \xC3\x84");
}

TEST_CASE("bytes that are not UTF-8 are replaced one by one") {
    CHECK(valid_utf8("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80") == "café € 😀");
    CHECK(valid_utf8("a\xFFz") == "a" + replaced + "z");
    CHECK(valid_utf8("\xC0\xAF") == replaced + replaced);                     // overlong '/'
    CHECK(valid_utf8("\xE0\x80\xAF") == replaced + replaced + replaced);      // overlong, longer
    CHECK(valid_utf8("\xED\xA0\x80") == replaced + replaced + replaced);      // a surrogate
    CHECK(valid_utf8("\xF4\x90\x80\x80").find('\xF4') == std::string::npos);  // past the end
    CHECK(valid_utf8("\xF5") == replaced);
    CHECK(valid_utf8("a\xE2\x82") == "a" + replaced + replaced);  // cut off
    CHECK(valid_utf8("\xE2\x82z") == replaced + replaced + "z");
}

TEST_CASE("what could act on a terminal or a log line becomes a question mark") {
    CHECK(printable("a\x1B[31mred\x07") == "a?[31mred?");
    CHECK(printable("one\ntwo\r\tthree\x7F") == "one?two??three?");
    CHECK(printable("null\0byte"s) == "null?byte");
    CHECK(printable("c1 \xC2\x9B[31m") == "c1 ?[31m");
    CHECK(
        printable("bidi \xE2\x80\xAE"
                  "evil") == "bidi ?evil");
    CHECK(
        printable("isolate \xE2\x81\xA6"
                  "evil") == "isolate ?evil");
    CHECK(printable("line\xE2\x80\xA8separator") == "line?separator");
    CHECK(printable("arabic mark \xD8\x9C.") == "arabic mark ?.");
    CHECK(printable("bad \xFF byte") == "bad " + replaced + " byte");
    CHECK(printable("naïve 日本語 😀") == "naïve 日本語 😀");
}

TEST_CASE("printable text is cut at code points, with an ellipsis in the place of the last") {
    CHECK(printable("abcdef", 6) == "abcdef");
    CHECK(printable("abcdef", 5) == "abcd…");
    CHECK(printable("日本語です", 3) == "日本…");
    CHECK(printable("ab", 1) == "…");
    CHECK(printable("abcdef", 0) == "abcdef");
    CHECK(display_width(printable("日本語です", 3)) == 3);
}

TEST_CASE("HTML has no way out of text or quoted attributes") {
    CHECK(
        escape_html("<script>alert('x' & \"y\")</script>") ==
        "&lt;script&gt;alert(&#39;x&#39; &amp; &quot;y&quot;)&lt;/script&gt;");
    CHECK(escape_html("a\nb\xFF") == "a?b" + replaced);
}

TEST_CASE("the nearest candidate is meant when it is near") {
    const std::array<std::string_view, 3> keys{"idle_below", "idle_for", "daily_cap"};
    CHECK(nearest("idle_belov", keys) == "idle_below");
    CHECK(nearest("dialy_cap", keys) == "daily_cap");
    CHECK(nearest("idle_four", keys) == "idle_for");
    CHECK(nearest("something", keys).empty());
    CHECK(nearest("", keys).empty());
    CHECK(nearest("xyz", {}).empty());
}

}  // namespace
}  // namespace vastwatch
