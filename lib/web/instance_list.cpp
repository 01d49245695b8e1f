#include "web/instance_list.hpp"

#include "base/glob.hpp"
#include "base/text.hpp"
#include "web/page_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace vastwatch::web {
namespace {

using engine::InstanceView;

std::vector<std::string> words_of(const std::string& search) {
    std::vector<std::string> words;
    std::string_view rest = search;
    while (!rest.empty()) {
        const auto end = std::min(rest.find(' '), rest.size());
        if (end > 0) {
            words.push_back(to_lower(rest.substr(0, end)));
        }
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return words;
}

bool has_words(const InstanceView& one, const std::vector<std::string>& words) {
    if (words.empty()) {
        return true;
    }
    const auto& instance = *one.instance;
    const auto text = to_lower(fmt::format(
        "{} {} {} {} {} {}",
        instance.id.value(),
        instance.row.label,
        instance.team.str(),
        instance.account.str(),
        instance.row.gpu_name,
        status_word(instance.row)));
    return std::all_of(words.begin(), words.end(), [&text](const std::string& word) {
        return text.find(word) != std::string::npos;
    });
}

bool is_shown(const InstanceView& one, Show show) {
    const auto& row = one.instance->row;
    switch (show) {
        case Show::all:
            return true;
        case Show::due:
            return is_due(one);
        case Show::idle:
            return one.evidence == fleet::Evidence::idle;
        case Show::running:
            return row.status == fleet::Status::running;
        case Show::stopped:
            return row.status == fleet::Status::stopped || row.status == fleet::Status::exited;
        case Show::kept:
            return is_kept(one);
        case Show::unknown:
            return one.evidence == fleet::Evidence::unknown &&
                   one.doubt != fleet::Doubt::not_running;
    }
    return true;
}

/// Those about to be acted upon first, in the order of their turn; then the dearest.
bool goes_before(const InstanceView& a, const InstanceView& b) {
    if (a.deadline.has_value() != b.deadline.has_value()) {
        return a.deadline.has_value();
    }
    if (a.deadline && a.deadline->at != b.deadline->at) {
        return a.deadline->at < b.deadline->at;
    }
    return a.rate > b.rate;
}

/// Whether a stands before b; what is asked for most comes first, names by the alphabet.
bool stands_before(const InstanceView& a, const InstanceView& b, Sort sort) {
    const auto& row_a = a.instance->row;
    const auto& row_b = b.instance->row;
    switch (sort) {
        case Sort::next:
            return goes_before(a, b);
        case Sort::costs:
            return a.rate > b.rate;
        case Sort::today:
            return a.spend_today > b.spend_today;
        case Sort::idle:
            return a.idle > b.idle;
        case Sort::load: {
            constexpr double nothing_known = 1000;  // stands behind everything
            return a.gpu_util.value_or(nothing_known) < b.gpu_util.value_or(nothing_known);
        }
        case Sort::name:
            return row_a.label < row_b.label;
        case Sort::team:
            return a.instance->team < b.instance->team;
        case Sort::gpu:
            return std::tie(row_a.gpu_name, row_a.num_gpus) <
                   std::tie(row_b.gpu_name, row_b.num_gpus);
        case Sort::age: {
            const auto since = [](const InstanceView& one) {
                return one.instance->row.start_date.value_or(one.instance->first_seen);
            };
            return since(a) > since(b);
        }
    }
    return false;
}

}  // namespace

std::string status_word(const fleet::Observation& row) {
    if (fleet::is_queued(row)) {
        return "queued";
    }
    const bool raw = row.status == fleet::Status::other && !row.status_text.empty();
    return raw ? row.status_text : std::string{fleet::to_string(row.status)};
}

std::vector<const engine::InstanceView*> list_instances(
    const engine::View& view,
    const PageQuery& query,
    std::size_t most,
    std::size_t& found) {
    const auto words = words_of(query.search);
    std::vector<const InstanceView*> out;
    for (const auto& one : view.instances) {
        if (concerns(query, one.instance->team) && is_shown(one, query.show) &&
            has_words(one, words)) {
            out.push_back(&one);
        }
    }
    found = out.size();
    const auto shown = std::min(most, found);
    std::partial_sort(
        out.begin(),
        out.begin() + static_cast<std::ptrdiff_t>(shown),
        out.end(),
        [&query](const InstanceView* a, const InstanceView* b) {
            const auto& first = query.reversed ? *b : *a;
            const auto& second = query.reversed ? *a : *b;
            if (stands_before(first, second, query.sort)) {
                return true;
            }
            return !stands_before(second, first, query.sort) && a->instance->id < b->instance->id;
        });
    out.resize(shown);
    return out;
}

}  // namespace vastwatch::web
