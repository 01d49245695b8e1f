// One screen of `vastwatchctl top`.
#include "ctl/views.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace vastwatch::ctl {
namespace {

/// What is of unknown price comes first: unknown is not cheap.
double cost(const Fields& instance) {
    return instance.number("dph").value_or(std::numeric_limits<double>::infinity());
}

}  // namespace

Lines top_lines(const Fields& status, const Fields& instances, const Look& look, std::size_t rows) {
    Page page{look};
    page.line(summary(status, look));
    add_notices(page, status);
    page.blank();
    add_accounts(page, status);
    page.blank();
    add_teams(page, status);
    page.blank();
    auto list = instances.objects("instances");
    std::sort(list.begin(), list.end(), [](const Fields& a, const Fields& b) {
        return std::pair{-cost(a), a.whole("id")} < std::pair{-cost(b), b.whole("id")};
    });
    auto lines = page.take();
    // The table's own heading and the line for what is left out take two of the rows.
    constexpr std::size_t besides = 2;
    const auto above = lines.size() + besides;
    std::size_t most = 0;
    if (rows != 0 && above + list.size() > rows + 1) {
        most = rows > above ? rows - above : 1;
    }
    Page below{look};
    if (list.empty()) {
        below.line(Text{"No instances.", Style::soft});
    } else {
        const auto now = instances.time("time").value_or(status.time("time").value_or(Instant{}));
        add_instances(below, list, now, most);
    }
    for (auto& line : below.take()) {
        lines.push_back(std::move(line));
    }
    if (rows != 0 && lines.size() > rows) {
        lines.resize(rows);
    }
    return lines;
}

}  // namespace vastwatch::ctl
