// Ranks as threads, and what they tell each other.
#pragma once

#include "bootstrap/bootstrap.h"
#include "bootstrap/socket.h"

#include <weft/error.h>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace weft::bootstrap {

// Ample: what is expected to succeed does so long before.
inline constexpr std::chrono::seconds kAmple{30};

// Runs body(rank) for ranks 0 to size - 1 in a thread each. Element r: what rank r threw, if
// anything.
inline std::vector<std::optional<Error>> in_threads(int size,
                                                    const std::function<void(int)>& body) {
  std::vector<std::optional<Error>> thrown(static_cast<std::size_t>(size));
  std::vector<std::jthread> threads;
  for (int rank = 0; rank < size; ++rank) {
    threads.emplace_back([&, rank] {
      try {
        body(rank);
      } catch (const Error& error) {
        thrown[static_cast<std::size_t>(rank)] = error;
      }
    });
  }
  threads.clear();
  return thrown;
}

inline void expect_no_error(const std::vector<std::optional<Error>>& thrown) {
  for (std::size_t rank = 0; rank < thrown.size(); ++rank) {
    EXPECT_FALSE(thrown[rank]) << "rank " << rank << ": " << thrown[rank]->what();
  }
}

inline void expect_error(const std::optional<Error>& thrown, ErrorCode code,
                         const std::string& part) {
  ASSERT_TRUE(thrown) << "nothing was thrown, expected: " << part;
  EXPECT_EQ(thrown->code(), code) << thrown->what();
  EXPECT_NE(std::string(thrown->what()).find(part), std::string::npos)
      << "\"" << thrown->what() << "\" does not contain \"" << part << "\"";
}

// What `call` throws, if anything.
template <typename Call>
std::optional<Error> thrown_by(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

// Different for every rank and call; rank 1's is empty.
inline Blob blob_of(int rank, int call, std::size_t scale) {
  const std::size_t bytes = rank == 1 ? 0 : scale * static_cast<std::size_t>(rank + 1);
  return Blob(bytes, static_cast<std::byte>(16 * rank + call));
}

// Some calls of all_gather with every result checked.
inline void gather_and_check(Bootstrap& bootstrap, int calls = 3, std::size_t scale = 10) {
  for (int call = 0; call < calls; ++call) {
    const auto all = bootstrap.all_gather(blob_of(bootstrap.rank(), call, scale), kAmple);
    ASSERT_EQ(all.size(), static_cast<std::size_t>(bootstrap.size()));
    for (int rank = 0; rank < bootstrap.size(); ++rank) {
      EXPECT_EQ(all[static_cast<std::size_t>(rank)], blob_of(rank, call, scale));
    }
  }
}

inline JobName named(const std::string& name) { return {name, "WEFT_JOB", true}; }

// A port that nobody listens on, and that nobody but a listen_on() of this address gets.
struct ReservedPort {
  ReservedPort() : holder(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int one = 1;
    setsockopt(holder.fd(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    sockaddr_in loopback{};
    loopback.sin_family = AF_INET;
    loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(holder.fd(), reinterpret_cast<sockaddr*>(&loopback), sizeof loopback), 0);
    address = local_name(holder);
  }

  Socket holder;
  std::string address;
};

// A listening socket on a free port, for rank 0, and where the others find it.
struct Meeting {
  explicit Meeting(const std::string& host = "127.0.0.1")
      : listener(listen_on({host, "0"}, Deadline(kAmple))), address(local_name(listener)) {}

  // Rank 0's end, made once.
  std::shared_ptr<Bootstrap> join(int rank, int size, std::chrono::nanoseconds timeout = kAmple,
                                  const JobName& job = {}) {
    return rank == 0 ? make_tcp_root(listener.release(), size, timeout, {}, job)
                     : make_tcp(rank, size, address, timeout, {}, job);
  }

  Socket listener;
  std::string address;
};

}  // namespace weft::bootstrap
