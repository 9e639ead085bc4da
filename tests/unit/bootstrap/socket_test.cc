#include "bootstrap/socket.h"

#include "ranks.h"

namespace weft::bootstrap {
namespace {

TEST(Endpoint, hosts_addresses_and_ipv6_are_read) {
  const std::pair<const char*, std::pair<const char*, const char*>> cases[] = {
      {"node-7.cluster:29500", {"node-7.cluster", "29500"}},
      {"192.0.2.1:1", {"192.0.2.1", "1"}},
      {"[2001:db8::1]:65535", {"2001:db8::1", "65535"}},
      {"[fe80::1%eth0]:80", {"fe80::1%eth0", "80"}}};
  for (const auto& [text, parts] : cases) {
    const Endpoint endpoint = parse_endpoint(text);
    EXPECT_EQ(endpoint.host, parts.first);
    EXPECT_EQ(endpoint.port, parts.second);
    EXPECT_EQ(endpoint.text(), text);
  }
}

TEST(Endpoint, everything_else_is_refused) {
  for (const char* text :
       {"", "host", "host:", ":29500", "host:0", "host:65536", "host:-1", "host:1x", "host: 1",
        "::1:29500", "[]:1", "host:99999999999999999999"}) {
    expect_error(thrown_by([&] { parse_endpoint(text); }), ErrorCode::invalid_argument,
                 fmt::format("\"{}\" is no address of rank 0", text));
  }
}

TEST(Socket, a_name_that_nobody_knows_is_reported) {
  std::string why;
  EXPECT_FALSE(connect_to({"no-such-host.invalid", "1"}, Deadline(kAmple), why));
  EXPECT_FALSE(why.empty());
}

TEST(Socket, an_address_of_another_host_is_listened_for_on_all) {
  const Socket listener = listen_on({"192.0.2.1", "0"}, Deadline(kAmple));
  const std::string name = local_name(listener);
  std::string why;
  const std::string port = name.substr(name.rfind(':') + 1);
  EXPECT_TRUE(connect_to({"127.0.0.1", port}, Deadline(kAmple), why)) << why;
}

}  // namespace
}  // namespace weft::bootstrap
