#include "formats/safetensors/header.h"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>

// The attacks follow the kinds that the format's own tests name (invalid header length, overlap, hole, wrong
// size, duplicate keys, …): https://github.com/huggingface/safetensors, tests of `SafeTensors::deserialize`.

namespace svhn::formats {
namespace {

using core::Error;
using core::ExitCode;

const SafetensorsSource kSource{"f", ExitCode::model};

std::string length_bytes(std::uint64_t length) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes;
}

SafetensorsHeader parse_bytes(const std::string& file) {
  return read_safetensors_header(std::as_bytes(std::span(file)), kSource);
}

/// Parses a file with this header and `data_bytes` bytes of data.
SafetensorsHeader parse(const std::string& header, std::size_t data_bytes) {
  return parse_bytes(length_bytes(header.size()) + header + std::string(data_bytes, 'x'));
}

std::string fault_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::model);
    EXPECT_FALSE(error.hint().empty());
    return error.what();
  }
  return "no error";
}

std::string fault(const std::string& header, std::size_t data_bytes) {
  return fault_of([&] { parse(header, data_bytes); });
}

TEST(SafetensorsHeader, ReadsAFileWithoutChecksumsInAnyKeyOrder) {
  const auto header = parse(
      R"({"b":{"data_offsets":[4,8],"dtype":"F32","shape":[]}, "a":{"dtype":"U8","shape":[2,2],"data_offsets":[0,4]},
          "__metadata__":{"format":"pt"}}   )",
      8);
  EXPECT_FALSE(header.has_checksums);
  ASSERT_EQ(header.tensors.size(), 2U);
  EXPECT_EQ(header.tensors[0].name, "a");
  EXPECT_EQ(header.tensors[0].shape, (std::vector<std::int64_t>{2, 2}));
  EXPECT_EQ(header.tensors[1].dtype, DType::f32);
  EXPECT_EQ(header.tensors[1].offset, 4U);
  EXPECT_EQ(header.metadata.at("format"), "pt");
}

TEST(SafetensorsHeader, AcceptsNoTensorsAndEmptyTensors) {
  EXPECT_TRUE(parse("{}", 0).tensors.empty());
  EXPECT_EQ(parse(R"({"e":{"dtype":"F64","shape":[3,0],"data_offsets":[0,0]},
                      "f":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
                  1)
                .tensors.size(),
            2U);
}

TEST(SafetensorsHeader, RefusesImpossibleHeaderLengths) {
  const auto of = [](const std::string& bytes) { return fault_of([&] { parse_bytes(bytes); }); };
  EXPECT_EQ(of(""), "'f': the file has 0 bytes, too few for a safetensors file");
  EXPECT_EQ(of("1234567"), "'f': the file has 7 bytes, too few for a safetensors file");
  EXPECT_EQ(of(length_bytes(3) + "{}"), "'f': the header claims 3 bytes, the file has 2 left");
  EXPECT_EQ(of("hello, this is text"), "'f': this is not a safetensors file");
  EXPECT_EQ(of(length_bytes(UINT64_MAX)), "'f': this is not a safetensors file");
  EXPECT_EQ(of(length_bytes(UINT64_MAX) + "{}"),
            "'f': the header claims 18446744073709551615 bytes, more than the 100000000 allowed");
  EXPECT_EQ(of(length_bytes(100'000'001) + "{}"),
            "'f': the header claims 100000001 bytes, more than the 100000000 allowed");
  EXPECT_EQ(of(length_bytes(0)), "'f': the header does not begin with '{'");
}

