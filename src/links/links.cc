#include "links/links.h"

namespace weft::links {

void Links::disconnect(transport::Transport& transport, int peer) {
  transport.disconnect(peer);
  completions.disconnected(peer);
}

}  // namespace weft::links
