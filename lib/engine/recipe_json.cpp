#include "engine/recipe_json.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <string_view>

namespace vastwatch::engine {
namespace {

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : valid_utf8(text)) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20U) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        } else {
            out += c;
        }
    }
    out += '"';
}

void append_member(std::string& out, std::string_view key, std::string_view value) {
    out += out.size() > 1 ? "," : "";
    append_json_string(out, key);
    out += ':';
    append_json_string(out, value);
}

}  // namespace

std::string recipe_json(const fleet::Recipe& recipe) {
    std::string out = "{";
    append_member(out, "image", recipe.image);
    append_member(out, "template_hash_id", recipe.template_hash);
    append_member(out, "runtype", recipe.runtype);
    append_member(out, "label", recipe.label);
    append_member(out, "gpu_name", recipe.gpu_name);
    append_member(out, "onstart", recipe.onstart);
    out += fmt::format(",\"num_gpus\":{}", recipe.num_gpus.value_or(0));
    out += recipe.disk_gb ? fmt::format(",\"disk\":{}", *recipe.disk_gb) : "";
    out += recipe.interruptible ? fmt::format(",\"interruptible\":{}", *recipe.interruptible) : "";
    out += ",\"env\":[";
    for (std::size_t i = 0; i < recipe.environment_names.size(); ++i) {
        out += i > 0 ? "," : "";
        append_json_string(out, recipe.environment_names[i]);
    }
    return out + "]}";
}

}  // namespace vastwatch::engine
