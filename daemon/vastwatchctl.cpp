// The operator's command: reads its arguments, and leaves the rest to lib/ctl.
#include "base/text.hpp"
#include "ctl/live.hpp"
#include "ctl/run.hpp"
#include "ctl/terminal.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch {
namespace {

struct Arguments {
    std::string socket = "/run/vastwatch/control.sock";
    std::string interval = "2s";
    std::size_t count = 0;
    ctl::Order order;
};

CLI::Validator duration() {
    const auto check = [](const std::string& text) {
        return ctl::is_duration(text) ? std::string{}
                                      : "needs a duration like 30m, 4h or 1h30m, above zero";
    };
    return CLI::Validator{check, ""};
}

CLI::Validator positive() {
    const auto check = [](const std::string& text) {
        return CLI::PositiveNumber(text).empty() ? std::string{} : "needs a positive number";
    };
    return CLI::Validator{check, ""};
}

CLI::Validator since() {
    const auto check = [](const std::string& text) {
        return ctl::is_since(text)
                   ? std::string{}
                   : "needs a date like 2026-11-21, a time like 2026-11-21T19:04:05Z or how long "
                     "ago, like 7d";
    };
    return CLI::Validator{check, ""};
}

/// A command that needs nothing but its name. All take --json.
CLI::App& add(
    CLI::App& parent,
    Arguments& out,
    ctl::Verb verb,
    const std::string& name,
    const std::string& does) {
    auto* command = parent.add_subcommand(name, does);
    command->add_flag("--json", out.order.json, "the daemon's JSON, on one line");
    // Called before what follows is parsed: the verb of the innermost command is set last.
    command->preparse_callback([&out, verb](std::size_t) { out.order.verb = verb; });
    return *command;
}

void add_looking(CLI::App& app, Arguments& out) {
    using ctl::Verb;
    add(app, out, Verb::status, "status", "health, accounts, teams, what is held or paused");
    auto& top = add(app, out, Verb::top, "top", "the same with instances, refreshed in place");
    top.add_option("-n", out.count, "stop after so many screens")
        ->type_name("COUNT")
        ->check(positive());
    top.add_option("--interval", out.interval, "time between two screens")
        ->capture_default_str()
        ->type_name("DURATION")
        ->check(duration());
    auto& instances = add(app, out, Verb::instances, "instances", "table of instances");
    instances.add_option("--team", out.order.team, "only of this team")->type_name("TEAM");
    instances.add_flag("--idle", out.order.idle, "only those that are idle now");
    auto& explain =
        add(app,
            out,
            Verb::explain,
            "explain",
            "why an instance is, or is not, going to be acted upon");
    explain.add_option("ID", out.order.instance, "the instance")
        ->required()
        ->type_name("")
        ->check(positive());
    add(app, out, Verb::findings, "findings", "what the rules say of instances and teams");
    add(app, out, Verb::alerts, "alerts", "what was told, and to whom");
    add(app, out, Verb::actions, "actions", "what was done, and what is under way");
}

void add_deciding(CLI::App& app, Arguments& out) {
    using ctl::Verb;
    auto& order = out.order;
    const auto length = [&order](CLI::App& command, const std::string& help) {
        command.add_option("--for", order.duration, help)->type_name("DURATION")->check(duration());
        command.add_option("--reason", order.reason, "for the others, and for the audit log")
            ->type_name("TEXT");
    };
    const auto instance = [&order](CLI::App& command) {
        command.add_option("ID", order.instance, "the instance")
            ->required()
            ->type_name("")
            ->check(positive());
    };
    auto& protect = add(app, out, Verb::protect, "protect", "exempt an instance from every rule");
    instance(protect);
    length(protect, "how long; a day unless told otherwise");
    instance(add(app, out, Verb::unprotect, "unprotect", "end that exemption"));
    auto& approve = add(app, out, Verb::approve, "approve", "let a held mass action happen");
    auto& dismiss = add(app, out, Verb::dismiss, "dismiss", "drop a held mass action");
    for (auto* command : {&approve, &dismiss}) {
        command->add_option("HOLD", order.hold, "its number; not needed when there is one only")
            ->type_name("")
            ->check(positive());
    }
    length(
        add(app, out, Verb::pause, "pause", "suspend all actions"),
        "how long; until resumed unless told");
    add(app, out, Verb::resume, "resume", "end a pause");
}

void add_operating(CLI::App& app, Arguments& out) {
    using ctl::Verb;
    add(app, out, Verb::poll, "poll", "look now");
    auto& test = add(app, out, Verb::test_notifier, "test-notifier", "send a test alert");
    test.add_option("NAME", out.order.notifier, "the notifier")->required()->type_name("");
    add(app, out, Verb::config, "config", "the configuration in force, secrets hidden");
    add(app, out, Verb::reload, "reload", "read the configuration again");
    add(app,
        out,
        Verb::doctor,
        "doctor",
        "keys, billing, teams, notifiers, clock, disk: all right?");
    auto& audit = add(app, out, Verb::audit, "audit", "the audit log");
    audit.add_option("--team", out.order.team, "only of this team")->type_name("TEAM");
    audit.add_option("--since", out.order.since, "from then on: a date, a time, or how long ago")
        ->type_name("WHEN")
        ->check(since());
    add(audit, out, Verb::audit_verify, "verify", "whether it is whole and unaltered");
    audit.require_subcommand(0, 1);
}

std::string not_empty(const std::string& text) {
    return text.empty() ? "must not be empty" : "";
}

void define(CLI::App& app, Arguments& out) {
    app.add_option("--socket", out.socket, "the daemon's control socket")
        ->envname("VASTWATCH_SOCKET")
        ->capture_default_str()
        ->type_name("PATH")
        ->check(CLI::Validator{not_empty, ""});
    app.set_version_flag("--version", "vastwatchctl " VASTWATCH_VERSION);
    app.require_subcommand(1);
    app.fallthrough();
    add_looking(app, out);
    add_deciding(app, out);
    add_operating(app, out);
}

/// The word that stands where a command should, and the nearest command there is.
std::string no_such_command(const std::string& word, const CLI::App& app) {
    std::vector<std::string> names;
    for (const auto* command : app.get_subcommands({})) {
        names.push_back(command->get_name());
    }
    const std::vector<std::string_view> known{names.begin(), names.end()};
    const auto near = nearest(word, known);
    return fmt::format(
        "there is no command '{}'{}\n",
        printable(word),
        near.empty() ? std::string{"; --help lists them"}
                     : fmt::format("; did you mean '{}'?", near));
}

int carry_out(const Arguments& arguments) {
    ctl::SocketLink link{arguments.socket};
    if (arguments.order.verb == ctl::Verb::top) {
        ctl::TopSettings settings;
        settings.count = arguments.count;
        settings.interval = parse_duration(arguments.interval).value_or(settings.interval);
        settings.json = arguments.order.json;
        return ctl::run_top(link, settings);
    }
    ctl::Look look;
    look.width = ctl::terminal_size().columns;
    look.colour = ctl::wants_colour();
    const auto outcome = ctl::run(arguments.order, link, look, std::chrono::system_clock::now());
    const bool written = ctl::write_out(outcome.out);
    if (!outcome.err.empty()) {
        fmt::print(stderr, "{}", outcome.err);
    }
    if (!written && outcome.code == ctl::exit_done) {
        fmt::print(stderr, "vastwatchctl: the output cannot be written\n");
        return ctl::exit_refused;
    }
    return outcome.code;
}

int run(int argc, char** argv) {
    CLI::App app{"Shows what vastwatchd sees, and tells it what to do.", "vastwatchctl"};
    Arguments arguments;
    define(app, arguments);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& problem) {
        const auto words = app.remaining();
        if (app.get_subcommands().empty() && !words.empty() && !words.front().starts_with('-')) {
            fmt::print(stderr, "vastwatchctl: {}", no_such_command(words.front(), app));
            return ctl::exit_usage;
        }
        const bool asked = app.exit(problem) == 0;
        return asked ? ctl::exit_done : ctl::exit_usage;
    }
    return carry_out(arguments);
}

}  // namespace
}  // namespace vastwatch

// NOLINTNEXTLINE(bugprone-exception-escape): an exception is a bug, and is to end the process
int main(int argc, char** argv) {
    return vastwatch::run(argc, argv);
}
