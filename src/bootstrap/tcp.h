// The two ends of the TCP start-up: a star with rank 0 in the middle.
#pragma once

#include <weft/error.h>

#include "bootstrap/bootstrap.h"
#include "bootstrap/connection.h"
#include "bootstrap/job.h"
#include "bootstrap/rendezvous.h"

#include "base/log.h"

#include <optional>
#include <string>
#include <vector>

namespace weft::bootstrap {

// Rank 0 waits for what the others do; when it gives up it tells them why, and they wait a little
// longer than asked to hear it.
inline constexpr std::chrono::milliseconds kVerdictWait{500};

class TcpRoot final : public Bootstrap {
 public:
  // Blocks until all ranks have come.
  TcpRoot(Socket listener, const Job& job, std::chrono::nanoseconds timeout, const Log& log);

  int rank() const override { return 0; }
  int size() const override { return size_; }
  std::vector<Blob> all_gather(std::span<const std::byte> mine,
                               std::chrono::nanoseconds timeout) override;
  std::string description() const override { return "tcp " + address_; }

 private:
  std::vector<std::optional<Blob>> collect(const Deadline& deadline);
  std::optional<Blob> take_blob(std::size_t peer, bool readable);
  void distribute(const std::vector<Blob>& all, const Deadline& deadline);
  [[noreturn]] void give_up(ErrorCode code, const std::string& message);

  bool wait_for_peers(std::vector<pollfd>& peers, const Deadline& deadline);

  int size_;
  Rendezvous rendezvous_;
  std::string address_;
  std::vector<Connection> peers_;  // element r - 1 is rank r's
  std::uint32_t calls_ = 0;
  std::optional<Error> failure_;  // the first one; final
};

class TcpClient final : public Bootstrap {
 public:
  // Blocks until rank 0 says that all ranks have come.
  TcpClient(int rank, const Job& job, const Endpoint& root, std::chrono::nanoseconds timeout);

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  std::vector<Blob> all_gather(std::span<const std::byte> mine,
                               std::chrono::nanoseconds timeout) override;
  std::string description() const override { return "tcp " + root_; }

 private:
  Connection join(const Endpoint& root, const Job& job, std::chrono::nanoseconds timeout) const;
  bool welcomed(Connection& connection, const Job& job, const Deadline& deadline,
                std::string& why) const;
  Blob receive_blob(std::uint32_t owner, const Deadline& deadline);

  int rank_;
  int size_;
  std::string root_;
  Connection connection_;
  std::uint32_t calls_ = 0;
  std::optional<Error> failure_;  // the first one; final
};

// Listens for the ranks of a job. Where the port is taken, Error(bootstrap) says who has it, if it
// is another job's rank 0 and it answers.
Socket listen_for(const Job& job, const Endpoint& root, const Deadline& deadline);

// What a rank 0 at this address answers to one that says that it is rank 0 too; empty: nothing that
// is weft's.
std::string answer_to_rank_0(const Job& job, const Endpoint& root, const Deadline& deadline);

}  // namespace weft::bootstrap
