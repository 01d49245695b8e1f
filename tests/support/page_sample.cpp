// Writes the status page of made-up fleets into a folder, for tests that look at it in a browser:
// each as NAME.html (the document), NAME.part.html (what its script asks for) and NAME.later.html
// (the same five seconds later, with one instance changed, one gone and one new), and the policy
// they are served with as policy.txt.
#include "../unit/web/sample_view.hpp"
#include "web/page.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>

namespace {

namespace sample = vastwatch::sample;
namespace web = vastwatch::web;
using vastwatch::engine::View;

void write(const std::filesystem::path& file, const std::string& text) {
    std::ofstream out{file, std::ios::binary};
    out << text;
    out.close();
    if (!out) {
        throw std::runtime_error{"cannot write " + file.string()};
    }
}

/// What five seconds change: the time, a figure, an instance that went and one that came.
std::shared_ptr<View> later(const View& view) {
    auto out = std::make_shared<View>(view);
    out->at += std::chrono::seconds{5};
    if (out->instances.size() > 4) {
        out->instances[1].spend_today += vastwatch::Usd::dollars(1);
        out->instances.erase(out->instances.begin() + 2);
        out->instances.push_back(sample::instance(7'000'000, "vision"));
    }
    return out;
}

void write_fleet(
    const std::filesystem::path& folder,
    const std::string& name,
    const View& view,
    bool every_row) {
    const web::Page page;
    web::PageQuery query;
    query.every_row = every_row;
    write(folder / (name + ".html"), page.render(view, query, std::nullopt));
    query.part = true;
    write(folder / (name + ".part.html"), page.render(view, query, std::nullopt));
    write(folder / (name + ".later.html"), page.render(*later(view), query, std::nullopt));
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 2) {
        std::cerr << "usage: page_sample FOLDER\n";
        return 2;
    }
    const std::filesystem::path folder{arguments[1]};
    write(folder / "policy.txt", web::Page{}.security_policy());
    write_fleet(folder, "ordinary", *sample::view(), false);
    write_fleet(folder, "quiet", *sample::quiet_view(), false);
    write_fleet(folder, "busy", *sample::busy_view(), false);
    write_fleet(folder, "thousand", *sample::thousand_view(), true);
    write_fleet(folder, "hostile", *sample::hostile_view(), false);
    write_fleet(folder, "empty", View{}, false);
    return 0;
}
