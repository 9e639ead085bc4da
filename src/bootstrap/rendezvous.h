// How rank 0 of a TCP start-up collects the others, and whom it sends away.
#pragma once

#include "bootstrap/connection.h"
#include "bootstrap/job.h"
#include "bootstrap/strangers.h"

#include "base/log.h"

#include <poll.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weft::bootstrap {

class Rendezvous {
 public:
  Rendezvous(Socket listener, const Job& job, const Log& log);

  std::string address() const { return strangers_.address(); }

  // Accepts until ranks 1 to size - 1 have come, welcomes them and returns their connections:
  // element r - 1 is rank r's. Once. What is no rank of this job is dropped and logged; a rank of
  // another job is told both names. Throws Error(timeout) naming who is missing and who was
  // refused, Error(bootstrap) where another rank 0 shows that this job's ranks cannot be told from
  // those of another, Error(no_resources) without a descriptor for the next rank; those who came
  // are told.
  std::vector<Connection> collect(const Deadline& deadline);

  // After collect(), whoever else comes is answered in between, so that the ranks of another job
  // learn who is here: await() adds to what poll() is to wait for, serve() takes what it reported
  // of that. Throws Error(bootstrap) as collect() does.
  void await(std::vector<pollfd>& polled) const;
  void serve(std::span<const pollfd> reported);

 private:
  bool complete() const { return joined_ + 1 == job_.size; }
  std::vector<pollfd> wait(const Deadline& deadline);
  void check_joined(std::span<const pollfd> reported);
  void admit(Connection& connection, const Frame& hello);
  void check_rank_0(Connection& connection, const Job& theirs);
  void refuse(Connection& connection, const std::string& why);
  std::string who_is_missing(const Deadline& deadline) const;
  [[noreturn]] void give_up(const Error& error);

  const Job job_;
  const Log log_;
  Strangers strangers_;
  std::vector<std::optional<Connection>> ranks_;  // [0] stays empty, as all do after collect()
  int joined_ = 0;
  std::vector<std::string> refused_;  // for the error, should somebody be missing
};

}  // namespace weft::bootstrap
