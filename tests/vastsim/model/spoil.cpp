#include "model/spoil.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <array>

namespace vastwatch::vastsim {
namespace {

namespace json = boost::json;

constexpr std::array<const char*, 8> volatile_columns{
    "gpu_util",
    "gpu_temp",
    "cpu_util",
    "mem_usage",
    "vmem_usage",
    "mem_limit",
    "inet_up_billed",
    "inet_down_billed"};

bool concerns(std::int64_t id, const Fault& fault, std::uint64_t chance) {
    if (const json::value* ids = fault.parameters.if_contains("ids");
        ids != nullptr && ids->is_array()) {
        const json::array& list = ids->get_array();
        return std::ranges::find(list, json::value(id)) != list.end();
    }
    constexpr double steps = 1'000'000;
    const double share = number_of(fault.parameters, "share", 1);
    return static_cast<double>(chance % 1'000'000) < share * steps;
}

void wrong_types(json::array& rows, const Fault& fault) {
    const std::string field = text_of(fault.parameters, "field", "");
    for (std::size_t i = 0; i < rows.size(); ++i) {
        json::object& row = rows[i].get_object();
        if (!field.empty()) {
            const json::value* value = fault.parameters.if_contains("value");
            row[field] = value == nullptr ? json::value(json::object{}) : *value;
            continue;
        }
        row["gpu_util"] = "n/a";
        row["dph_base"] = i % 2 == 0 ? json::value("0.5") : json::value(json::array{});
        row["start_date"] = "yesterday";
        row["num_gpus"] = 1.0;
        row["label"] = 17;
        row["instance"] = "none";
        if (i % 3 == 2) {
            row["id"] = json::object{};
        }
    }
}

void halve(json::array& rows) {
    rows.resize(rows.size() / 2);
}

void drop_row(json::array& rows, const Fault& fault) {
    const json::value* id = fault.parameters.if_contains("id");
    if (id == nullptr) {
        if (!rows.empty()) {
            rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(rows.size() / 2));
        }
        return;
    }
    for (auto row = rows.begin(); row != rows.end(); ++row) {
        if (row->at("id") == *id) {
            rows.erase(row);
            return;
        }
    }
}

// Puts bytes that are no UTF-8 into the first text of the body.
void break_text(std::string& body) {
    const std::size_t quote = body.find("\": \"");
    body.insert(quote == std::string::npos ? 0 : quote + 4, "\xff\xc3(\x80");
}

void replace_number(std::string& body, std::string_view column, std::string_view with) {
    const std::size_t start = body.find(column);
    if (start == std::string::npos) {
        return;
    }
    const std::size_t from = start + column.size();
    const std::size_t to = body.find_first_of(",}", from);
    body.replace(from, to - from, with);
}

}  // namespace

void spoil_reply(HttpReply& reply, const Fault& fault) {
    if (fault.kind == "lost-answer") {
        const bool hang = text_of(fault.parameters, "how", "reset") == "hang";
        reply.wire = hang ? HttpReply::Wire::hang : HttpReply::Wire::reset;
    } else if (fault.kind == "truncate") {
        reply.wire = HttpReply::Wire::truncate;
    } else if (fault.kind == "drip") {
        reply.wire = HttpReply::Wire::drip;
    } else if (fault.kind == "bad-json") {
        reply.body = text_of(fault.parameters, "body", reply.body.substr(0, reply.body.size() / 2));
    } else if (fault.kind == "non-utf8") {
        break_text(reply.body);
    } else if (fault.kind == "nan") {
        replace_number(reply.body, "\"gpu_util\": ", "NaN");
        replace_number(reply.body, "\"dph_total\": ", "Infinity");
    } else {
        reply = error_reply(200, "failed", text_of(fault.parameters, "msg", "It did not work."));
    }
}

void spoil_row(json::object& row, std::int64_t id, Fault& fault, std::uint64_t chance) {
    if (!concerns(id, fault, chance)) {
        return;
    }
    const std::string mode = text_of(fault.parameters, "mode", "zeros");
    if (mode == "stale") {
        json::object& kept = fault.remembered[id];
        for (const char* column : volatile_columns) {
            if (!kept.contains(column)) {
                kept[column] = row[column];
            }
            row[column] = kept[column];
        }
        return;
    }
    for (const char* column : {"gpu_util", "gpu_temp", "vmem_usage"}) {
        if (mode == "zeros") {
            row[column] = 0.0;
        } else if (mode == "nulls") {
            row[column] = nullptr;
        } else if (mode == "text") {
            row[column] = "n/a";
        } else if (mode == "negative") {
            row[column] = -1;
        } else if (mode == "missing") {
            row.erase(column);
        }
    }
}

void spoil_page(json::object& page, const Fault& fault, const std::string& asked_token) {
    // Only at(): operator[] may move the members even when it finds the key.
    json::array& rows = page.at("instances").get_array();
    const bool adjusts = text_of(fault.parameters, "total", "keep") == "adjust";
    if (fault.kind == "half-page") {
        const auto lost = rows.size() - rows.size() / 2;
        halve(rows);
        if (adjusts) {
            page.at("total_instances") =
                page.at("total_instances").as_int64() - static_cast<std::int64_t>(lost);
        }
    } else if (fault.kind == "missing-row") {
        drop_row(rows, fault);
        if (adjusts) {
            page.at("total_instances") = page.at("total_instances").as_int64() - 1;
        }
        page.at("instances_found") = rows.size();
    } else if (fault.kind == "repeat-token") {
        page.at("next_token") = asked_token.empty() ? json::value("eyJ2YWx1ZXMiOiB7ImlkIjogMH19")
                                                    : json::value(asked_token);
    } else if (fault.kind == "wrong-type") {
        wrong_types(rows, fault);
    } else if (fault.kind == "wrong-total") {
        page.at("total_instances") = page.at("total_instances").as_int64() + 3;
    } else if (fault.kind == "empty-list") {
        rows.clear();
        page.at("instances_found") = 0;
        page.at("total_instances") = 0;
        page.at("label_counts") = json::object{};
        page.at("next_token") = nullptr;
    } else if (fault.kind == "null-instances") {
        page.at("instances") = nullptr;
    }
}

void spoil_amounts(json::array& rows) {
    for (std::size_t i = 0; i < rows.size(); i += 3) {
        json::object& row = rows[i].get_object();
        row["amount"] = "n/a";
        row["items"] = json::array{};
    }
}

}  // namespace vastwatch::vastsim
