// The loader's symbol, where sim is a plugin and not built in.
#include <weft/transport.h>

extern "C" {
const weft::transport::Plugin* weft_sim_plugin();
WEFT_API const weft::transport::Plugin* weft_transport_plugin() { return weft_sim_plugin(); }
}
