// Asks a simulated world without sockets, as a client that never goes too fast unless told to.
#pragma once

#include "fixtures.hpp"
#include "model/world.hpp"

#include <boost/json/parse.hpp>

#include <string>

namespace vastwatch::vastsim {

class Client {
  public:
    explicit Client(AccountSpec made, Settings settings = {})
        : Client(several(std::move(made)), settings) {}

    Client(std::vector<AccountSpec> accounts, Settings settings)
        : world(std::move(accounts), t0, 1, std::move(settings)) {}

    HttpReply
    ask(const std::string& method, const std::string& target, const std::string& body = "") {
        HttpRequest request;
        request.method = method;
        request.target = target;
        request.authorization = authorization;
        request.body = body;
        request.peer = "127.0.0.1";
        mono += patience;
        return world.serve(request, Now{now, MonoTime{mono}});
    }

    boost::json::value get(const std::string& target) {
        return boost::json::parse(ask("GET", target).body);
    }

    boost::json::value
    order(const std::string& method, const std::string& target, const std::string& body = "") {
        HttpRequest request;
        request.method = method;
        request.target = target;
        request.body = body;
        return boost::json::parse(world.control(request, Now{now, MonoTime{mono}}).body);
    }

    void fault(const std::string& body) { order("POST", "/fault", body); }

    World world;
    std::string authorization = "Bearer key";
    Instant now = t0;
    Duration mono{0};
    Duration patience = minutes{1};  ///< between two requests

  private:
    static std::vector<AccountSpec> several(AccountSpec one) {
        std::vector<AccountSpec> accounts;
        accounts.push_back(std::move(one));
        return accounts;
    }
};

inline AccountSpec fleet_of(std::int64_t count) {
    std::vector<InstanceSpec> instances;
    for (std::int64_t id = 1; id <= count; ++id) {
        instances.push_back(spec(id, {phase(State::running)}));
    }
    return account(std::move(instances));
}

}  // namespace vastwatch::vastsim
