// The routes of the simulated API and what their handlers are given.
#pragma once

#include "model/world.hpp"

#include <boost/json/value.hpp>

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::vastsim {

/// A request that was understood, authorised and in time.
struct Call {
    World& world;
    Account& account;
    const KeySpec& key;
    std::string endpoint;
    std::vector<std::string> arguments;        ///< of the path's {…}
    std::map<std::string, std::string> query;  ///< decoded
    boost::json::value body;                   ///< null when it is not JSON
    std::vector<std::int64_t> ids;             ///< what it was about, for the journal
};

using Handler = HttpReply (*)(Call& call);

struct Route {
    std::string_view method;
    std::string_view path;
    std::string_view endpoint;
    double interval;         ///< seconds, 0 = none
    std::string_view scope;  ///< empty = no key needed
    Handler handler;
};

std::span<const Route> routes();

/// The integer argument of a path; nothing when it is none.
std::optional<std::int64_t> id_argument(const Call& call);

/// A query parameter read as JSON; `otherwise` when absent, nothing when it does not parse.
std::optional<boost::json::value>
json_parameter(const Call& call, const std::string& name, const boost::json::value& otherwise);

/// {"values": {…}} in base64, as page tokens are.
std::string page_token(const boost::json::object& values);
std::optional<boost::json::object> read_page_token(const std::string& token);

/// A member of the body when the body is an object that has it.
const boost::json::value* body_member(const Call& call, std::string_view name);

HttpReply no_such_instance(std::int64_t id);

// api_list.cpp
HttpReply list_instances(Call& call);
HttpReply list_instances_v0(Call& call);
HttpReply list_filters(Call& call);
HttpReply read_instance(Call& call);

// api_instance.cpp
HttpReply destroy_instance(Call& call);
HttpReply destroy_instances(Call& call);
HttpReply put_instance(Call& call);
HttpReply put_instances(Call& call);
HttpReply reboot_instance(Call& call);
HttpReply change_bid(Call& call);
HttpReply prepay_instance(Call& call);
HttpReply instance_balance(Call& call);
HttpReply request_logs(Call& call);
HttpReply pending_increases(Call& call);
HttpReply accept_increase(Call& call);
HttpReply reject_increase(Call& call);

// api_money.cpp
HttpReply current_user(Call& call);
HttpReply spend_rate(Call& call);
HttpReply charges(Call& call);
HttpReply invoices(Call& call);
HttpReply invoices_v0(Call& call);
HttpReply api_keys(Call& call);
HttpReply audit_logs(Call& call);

// api_market.cpp
HttpReply search_post(Call& call);
HttpReply search_get(Call& call);
HttpReply search_asks(Call& call);
HttpReply gpu_names(Call& call);
HttpReply create_instance(Call& call);
HttpReply create_instances(Call& call);
HttpReply launch_instance(Call& call);
HttpReply list_volumes(Call& call);
HttpReply delete_volume(Call& call);

}  // namespace vastwatch::vastsim
