#include "base/glob.hpp"

#include <doctest/doctest.h>

#include <string>

namespace vastwatch {
namespace {

TEST_CASE("a star stands for any run, slashes included, a question mark for one byte") {
    CHECK(glob_match("ml-research/*", "ml-research/llama/sft"));
    CHECK(glob_match("*-keep", "eval-keep"));
    CHECK(glob_match("keep/*", "keep/"));
    CHECK(glob_match("a?c", "abc"));
    CHECK(glob_match("*", ""));
    CHECK(glob_match("", ""));
    CHECK(glob_match("**a**", "xax"));
    CHECK(glob_match("*ab*ab", "abxabab"));
    CHECK_FALSE(glob_match("ml-research/*", "ml-research"));
    CHECK_FALSE(glob_match("a?c", "ac"));
    CHECK_FALSE(glob_match("", "a"));
    CHECK_FALSE(glob_match("?", ""));
    CHECK_FALSE(glob_match("abc", "ABC"));
    CHECK_FALSE(glob_match("ab", "abc"));
}

TEST_CASE("other special characters stand for themselves") {
    CHECK(glob_match("[a].\\*", "[a].\\x"));
    CHECK_FALSE(glob_match("[a]", "a"));
    CHECK_FALSE(glob_match("a.c", "abc"));
}

TEST_CASE("a hostile pattern takes no exponential time") {
    std::string pattern;
    for (int i = 0; i < 200; ++i) {
        pattern += "a*";
    }
    CHECK_FALSE(glob_match(pattern + "b", std::string(5'000, 'a')));
}

TEST_CASE("GPU names match without regard to case, underscores, dashes and spaces alike") {
    CHECK(gpu_name_match("A100*", "A100 SXM4"));
    CHECK(gpu_name_match("rtx_4090", "RTX 4090"));
    CHECK(gpu_name_match("RTX-4090", " rtx 4090\n"));
    CHECK(gpu_name_match("h100*", "H100_NVL"));
    CHECK_FALSE(gpu_name_match("A100*", "RTX A1000"));
    CHECK_FALSE(gpu_name_match("H100", "H100 SXM"));
    CHECK(fold_gpu_name("RTX_6000-Ada ") == "rtx 6000 ada");
    CHECK(fold_gpu_name("_RTX 6000-") == "rtx 6000");
}

}  // namespace
}  // namespace vastwatch
