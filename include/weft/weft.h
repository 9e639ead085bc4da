/// Everything an application needs. Transport plugins include <weft/transport.h> instead, programs
/// that start weft under MPI include <weft/mpi.h> too.
#pragma once

#include <weft/blob.h>
#include <weft/bootstrap.h>
#include <weft/buffer.h>
#include <weft/channel.h>
#include <weft/collective.h>
#include <weft/collective_traits.h>
#include <weft/communicator.h>
#include <weft/data_type.h>
#include <weft/decode.h>
#include <weft/engine.h>
#include <weft/error.h>
#include <weft/export.h>
#include <weft/handle.h>
#include <weft/local_ranks.h>
#include <weft/message.h>
#include <weft/moe.h>
#include <weft/options.h>
#include <weft/pages.h>
#include <weft/plan.h>
#include <weft/preference.h>
#include <weft/request.h>
#include <weft/signal.h>
#include <weft/types.h>
#include <weft/version.h>
#include <weft/wait_policy.h>
#include <weft/window.h>
