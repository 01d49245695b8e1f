// The objects of users/current and users/spend-rate.
#include "model/noise.hpp"
#include "model/rows.hpp"

#include <array>

namespace vastwatch::vastsim {
namespace {

namespace json = boost::json;
using json::value;

constexpr std::array all_scopes{
    "misc",
    "user_read",
    "user_write",
    "instance_read",
    "instance_write",
    "billing_read",
    "billing_write",
    "machine_read",
    "machine_write",
    "team_read",
    "team_write"};

json::object rights_of(const KeySpec& key) {
    json::object scopes;
    if (key.scopes.empty()) {
        for (const char* scope : all_scopes) {
            scopes[scope] = json::object{};
        }
    }
    for (const std::string& scope : key.scopes) {
        scopes[scope] = json::object{};
    }
    return json::object{{"api", std::move(scopes)}};
}

template <class T>
value or_null(const std::optional<T>& maybe) {
    return maybe ? value(*maybe) : value(nullptr);
}

}  // namespace

json::object user_object(const Account& account, const KeySpec& key) {
    const AccountSpec& spec = account.spec();
    const Instant now = account.now();
    json::object user;
    for (const char* name :
         {"phone_number",
          "paypal_email",
          "wise_email",
          "billaddress_line1",
          "billaddress_line2",
          "billaddress_city",
          "billaddress_zip",
          "billaddress_country",
          "billaddress_taxinfo",
          "discord_id",
          "oauth_provider"}) {
        user[name] = nullptr;
    }
    for (const char* name :
         {"can_pay",
          "has_billing",
          "email_verified",
          "has_rented",
          "password_resettable",
          "balance_threshold_enabled"}) {
        user[name] = true;
    }
    for (const char* name :
         {"has_payout",
          "payout_enabled",
          "host_agreement_accepted",
          "huggingface_cloud_sync_enabled"}) {
        user[name] = false;
    }
    for (const char* name :
         {"paid_verified",
          "paid_expected",
          "billed_verified",
          "billed_expected",
          "balance_referrals"}) {
        user[name] = 0.0;
    }
    user["id"] = spec.user_id;
    user["created_at"] = 1714060800;
    user["api_key"] = key.key;
    user["key_id"] = 8812345;
    user["username"] = "acme-" + spec.name;
    user["user"] = "acme-" + spec.name;
    user["fullname"] = "ACME ML";
    user["email"] = "billing@acme.example";
    user["ssh_key"] = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIexampleexampleexample ops@acme";
    user["last4"] = "4242";
    user["host_only"] = spec.host;
    user["got_signup_credit"] = 0;
    user["billing_creditonly"] = 1;
    user["balance_threshold"] = spec.balance_threshold;
    user["autobill_threshold"] = or_null(spec.autobill_threshold);
    user["autobill_amount"] = or_null(spec.autobill_amount);
    user["balance"] = 0;
    user["credit"] = to_double(account.credit(now));
    user["total_spend"] = -to_double(account.lifetime_spend(now));
    user["rights"] = rights_of(key);
    user["sid"] = hex_token(account.seed(), 77).substr(0, 40);
    return user;
}

json::object spend_rate_object(const Account& account) {
    const Instant now = account.now();
    UsdPerHour gpu;
    UsdPerHour disk;
    UsdPerHour volumes;
    for (const auto& [id, instance] : account.instances()) {
        const Rates rates = instance.meter.rates_at(now);
        gpu += rates[static_cast<std::size_t>(Item::gpu)];
        disk += rates[static_cast<std::size_t>(Item::disk)];
    }
    for (const auto& [id, volume] : account.volumes()) {
        volumes += total(volume.meter.rates_at(now));
    }
    return json::object{
        {"success", true},
        {"gpu_cost_per_hour", to_double(gpu)},
        {"container_storage_cost_per_hour", to_double(disk)},
        {"volume_storage_cost_per_hour", to_double(volumes)},
        {"has_active_resources", !gpu.is_zero() || !disk.is_zero() || !volumes.is_zero()}};
}

}  // namespace vastwatch::vastsim
