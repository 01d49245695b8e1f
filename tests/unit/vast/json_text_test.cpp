#include "vast/json_text.hpp"

#include <doctest/doctest.h>

#include <string>

namespace vastwatch::vast {

TEST_CASE("NaN, both infinities and absurd exponents become null outside of strings") {
    CHECK(with_nulls("[NaN, -Infinity,Infinity]") == "[null, null,null]");
    CHECK(with_nulls("[1e99999999999]") == "[null]");
    CHECK(with_nulls(R"(["NaN", NaN, "a\"NaN"])") == R"(["NaN", null, "a\"NaN"])");
}

TEST_CASE("a body with nothing to replace is not copied") {
    CHECK_FALSE(with_nulls(R"({"a":[1,2.5e3,"NaN"]})"));
}

TEST_CASE("replacing ends with the text, however it breaks off") {
    CHECK_FALSE(with_nulls("\"abc\\"));
    CHECK_FALSE(with_nulls("\""));
    CHECK(with_nulls("{\"a\":NaN") == "{\"a\":null");
}

TEST_CASE("a byte order mark is passed over") {
    CHECK(parse_json("\xEF\xBB\xBF{\"a\":1}", {}).has_value());
}

TEST_CASE("half a JSON text, two of them, and nesting without end are no JSON") {
    CHECK_FALSE(parse_json("", {}));
    CHECK_FALSE(parse_json("{\"a\":", {}));
    CHECK_FALSE(parse_json("{} {}", {}));
    CHECK_FALSE(parse_json(std::string(100'000, '['), {}));
}

}  // namespace vastwatch::vast
