/// Everything an application needs. Transport plugins include <weft/transport.h> instead.
#pragma once

#include <weft/bootstrap.h>
#include <weft/channel.h>
#include <weft/communicator.h>
#include <weft/decode.h>
#include <weft/engine.h>
#include <weft/error.h>
#include <weft/local_ranks.h>
#include <weft/message.h>
#include <weft/moe.h>
#include <weft/pages.h>
#include <weft/types.h>
#include <weft/version.h>
#include <weft/window.h>
