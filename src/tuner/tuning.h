// What was measured on a machine: what links cost, and what won. Kept in a file by weft-tune.
#pragma once

#include <weft/collective.h>
#include <weft/preference.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tuner/fabric.h"

namespace weft::tuner {

// The quickest way of a call that was measured.
struct MeasuredChoice {
  Collective collective = Collective::all_reduce;
  bool direct = false;    // every rank's buffers are mapped
  std::size_t bytes = 0;  // count times the element's size, a power of two
  std::string algorithm;
  Protocol protocol = Protocol::bulk;
  int lanes = 1;
  double us = 0;  // what it took
};

// What was measured of one kind of job.
struct Measured {
  // By the name of a Relation.
  std::map<std::string, Link> links;
  std::optional<double> switch_ns;  // to wake a rank on a machine with more ranks than cores
  std::vector<MeasuredChoice> choices;
};

struct Tuning {
  std::string version;                       // of weft
  std::string machine;                       // what it was measured on
  std::optional<unsigned> poll_pauses;       // what is best there, see base/cpu.h
  std::map<std::string, Measured> measured;  // by the job's name, see Situation

  // Null: nothing was measured of such a job.
  const Measured* find(const std::string& job) const;
};

// Reads a file's text. Throws Error(invalid_argument) that says what is wrong with it.
Tuning parse_tuning(const std::string& text);
std::string to_text(const Tuning& tuning);

}  // namespace weft::tuner
