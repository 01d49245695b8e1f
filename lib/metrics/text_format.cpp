#include "metrics/text_format.hpp"

#include "base/money.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace vastwatch::metrics {
namespace {

bool plain(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20U && byte < 0x7FU && c != '\\' && c != '"';
}

}  // namespace

std::string escape_label(std::string_view value) {
    if (std::all_of(value.begin(), value.end(), plain)) {
        return std::string{value};
    }
    std::string out;
    for (const char c : valid_utf8(value)) {
        switch (c) {
            case '\\':
                out += "\\\\";
                break;
            case '"':
                out += "\\\"";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\0':
                // Prometheus' own scanner has had trouble with it.
                out += "\xEF\xBF\xBD";
                break;
            default:
                out += c;
        }
    }
    return out;
}

void append_header(
    std::string& out,
    std::string_view name,
    std::string_view help,
    std::string_view type) {
    out.append("# HELP ").append(name).append(" ").append(help);
    out.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
}

void append_sample(
    std::string& out,
    std::string_view name,
    std::initializer_list<Label> labels,
    std::string_view value) {
    out.append(name);
    char before = '{';
    for (const auto& [label, text] : labels) {
        out += before;
        out.append(label).append("=\"").append(text).append("\"");
        before = ',';
    }
    out.append(labels.size() == 0 ? " " : "} ").append(value).append("\n");
}

std::string decimal_seconds(Duration duration) {
    // Seconds in nanoseconds and dollars in nano-dollars have the same decimal form.
    return to_decimal(Usd::from_nanos(duration.count()));
}

}  // namespace vastwatch::metrics
