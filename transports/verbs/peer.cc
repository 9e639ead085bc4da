#include "peer.h"

#include <cstring>

#include "registrations.h"

namespace weft::verbs {

void add_send(Chain* chain, Peer& peer, int number, const Record& record, const void* payload,
              std::byte* place) {
  Lane& lane = peer.at(number);
  const std::size_t bytes = record.bytes() + record.payload_bytes;
  if (bytes <= lane.pair.inline_bytes) {
    chain->add_record(lane, record, payload);
    return;
  }
  std::memcpy(place, &record, sizeof(record));
  if (record.payload_bytes > 0) std::memcpy(place + sizeof(record), payload, record.payload_bytes);
  chain->add(lane, IBV_WR_SEND);
  chain->add_part(place, bytes,
                  peer.buffers.registration->handles[static_cast<std::size_t>(number)]->lkey);
}

}  // namespace weft::verbs
