#include "tuner/tuning.h"

#include <weft/collective_traits.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "algorithms/registry.h"
#include "base/cpu.h"
#include "base/error.h"

namespace weft::tuner {
namespace {

using nlohmann::ordered_json;

struct LinkField {
  const char* name;
  double Link::* member;
};

constexpr std::array kLinkFields = {
    LinkField{"latency_ns", &Link::latency_ns},
    LinkField{"send_ns", &Link::send_ns},
    LinkField{"receive_ns", &Link::receive_ns},
    LinkField{"send_ns_per_byte", &Link::send_ns_per_byte},
    LinkField{"receive_ns_per_byte", &Link::receive_ns_per_byte},
    LinkField{"ns_per_byte", &Link::ns_per_byte},
};

[[noreturn]] void wrong(const std::string& what) { fail(ErrorCode::invalid_argument, "{}", what); }

double nanoseconds(const ordered_json& value, const std::string& name) {
  constexpr double kMost = 1e12;
  if (!value.is_number() || !(value.get<double>() >= 0) || value.get<double>() > kMost)
    wrong(fmt::format("{}: {} is no time in nanoseconds", name, value.dump()));
  return value.get<double>();
}

Link parse_link(const ordered_json& json, const std::string& name) {
  Link link;
  for (const LinkField& field : kLinkFields) {
    if (const auto value = json.find(field.name); value != json.end())
      link.*field.member = nanoseconds(*value, name + "." + field.name);
  }
  link.load_store = json.value("load_store", false);
  return link;
}

template <typename Name, std::size_t kCount>
Name named(const std::array<std::pair<const char*, Name>, kCount>& names, const std::string& text,
           const char* what) {
  for (const auto& [name, value] : names) {
    if (text == name) return value;
  }
  fail(ErrorCode::invalid_argument, "'{}' is no {}", text, what);
}

constexpr std::array kProtocols = {std::pair{"bulk", Protocol::bulk},
                                   std::pair{"packet", Protocol::packet}};

Collective collective_named(const std::string& text) {
  if (const CollectiveTraits* traits = find_collective(text); traits != nullptr)
    return traits->collective;
  fail(ErrorCode::invalid_argument, "'{}' is no collective", text);
}

MeasuredChoice parse_choice(const ordered_json& json) {
  MeasuredChoice choice;
  choice.collective = collective_named(json.at("collective").get<std::string>());
  choice.direct = json.value("direct", false);
  choice.bytes = json.at("bytes").get<std::size_t>();
  choice.algorithm = json.at("algorithm").get<std::string>();
  choice.protocol = named(kProtocols, json.at("protocol").get<std::string>(), "protocol");
  choice.lanes = json.at("lanes").get<int>();
  choice.us = json.value("us", 0.0);
  if (algorithms::find(choice.collective, choice.algorithm) == nullptr)
    wrong(fmt::format("{} has no algorithm '{}'", name_of(choice.collective), choice.algorithm));
  if (choice.lanes < 1 || choice.lanes > 2) wrong(fmt::format("{} lanes", choice.lanes));
  return choice;
}

Measured parse_measured(const ordered_json& json) {
  Measured measured;
  const ordered_json links = json.value("links", ordered_json::object());
  for (const auto& [name, link] : links.items())
    measured.links.emplace(name, parse_link(link, name));
  if (const auto value = json.find("switch_ns"); value != json.end())
    measured.switch_ns = nanoseconds(*value, "switch_ns");
  const ordered_json choices = json.value("choices", ordered_json::array());
  for (const ordered_json& choice : choices) measured.choices.push_back(parse_choice(choice));
  return measured;
}

unsigned parse_pauses(const ordered_json& value) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > kMostPollPauses)
    wrong(fmt::format("poll_pauses: {} is no number from 0 to {}", value.dump(), kMostPollPauses));
  return value.get<unsigned>();
}

ordered_json to_json(const Link& link) {
  ordered_json json = {{"load_store", link.load_store}};
  for (const LinkField& field : kLinkFields) json[field.name] = link.*field.member;
  return json;
}

ordered_json to_json(const MeasuredChoice& choice) {
  return {{"collective", name_of(choice.collective)},
          {"direct", choice.direct},
          {"bytes", choice.bytes},
          {"algorithm", choice.algorithm},
          {"protocol", choice.protocol == Protocol::packet ? "packet" : "bulk"},
          {"lanes", choice.lanes},
          {"us", choice.us}};
}

}  // namespace

const Measured* Tuning::find(const std::string& job) const {
  const auto found = measured.find(job);
  return found == measured.end() ? nullptr : &found->second;
}

Tuning parse_tuning(const std::string& text) {
  try {
    const ordered_json json = ordered_json::parse(text);
    Tuning tuning;
    tuning.version = json.at("weft").get<std::string>();
    tuning.machine = json.at("machine").get<std::string>();
    if (const auto value = json.find("poll_pauses"); value != json.end())
      tuning.poll_pauses = parse_pauses(*value);
    for (const auto& [job, measured] : json.at("measured").items())
      tuning.measured.emplace(job, parse_measured(measured));
    return tuning;
  } catch (const nlohmann::json::exception& error) {
    fail(ErrorCode::invalid_argument, "it is no tuning file: {}", error.what());
  }
}

std::string to_text(const Tuning& tuning) {
  ordered_json measured = ordered_json::object();
  for (const auto& [job, found] : tuning.measured) {
    ordered_json links = ordered_json::object();
    for (const auto& [name, link] : found.links) links[name] = to_json(link);
    ordered_json choices = ordered_json::array();
    for (const MeasuredChoice& choice : found.choices) choices.push_back(to_json(choice));
    measured[job] = {{"links", links}, {"choices", choices}};
    if (found.switch_ns) measured[job]["switch_ns"] = *found.switch_ns;
  }
  ordered_json json = {{"weft", tuning.version}, {"machine", tuning.machine}};
  if (tuning.poll_pauses) json["poll_pauses"] = *tuning.poll_pauses;
  json["measured"] = measured;
  return json.dump(1) + "\n";
}

}  // namespace weft::tuner
