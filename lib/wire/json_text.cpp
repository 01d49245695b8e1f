#include "wire/json_text.hpp"

#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <cmath>

namespace vastwatch::wire {
namespace {

void append(std::string& out, const boost::json::value& value);

void append_object(std::string& out, const boost::json::object& object) {
    out += '{';
    bool first = true;
    for (const auto& [key, member] : object) {
        out += first ? "" : ",";
        out += boost::json::serialize(key);
        out += ':';
        append(out, member);
        first = false;
    }
    out += '}';
}

void append_array(std::string& out, const boost::json::array& array) {
    out += '[';
    bool first = true;
    for (const auto& element : array) {
        out += first ? "" : ",";
        append(out, element);
        first = false;
    }
    out += ']';
}

void append(std::string& out, const boost::json::value& value) {
    if (const auto* object = value.if_object()) {
        append_object(out, *object);
    } else if (const auto* array = value.if_array()) {
        append_array(out, *array);
    } else if (const auto* number = value.if_double()) {
        out += std::isfinite(*number) ? fmt::format("{}", *number) : "null";
    } else {
        out += boost::json::serialize(value);
    }
}

}  // namespace

std::string to_text(const boost::json::value& value) {
    std::string out;
    append(out, value);
    return out;
}

}  // namespace vastwatch::wire
