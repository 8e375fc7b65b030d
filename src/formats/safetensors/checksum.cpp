#include <xxhash.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <utility>

#include "formats/safetensors/header.h"

namespace svhn::formats {
namespace {

constexpr std::string_view kPrefix = "svhn.checksum";
constexpr std::string_view kAlgorithmKey = "svhn.checksums";
constexpr std::string_view kAlgorithm = "xxh3-64 1048576";
constexpr std::string_view kTensorPrefix = "svhn.checksum.";
// The entry in the text. Quotes inside a JSON string are escaped, so no other string can contain this.
constexpr std::string_view kHeaderEntry = "\"svhn.checksum\":\"";
constexpr std::size_t kDigits = 16;
constexpr std::string_view kZeros = "0000000000000000";

std::string hex(std::uint64_t value) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text(kDigits, '0');
  for (std::size_t i = 0; i < kDigits; ++i) text[kDigits - 1 - i] = kHex[(value >> (4 * i)) & 0xFU];
  return text;
}

std::optional<std::uint64_t> parse_hex(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc{} || hex(value) != digits) return std::nullopt;
  return value;
}

/// @returns the digest of `head` with the 16 digits at `at` replaced by zeros, without a copy.
std::uint64_t head_digest(std::span<const std::byte> head, std::size_t at) {
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), XXH3_freeState);
  XXH3_64bits_reset(state.get());
  XXH3_64bits_update(state.get(), head.data(), at);
  XXH3_64bits_update(state.get(), kZeros.data(), kZeros.size());
  XXH3_64bits_update(state.get(), head.data() + at + kDigits, head.size() - at - kDigits);
  return XXH3_64bits_digest(state.get());
}

void check_head(const std::string& digits, std::span<const std::byte> head, const SafetensorsSource& source) {
  const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
  const std::size_t at = text.find(kHeaderEntry);
  if (digits.size() != kDigits || at == std::string_view::npos ||
      at + kHeaderEntry.size() + kDigits > text.size()) {
    source.refuse("the header's checksum is not written as it must be");
  }
  if (hex(head_digest(head, at + kHeaderEntry.size())) != digits) {
    source.refuse("the header does not match its checksum");
  }
}

std::size_t piece_count(std::size_t bytes) {
  return bytes / kPieceBytes + (bytes % kPieceBytes != 0 ? 1 : 0);
}

std::vector<std::uint64_t> parse_digests(const TensorInfo& tensor, std::string_view digits,
                                         const SafetensorsSource& source) {
  const auto refuse = [&] {
    source.refuse("the checksums of tensor " + quoted_name(tensor.name) + " are not written as they must be");
  };
  if (digits.size() % kDigits != 0 || digits.size() / kDigits != piece_count(tensor.bytes)) refuse();
  std::vector<std::uint64_t> values;
  values.reserve(digits.size() / kDigits);
  for (std::size_t at = 0; at < digits.size(); at += kDigits) {
    const auto value = parse_hex(digits.substr(at, kDigits));
    if (!value) refuse();
    values.push_back(*value);
  }
  return values;
}

using Metadata = std::map<std::string, std::string>;

/// Removes the entries of checksums from the metadata and returns them.
Metadata split_off_checksums(Metadata& metadata) {
  Metadata taken;
  for (auto entry = metadata.lower_bound(std::string(kPrefix));
       entry != metadata.end() && entry->first.starts_with(kPrefix);) {
    taken.insert(metadata.extract(entry++));
  }
  return taken;
}

const std::string& entry_of(const Metadata& checksums, const std::string& key,
                            const SafetensorsSource& source) {
  const auto found = checksums.find(key);
  if (found == checksums.end()) source.refuse("the header has checksums but lacks " + quoted_name(key));
  return found->second;
}

}  // namespace

std::uint64_t digest_of(std::span<const std::byte> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

std::vector<std::uint64_t> piece_digests(std::span<const std::byte> bytes) {
  std::vector<std::uint64_t> digests;
  digests.reserve(piece_count(bytes.size()));
  for (std::size_t at = 0; at < bytes.size(); at += kPieceBytes) {
    digests.push_back(digest_of(bytes.subspan(at, std::min(kPieceBytes, bytes.size() - at))));
  }
  return digests;
}

void take_checksums(SafetensorsHeader& header, std::span<const std::byte> head,
                    const SafetensorsSource& source) {
  const Metadata checksums = split_off_checksums(header.metadata);
  header.has_checksums = !checksums.empty();
  if (!header.has_checksums) return;
  check_head(entry_of(checksums, std::string(kPrefix), source), head, source);
  if (entry_of(checksums, std::string(kAlgorithmKey), source) != kAlgorithm) {
    source.refuse("the checksums are of a kind this program does not know");
  }
  for (const TensorInfo& tensor : header.tensors) {
    const std::string& digits = entry_of(checksums, std::string(kTensorPrefix) + tensor.name, source);
    header.digests.push_back(parse_digests(tensor, digits, source));
  }
  if (checksums.size() != header.tensors.size() + 2) source.refuse("the header has checksums of no tensor");
}

void add_checksum_entries(const SafetensorsHeader& header, Metadata& metadata) {
  metadata[std::string(kPrefix)] = kZeros;
  metadata[std::string(kAlgorithmKey)] = kAlgorithm;
  for (std::size_t i = 0; i < header.tensors.size(); ++i) {
    std::string& digits = metadata[std::string(kTensorPrefix) + header.tensors[i].name];
    for (const std::uint64_t digest : header.digests[i]) digits += hex(digest);
  }
}

void sign_head(std::string& head) {
  const std::size_t at = head.find(kHeaderEntry) + kHeaderEntry.size();
  head.replace(at, kDigits, hex(head_digest(std::as_bytes(std::span(head)), at)));
}

}  // namespace svhn::formats