TEST(SafetensorsHeader, RefusesWhatIsNotStrictJson) {
  EXPECT_EQ(fault(" {}", 0), "'f': the header does not begin with '{'");
  EXPECT_EQ(fault("[]", 0), "'f': the header does not begin with '{'");
  EXPECT_EQ(fault("{", 0), "'f': the header is not valid JSON at its byte 2");
  EXPECT_EQ(fault("{}x", 0), "'f': the header is not valid JSON at its byte 3");
  EXPECT_EQ(fault("{}{}", 0), "'f': the header is not valid JSON at its byte 3");
  EXPECT_EQ(fault(std::string("{}\0{", 4), 0), "'f': the header has a NUL byte");
  EXPECT_EQ(fault(R"({"a":1,})", 0),
            "'f': the header has a number in the tensor 'a', which the format does not "
            "have there");
  EXPECT_NE(fault("{\"\xC3(\":{}}", 0).find("not valid JSON"), std::string::npos) << "ill-formed UTF-8";
  EXPECT_NE(fault("{/**/}", 0).find("not valid JSON"), std::string::npos) << "a comment";
}

TEST(SafetensorsHeader, RefusesDuplicates) {
  const std::string tensor = R"({"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  EXPECT_EQ(fault(R"({"a":)" + tensor + R"(,"\u0061":)" + tensor + "}", 1),
            "'f': the header names 'a' twice");
  EXPECT_EQ(fault(R"({"__metadata__":{},"__metadata__":{}})", 0),
            "'f': the header names '__metadata__' twice");
  EXPECT_EQ(fault(R"({"__metadata__":{"k":"1","k":"2"}})", 0), "'f': the header names 'k' twice");
  EXPECT_EQ(fault(R"({"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1),
            "'f': tensor 'a' has 'dtype' twice");
}

TEST(SafetensorsHeader, RefusesTensorsThatAreNotDescribedAsTheFormatSays) {
  const auto of = [](const std::string& body) { return fault("{\"a\":{" + body + "}}", 1); };
  EXPECT_EQ(of(R"("dtype":"F8","shape":[1],"data_offsets":[0,1])"),
            "'f': tensor 'a' has the unknown dtype 'F8'");
  EXPECT_EQ(of(R"("dtype":"U8","shape":[1])"), "'f': tensor 'a' lacks one of dtype, shape and data_offsets");
  EXPECT_EQ(of(R"("dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1)"),
            "'f': tensor 'a' has the unknown key 'x'");
  const std::string end = " in the tensor 'a', which the format does not have there";
  EXPECT_EQ(of(R"("dtype":1)"), "'f': the header has a number" + end);
  EXPECT_EQ(of(R"("dtype":["U8"])"), "'f': the header has an array" + end);
  EXPECT_EQ(of(R"("shape":"1")"), "'f': the header has a string" + end);
  EXPECT_EQ(of(R"("shape":null)"), "'f': the header has null" + end);
  EXPECT_EQ(of(R"("shape":[true])"), "'f': the header has a boolean" + end);
  EXPECT_EQ(of(R"("shape":[-1])"), "'f': the header has a negative number" + end);
  EXPECT_EQ(of(R"("shape":[1.0])"), "'f': the header has a number that is not a whole one" + end);
  EXPECT_EQ(of(R"("shape":[18446744073709551615])"), "'f': the header has a number beyond 2^63" + end);
  EXPECT_EQ(of(R"("shape":[18446744073709551616])"),
            "'f': the header has a number that is not a whole one" + end);
  EXPECT_EQ(of(R"("shape":[[1]])"), "'f': the header has an array" + end);
  EXPECT_EQ(of(R"("data_offsets":[1,0])"), "'f': the header has offsets that run backwards" + end);
  EXPECT_EQ(of(R"("data_offsets":[0])"), "'f': the header has fewer than two offsets" + end);
  EXPECT_EQ(of(R"("data_offsets":[0,1,1])"), "'f': the header has more than two offsets" + end);
}

TEST(SafetensorsHeader, RefusesMetadataThatIsNotStrings) {
  EXPECT_EQ(fault(R"({"__metadata__":{"k":1}})", 0),
            "'f': the header has a number in '__metadata__' at 'k', which the format does not have there");
  EXPECT_NE(fault(R"({"__metadata__":{"k":{}}})", 0).find("an object"), std::string::npos);
  EXPECT_NE(fault(R"({"__metadata__":null})", 0).find("null"), std::string::npos);
}

