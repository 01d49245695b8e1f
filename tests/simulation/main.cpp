// vastwatch-sim: lives of the daemon in virtual time, with everything that can go wrong going
// wrong, judged against the truth. The same seed gives the same life, bit for bit.
#include "core/run.hpp"
#include "lives/run.hpp"
#include "shrink.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <random>

namespace {

using namespace vastwatch;
using namespace vastwatch::simulation;

struct Arguments {
    double years = 1;
    double days = 4;
    std::uint64_t seed = 0;
    std::uint64_t seeds = 1;
    double seconds = 0;  // stop after so long; 0 = when all seeds are done
    std::optional<std::size_t> instances;
    std::string poll;
    std::vector<std::string> without;
    std::vector<std::string> only;
    bool story = false;
    std::size_t lines = 400;
    bool shrink = false;
    bool verbose = false;
    bool keep_going = false;
};

Duration days_of(double days) {
    return Duration{static_cast<std::int64_t>(days * 24 * 3600 * 1e9)};
}

/// `options` as the arguments want them.
Options options_of(const Arguments& arguments, Options options) {
    options.instances = arguments.instances;
    if (!arguments.poll.empty()) {
        options.poll_interval = parse_duration(arguments.poll);
    }
    if (!arguments.only.empty()) {
        options.troubles = Troubles{};
    }
    for (const auto& word : arguments.only) {
        if (const auto trouble = parse_trouble(word)) {
            options.troubles.add(*trouble);
        }
    }
    for (const auto& word : arguments.without) {
        if (word == "all") {
            options.troubles = Troubles{};
        } else if (const auto trouble = parse_trouble(word)) {
            options.troubles.remove(*trouble);
        }
    }
    return options;
}

template <class Run>
Report live(const Options& options, bool story) {
    const auto begin = std::chrono::steady_clock::now();
    Run run{options, story};
    auto report = run.run();
    report.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return report;
}

void print_failure(const Report& report) {
    const auto& violation = report.violations.front();
    fmt::print(
        "seed {}: {} broken at {}: {}\n",
        report.options.seed,
        to_string(violation.invariant),
        format_rfc3339(violation.at),
        violation.what);
}

void print_story(const Report& report, std::size_t lines) {
    std::string left;
    for (std::size_t i = 0; i < trouble_count; ++i) {
        if (report.options.troubles.has(static_cast<Trouble>(i))) {
            left += fmt::format(" {}", to_string(static_cast<Trouble>(i)));
        }
    }
    fmt::print("a life of {} with:{}\n", humanize(report.lived), left.empty() ? " nothing" : left);
    const auto& story = report.story;
    const std::size_t from = story.size() > lines ? story.size() - lines : 0;
    for (std::size_t i = from; i < story.size(); ++i) {
        fmt::print("    {}\n", story[i]);
    }
    if (!report.violations.empty()) {
        print_failure(report);
    }
}

void print_line(const Report& report) {
    fmt::print(
        "seed {} {:016x} {} polls every {}, {} actions, {} alerts, {:.2f} s\n",
        report.options.seed,
        report.hash,
        report.polls,
        format_duration(report.poll_interval),
        report.kills,
        report.alerts,
        report.seconds);
}

int run_all(const Arguments& arguments, Options options, const Live& live_once) {
    const auto begin = std::chrono::steady_clock::now();
    Totals totals;
    const std::uint64_t first = arguments.seed != 0 ? arguments.seed : std::random_device{}();
    fmt::print("seeds from {} on\n", first);
    for (std::uint64_t seed = first; seed < first + arguments.seeds; ++seed) {
        options.seed = seed;
        const auto report = live_once(options, arguments.story);
        totals.add(report);
        if (arguments.verbose) {
            print_line(report);
        }
        if (!report.violations.empty()) {
            print_failure(report);
            if (arguments.shrink) {
                print_story(shrink(report, live_once), arguments.lines);
            } else if (arguments.story) {
                print_story(report, arguments.lines);
            }
            if (!arguments.keep_going) {
                break;
            }
        }
        const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
        if (arguments.seconds > 0 && spent.count() > arguments.seconds) {
            break;
        }
        std::fflush(stdout);
    }
    fmt::print("{}", totals.text());
    return totals.violations() == 0 ? 0 : 1;
}

void add_options(CLI::App& command, Arguments& arguments) {
    command.add_option("--seed", arguments.seed, "the first seed; a fresh one unless given");
    command.add_option("--seeds", arguments.seeds, "how many lives");
    command.add_option("--seconds", arguments.seconds, "begin no further life after so long");
    command.add_option("--instances", arguments.instances, "of one account, else drawn");
    command.add_option("--poll", arguments.poll, "poll_interval, else drawn");
    command.add_option("--without", arguments.without, "leave out these troubles, or all");
    command.add_option("--only", arguments.only, "only these troubles");
    command.add_flag("--story", arguments.story, "tell how a violation came about");
    command.add_option("--lines", arguments.lines, "of the story, the latest ones");
    command.add_flag("--shrink", arguments.shrink, "the same, of the shortest life that shows it");
    command.add_flag("--verbose", arguments.verbose, "a line for each life");
    command.add_flag("--keep-going", arguments.keep_going, "after a violation as well");
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Simulated lives of vastwatch, judged against the truth."};
    app.require_subcommand(1);
    Arguments arguments;
    auto* core = app.add_subcommand("core", "the pure core, years at a time");
    core->add_option("--years", arguments.years, "length of each life");
    add_options(*core, arguments);
    auto* daemon = app.add_subcommand("daemon", "the whole daemon, days at a time");
    daemon->add_option("--days", arguments.days, "length of each life");
    add_options(*daemon, arguments);
    CLI11_PARSE(app, argc, argv);
    if (core->parsed()) {
        auto options = options_of(arguments, Options{});
        options.length = days_of(arguments.years * 365);
        return run_all(arguments, options, &live<CoreRun>);
    }
    auto options = options_of(arguments, daemon_options());
    options.length = days_of(arguments.days);
    return run_all(arguments, options, &live<DaemonRun>);
}
