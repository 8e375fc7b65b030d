#include "tune/run/trial_journal.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/input_guard.h"
#include "core/json.h"

namespace svhn::tune {
namespace {

using core::Error;
using core::ExitCode;
using nlohmann::json;
using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxRecordBytes = std::size_t{64} << 20;
constexpr std::size_t kMaxName = 128;
constexpr std::uint64_t kMaxThreads = 1024;

/// Without halving, a longer search starts with the trials of a shorter one. Halving compares all trials with
/// each other, so there a longer search is another search.
bool may_grow(const TuneOptions& options) {
  return !(options.stopping && options.stopping->type == StoppingType::halving);
}

/// @returns a "tune" section in which each path of a renamed key is its current one.
json with_current_paths(const json& section) {
  if (section.is_string()) return config::current_pointer(section.get<std::string>());
  if (!section.is_structured()) return section;
  json renamed = section.is_array() ? json::array() : json::object();
  for (const auto& [key, value] : section.items()) {
    if (section.is_array()) renamed.push_back(with_current_paths(value));
    if (section.is_object()) renamed[config::current_pointer(key)] = with_current_paths(value);
  }
  return renamed;
}

/// @returns what search.json says, with renamed keys under their current names and newer keys at their
/// defaults.
json with_current_names(json identity) {
  if (!identity.is_object()) return identity;
  for (auto& [key, part] : identity.items()) {
    if (key == "config") part = config::with_defaults(part);
    if (key == "tune") part = with_current_paths(part);
  }
  return identity;
}

std::vector<metric::TunedValue> with_current_paths(std::vector<metric::TunedValue> values) {
  for (auto& value : values) {
    value.name = config::current_pointer(value.name);
    for (auto& path : value.paths) path = config::current_pointer(path);
  }
  return values;
}

void check_same(json saved, const json& now, const TuneOptions& options, const std::string& source) {
  if (saved.is_object()) saved.erase("threads");  // May differ; the user is warned.
  if (may_grow(options) && saved.contains("tune") && saved["tune"].is_object()) {
    saved["tune"]["trials"] = now.at("tune").at("trials");
  }
  for (const auto& found : core::json_diff(with_current_names(saved), with_current_names(now))) {
    if (found.pointer == kDataFile) continue;
    throw Error(ExitCode::model,
                "'" + source + "' is a search with " + core::printable(found.pointer) + " = " +
                    core::printable(found.before) + ", not " + core::printable(found.after),
                "resume with the same config and data, or start over with --overwrite");
  }
}

/// Reads a record. @throws core::Error(data) when it is not of the trial that is planned under its id.
metric::TrialResult read_record(const std::filesystem::path& path, const Trial& trial) {
  const std::string source = path.string();
  const json document = core::read_json_file(path, ExitCode::data, {.max_bytes = kMaxRecordBytes});
  auto record = metric::trial_from_json(document, source);
  const bool same_values = with_current_paths(record.values) == with_current_paths(trial.values);
  record.values = trial.values;
  if (record.id == trial.id && record.label == trial.label && same_values) return record;
  throw Error(ExitCode::data, "'" + source + "' is the record of another trial",
              "start the search over with --overwrite");
}

Json best_document(const SearchConfig& search, const metric::TrialResult& best) {
  auto config = config::run_config_from_json(trial_document(search.base, {best.id, best.label, best.values}),
                                             search.source);
  const std::string ending = "_best";
  config.name = config.name.substr(0, kMaxName - ending.size()) + ending;
  return config::resolved_json(config);
}

}  // namespace

Json search_identity(const SearchConfig& search, const std::string& data) {
  return {{"config", config::resolved_json(search.base)},
          {"tune", tune_section_json(search.tune)},
          {"data", data}};
}

TrialJournal::TrialJournal(const SearchConfig& search, TuneFiles files, train::ExistingRun existing)
    : search_(search), files_(std::move(files)), existing_(existing) {
  core::add_input(search.base.data.file);
  core::check_outputs(files_.all());
  core::check_removal(files_.trials);
  refuse_existing();
}

void TrialJournal::refuse_existing() const {
  const auto found = files_.existing();
  if (existing_ != train::ExistingRun::refuse || found.empty()) return;
  throw Error(
      ExitCode::usage,
      "'" + found.front().string() + "' exists: there is a search '" + search_.base.name + "' already",
      "--resume continues it, --overwrite starts over, --output chooses another folder");
}

void TrialJournal::read(const std::string& data, const std::vector<Trial>& trials, bool synthetic) {
  synthetic_ = synthetic;
  if (existing_ != train::ExistingRun::resume || !std::filesystem::exists(files_.search)) return;
  const std::string source = files_.search.string();
  const json saved = core::read_json_file(files_.search, ExitCode::model, {.max_bytes = kMaxRecordBytes});
  core::allow_replacing(files_.search);
  check_same(saved, json::parse(search_identity(search_, data).dump()), search_.tune, source);
  if (saved.contains("threads") && saved["threads"].is_number_unsigned()) {
    former_threads_ = static_cast<int>(std::min(saved["threads"].get<std::uint64_t>(), kMaxThreads));
  }
  resumed_ = true;
  read_records(trials);
}

void TrialJournal::read_records(std::span<const Trial> trials) {
  if (!resumed_) return;
  for (const auto& trial : trials) {
    if (auto record = read_again(trial)) records_[trial.id] = std::move(*record);
  }
}

void TrialJournal::open(const std::string& data, int threads) {
  refuse_existing();  // Another process may have been here before the search was locked.
  if (existing_ == train::ExistingRun::overwrite) files_.remove_existing();
  files_.remove_temporaries();
  Json document = search_identity(search_, data);
  document["threads"] = threads;
  identity_ = core::json_text(document);
  core::write_text_file(files_.search, identity_, ExitCode::data);
}

void TrialJournal::write(const metric::TrialResult& result) const {
  const Json document = metric::trial_json(result, metric::TuningDetail::full);
  core::write_text_file(files_.record(result.id), core::json_text(document), ExitCode::data);
}

std::optional<metric::TrialResult> TrialJournal::read_again(const Trial& trial) const {
  const auto path = files_.record(trial.id);
  if (!std::filesystem::exists(path)) return std::nullopt;
  return read_record(path, trial);
}

const metric::TrialResult* TrialJournal::find(std::int64_t id) const {
  const auto found = records_.find(id);
  return found == records_.end() ? nullptr : &found->second;
}

metric::TuningResult TrialJournal::result() const {
  const Json section = tune_section_json(search_.tune);
  metric::TuningResult result{search_.base.name,
                              section["search"],
                              search_.tune.objective,
                              maximised(search_.tune.objective),
                              synthetic_,
                              {}};
  for (const auto& [id, record] : records_) result.trials.push_back(record);
  return result;
}

void TrialJournal::write_results() const {
  if (!identity_.empty() && !std::filesystem::exists(files_.search)) {
    core::write_text_file(files_.search, identity_, ExitCode::data);
    for (const auto& [id, record] : records_) write(record);
  }
  const auto all = result();
  const Json document = metric::tuning_json(all, metric::TuningDetail::full);
  core::write_text_file(files_.results_json, core::json_text(document), ExitCode::data);
  core::write_text_file(files_.results_csv, metric::tuning_csv(all), ExitCode::data);
  const auto* best = metric::best_trial(all);
  if (best == nullptr) return;
  core::write_text_file(files_.best_config, core::json_text(best_document(search_, *best)), ExitCode::data);
}

}  // namespace svhn::tune