TEST(SafetensorsHeader, RefusesSizesThatDoNotFit) {
  const auto tensor = [](const std::string& shape, const std::string& offsets) {
    return R"({"a":{"dtype":"F32","shape":[)" + shape + R"(],"data_offsets":[)" + offsets + "]}}";
  };
  EXPECT_EQ(fault(tensor("2", "0,4"), 4), "'f': tensor 'a' has 4 bytes where its shape needs 8");
  EXPECT_EQ(fault(tensor("1", "0,8"), 8), "'f': tensor 'a' has 8 bytes where its shape needs 4");
  EXPECT_EQ(fault(tensor("2", "0,8"), 4), "'f': tensor 'a' reaches beyond the end of the file");
  EXPECT_EQ(fault(tensor("1", "0,4"), 5), "'f': the tensors end at data byte 4, the file at 5");
  EXPECT_EQ(fault(tensor("4611686018427387904,4", "0,0"), 0), "'f': the shape of tensor 'a' is too large");
  EXPECT_EQ(fault(tensor("1152921504606846976", "0,4611686018427387904"), 4),
            "'f': tensor 'a' reaches beyond the end of the file");
}

TEST(SafetensorsHeader, RefusesOverlapsAndHoles) {
  const auto two = [](const std::string& first, const std::string& second) {
    const std::string start = R"({"dtype":"U8","shape":[4],"data_offsets":[)";
    return R"({"a":)" + start + first + R"(]},"b":)" + start + second + "]}}";
  };
  EXPECT_EQ(parse(two("4,8", "0,4"), 8).tensors[0].name, "b");
  EXPECT_EQ(fault(two("0,4", "2,6"), 6),
            "'f': tensor 'b' begins at data byte 2, the tensors before it end at 4");
  EXPECT_EQ(fault(two("0,4", "0,4"), 4),
            "'f': tensor 'b' begins at data byte 0, the tensors before it end at 4");
  EXPECT_EQ(fault(two("0,4", "5,9"), 9),
            "'f': tensor 'b' begins at data byte 5, the tensors before it end at 4");
  EXPECT_EQ(fault(two("1,5", "5,9"), 9),
            "'f': tensor 'a' begins at data byte 1, the tensors before it end at 0");
}

TEST(SafetensorsHeader, StopsAtTheFirstLevelOfANestingBomb) {
  const std::size_t depth = 1'000'000;
  EXPECT_NE(fault(R"({"a":{"shape":)" + std::string(depth, '[') + "}}", 0).find("an array"),
            std::string::npos);
  std::string objects = "{\"a\":";
  for (std::size_t i = 0; i < depth; ++i) objects += "{\"a\":";
  EXPECT_EQ(fault(objects, 0), "'f': tensor 'a' has the unknown key 'a'");
}

TEST(SafetensorsHeader, BoundsTheRank) {
  std::string ones = "1";
  for (int i = 1; i < 32; ++i) ones += ",1";
  const auto of = [](const std::string& shape) {
    return R"({"a":{"dtype":"U8","shape":[)" + shape + R"(],"data_offsets":[0,1]}})";
  };
  EXPECT_EQ(parse(of(ones), 1).tensors[0].shape.size(), 32U);
  EXPECT_NE(fault(of(ones + ",1"), 1).find("a shape of more than 32 dimensions"), std::string::npos);
}

TEST(SafetensorsHeader, BoundsTheNumberOfTensorsAndMetadataEntries) {
  std::string tensors = "{";
  std::string entries = "{\"__metadata__\":{";
  for (int i = 0; i <= 110'000; ++i) {
    const std::string key = "\"" + std::to_string(i) + "\":";
    tensors += (i == 0 ? "" : ",") + key + R"({"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
    entries += (i == 0 ? "" : ",") + key + "\"\"";
  }
  EXPECT_EQ(fault(tensors + "}", 0), "'f': the header names more than 100000 tensors");
  EXPECT_EQ(fault(entries + "}}", 0), "'f': the header has too many metadata entries");
}

