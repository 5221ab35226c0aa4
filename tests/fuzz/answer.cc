// Any octets through the whole answer() on a fixed snapshot.  The first octet chooses transport,
// client and world (one has a zone signed with NSEC, one with NSEC3); the rest is the message.
#include "gslb/base/check.h"

#include "tests/support/signed_zones.h"
#include "tests/support/world.h"

namespace {

tests::World* signed_world(const std::string& zone) {
  return new tests::World(
      "[server]\nlisten = [\"127.0.0.1:5300\"]\n[[zone]]\nname = \"example.\"\nfile = \"z\"\n",
      {{"z", zone}});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static tests::World* const worlds[] = {new tests::World(tests::make_world()),
                                         signed_world(tests::rfc4035_zone()),
                                         signed_world(tests::rfc5155_zone())};
  if (size == 0) { return 0; }
  tests::World* const world = worlds[(data[0] >> 3 & 3) % 3];
  static const gslb::Address kClients[] = {
      gslb::Address::parse("192.0.2.53").value(), gslb::Address::parse("198.51.100.7").value(),
      gslb::Address::parse("2001:db8:e000::1").value(), gslb::Address::parse("10.0.0.1").value()};
  const bool tcp = (data[0] & 1) != 0;
  const auto response =
      world->respond({data + 1, size - 1}, kClients[data[0] >> 1 & 3],
                     tcp ? gslb::answer::Transport::kTcp : gslb::answer::Transport::kUdp);
  CHECK(tcp || response.size() <= 1232);
  const tests::Reply reply(response);  // throws on what a strict reader would not take
  CHECK(reply.dropped() || (response[0] == data[1] && response[1] == data[2]));
  CHECK(world->queries() == world->responses() + world->counters.dropped.value());
  return 0;
}
