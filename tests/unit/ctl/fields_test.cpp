#include "ctl/fields.hpp"

#include "samples.hpp"

using namespace vastwatch;
using namespace vastwatch::ctl;

TEST_CASE("a member that is null, absent or of another kind is unknown") {
    const auto object =
        samples::object(R"({"a":null,"text":"7","number":7,"far":1e18,"list":[1,{"x":2},"y"]})");
    const Fields fields{object};
    CHECK_FALSE(fields.has("a"));
    CHECK_FALSE(fields.number("text"));
    CHECK_FALSE(fields.text("number"));
    CHECK_FALSE(fields.seconds("far"));
    CHECK_FALSE(fields.flag("number"));
    CHECK(fields.objects("list").size() == 1);
    CHECK(fields.texts("list") == std::vector<std::string>{"y"});
    CHECK(fields.object("number").word("x") == "?");
}

TEST_CASE("text that is read is printable") {
    const auto object = samples::object(R"({"label":"a\u001b[2J\u009bb\u202e"})");
    CHECK(Fields{object}.word("label") == "a?[2J?b?");
}

TEST_CASE("JSON for programs means the same but holds nothing that acts on a terminal") {
    const auto line = json_line("{\"a\":\n \"x\u009b\u202e\x7fy\"}\n");
    CHECK(line == R"({"a":  "x\u009b\u202e\u007fy"})");
    CHECK(samples::object(line).at("a").as_string() == "x\u009b\u202e\x7fy");
}

TEST_CASE("JSON for programs keeps what is harmless as it is") {
    const std::string text = R"({"a":"größer – 漢字","b":"\u001b"})";
    CHECK(json_line(text) == text);
}
