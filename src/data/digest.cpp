#include "data/digest.h"

#include <openssl/evp.h>

#include <array>
#include <cstdio>
#include <memory>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/pipe.h"

namespace svhn::data {
namespace {

constexpr std::size_t kPiece = 1U << 20U;

/// An incremental SHA-256.
class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new()) { check(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr)); }

  void add(const void* bytes, std::size_t size) { check(EVP_DigestUpdate(context_.get(), bytes, size)); }

  std::string finish() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    check(EVP_DigestFinal_ex(context_.get(), digest.data(), &size));
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (unsigned int i = 0; i < size; ++i) {
      text += kDigits[digest.at(i) >> 4U];
      text += kDigits[digest.at(i) & 15U];
    }
    return text;
  }

 private:
  static void check(int result) {
    if (result != 1) throw core::Error(core::ExitCode::bug, "OpenSSL cannot compute SHA-256");
  }

  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

std::string sha256_of_file(const std::filesystem::path& path) {
  const std::filesystem::path content = core::path_of_content(path, core::ExitCode::data);
  std::error_code error;
  const bool regular = std::filesystem::is_regular_file(content, error);
  // Read instead of mapped: the pages of a mapping would count as memory of this program.
  const std::unique_ptr<std::FILE, Close> file(regular ? std::fopen(content.c_str(), "rbe") : nullptr);
  std::vector<char> piece(kPiece);
  Sha256 hash;
  while (file) {
    const std::size_t got = std::fread(piece.data(), 1, piece.size(), file.get());
    hash.add(piece.data(), got);
    if (got < piece.size()) break;
  }
  if (!file || std::ferror(file.get()) != 0) {
    throw core::Error(core::ExitCode::data, "cannot read '" + path.string() + "' for its checksum",
                      "check the path and the file's permissions");
  }
  return hash.finish();
}

std::string sha256_of_bytes(std::span<const std::byte> bytes) {
  Sha256 hash;
  hash.add(bytes.data(), bytes.size());
  return hash.finish();
}

}  // namespace svhn::data