TEST(SafetensorsHeader, MessagesStayOneShortLine) {
  const std::string long_name = std::string(1000, 'n');
  const std::string message = fault("{\"\\n" + long_name + "\":{}}", 0);
  EXPECT_EQ(message.find('\n'), std::string::npos);
  EXPECT_LT(message.size(), 250U);
}

TEST(SafetensorsHeader, InsistsOnAllChecksumsWhereThereIsOne) {
  EXPECT_EQ(fault(R"({"__metadata__":{"svhn.checksums":"xxh3-64 1048576"}})", 0),
            "'f': the header has checksums but lacks 'svhn.checksum'");
  EXPECT_EQ(fault(R"({"__metadata__":{"svhn.checksum":"0000000000000000"}})", 0),
            "'f': the header does not match its checksum");
  EXPECT_EQ(fault(R"({"__metadata__":{"svhn.checksum" :"0000000000000000"}})", 0),
            "'f': the header's checksum is not written as it must be");
  EXPECT_EQ(fault(R"({"__metadata__":{"svhn.checksum.a":""}})", 0),
            "'f': the header has checksums but lacks 'svhn.checksum'");
}

/// @returns the head of a file with one tensor of 4 bytes, the given entries and a valid checksum.
std::string signed_head(std::map<std::string, std::string> entries) {
  std::string text = R"({"__metadata__":{"svhn.checksum":"0000000000000000")";
  for (const auto& [key, value] : entries) text += ",\"" + key + "\":\"" + value + "\"";
  text += R"(},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})";
  std::string head = length_bytes(text.size()) + text;
  sign_head(head);
  return head + "xxxx";
}

TEST(SafetensorsHeader, RefusesSignedHeadersWithWrongChecksumEntries) {
  const std::string algorithm = "svhn.checksums";
  const std::string good = "xxh3-64 1048576";
  const std::string digest(16, 'a');
  const auto of = [](const std::map<std::string, std::string>& entries) {
    return fault_of([&] { parse_bytes(signed_head(entries)); });
  };
  EXPECT_EQ(of({{algorithm, good}, {"svhn.checksum.a", digest}}), "no error");
  EXPECT_EQ(of({{"svhn.checksum.a", digest}}), "'f': the header has checksums but lacks 'svhn.checksums'");
  EXPECT_EQ(of({{algorithm, "md5"}, {"svhn.checksum.a", digest}}),
            "'f': the checksums are of a kind this program does not know");
  EXPECT_EQ(of({{algorithm, good}}), "'f': the header has checksums but lacks 'svhn.checksum.a'");
  EXPECT_EQ(of({{algorithm, good}, {"svhn.checksum.a", digest}, {"svhn.checksum.b", digest}}),
            "'f': the header has checksums of no tensor");
  for (const std::string& wrong :
       {digest + digest, std::string(), std::string(16, 'A'), std::string(16, 'g')}) {
    EXPECT_EQ(of({{algorithm, good}, {"svhn.checksum.a", wrong}}),
              "'f': the checksums of tensor 'a' are not written as they must be")
        << wrong;
  }
}

// Expected digests: the PyPI package xxhash 4.1: xxhash.xxh3_64_hexdigest(b"") and of b"abc"; both are XXH3
// with seed 0.
TEST(Digest, IsXxh3WithoutASeed) {
  EXPECT_EQ(digest_of({}), 0x2d06800538d394c2ULL);
  EXPECT_EQ(digest_of(std::as_bytes(std::span("abc", 3))), 0x78af5f94892f3950ULL);
}

TEST(Digest, IsTakenOfPiecesOfOneMebibyte) {
  const std::string text(kPieceBytes + 3, 'x');
  const auto bytes = std::as_bytes(std::span(text));
  EXPECT_EQ(piece_digests(bytes),
            (std::vector<std::uint64_t>{digest_of(bytes.first(kPieceBytes)), digest_of(bytes.last(3))}));
  EXPECT_TRUE(piece_digests({}).empty());
}

}  // namespace
}  // namespace svhn::formats
