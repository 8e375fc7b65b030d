#pragma once
/// The MATLAB 5 container without any library: what a file says about itself, believed only where it adds up.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "formats/mat/mat.h"

namespace svhn::formats::mat {

using Bytes = std::span<const std::byte>;

inline constexpr std::size_t kTag = 8;        ///< Bytes of an element's tag.
inline constexpr std::uint32_t kMatrix = 14;  ///< miMATRIX

/// The head of one variable, from its own tag to the tag of its numbers, needs at most so many bytes.
inline constexpr std::size_t kLongestHead = 512;

/// @returns every variable of the file, each with sizes that fit each other and the file.
/// @param file named in messages. @throws core::Error(data)
std::vector<MatVariable> parse_container(Bytes bytes, const std::string& file);

/// Fills name, type and shape from the beginning of a variable (its miMATRIX tag first).
/// @param head up to kLongestHead bytes. @param available how many bytes the variable can have at most.
void parse_variable(Bytes head, std::size_t available, MatVariable& variable, const std::string& where);

/// @returns the first kLongestHead bytes of a zlib stream, or fewer when it is shorter.
std::vector<std::byte> inflate_head(Bytes stream, const std::string& where);

/// Inflates a whole zlib stream and throws it away. @throws core::Error(data) unless it is sound, its
/// checksum is right and it holds just `size` bytes.
void verify_stream(Bytes stream, std::size_t size, const std::string& where);

[[noreturn]] void refuse(const std::string& where, const std::string& what, std::string hint = {});

}  // namespace svhn::formats::mat
