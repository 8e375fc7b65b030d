#include "data/images/decoder_messages.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <iostream>
#include <thread>

namespace svhn::data {
namespace {

TEST(DecoderMessages, KeepsWhatARecordingThreadWrites) {
  testing::internal::CaptureStderr();
  {
    const DecoderMessages messages;
    std::fputs("before\n", stderr);
    const DecoderMessages::Recording recording(messages);
    std::fprintf(stderr, "from C: %d\n", 7);
    std::cerr << "from C++: " << 8 << '\n';
    std::clog << "logged\n";
    EXPECT_EQ(recording.text(), "from C: 7\nfrom C++: 8\nlogged\n");
  }
  std::fputs("after\n", stderr);
  std::cerr << "after too\n";
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "before\nafter\nafter too\n");
}

TEST(DecoderMessages, TellsThreadsApart) {
  testing::internal::CaptureStderr();
  const DecoderMessages messages;
  std::atomic<int> ready = 0;
  std::string texts[2];
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([&, i] {
        const DecoderMessages::Recording recording(messages);
        ++ready;
        while (ready < 2) std::this_thread::yield();
        for (int k = 0; k < 100; ++k) std::fprintf(stderr, "%d", i);
        texts[i] = recording.text();
      });
    }
    std::fputs("main", stderr);
  }
  EXPECT_EQ(texts[0], std::string(100, '0'));
  EXPECT_EQ(texts[1], std::string(100, '1'));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "main");
}

TEST(DecoderMessages, KeepsNoMoreThanItMay) {
  const DecoderMessages messages;
  const DecoderMessages::Recording recording(messages);
  for (int i = 0; i < 3; ++i) std::fputs(std::string(2000, 'x').c_str(), stderr);
  EXPECT_EQ(recording.text(), std::string(4096, 'x'));
}

std::string judged(const std::string& text) {
  const DecoderRemark remark = judge_messages(text);
  return (remark.damaged ? "damaged: " : "whole: ") + remark.line;
}

// The lines are those of libjpeg-turbo 2.1, libpng 1.6, libtiff 4.5 and OpenCV 4.6.
TEST(JudgeMessages, TellsLostPixelsFromTheRest) {
  EXPECT_EQ(judged(""), "whole: ");
  for (const std::string line :
       {"Corrupt JPEG data: premature end of data segment", "Corrupt JPEG data: bad Huffman code",
        "Corrupt JPEG data: 27 extraneous bytes before marker 0xda", "Premature end of JPEG file",
        "libpng error: bad adaptive filter value",
        "OpenCV TIFF: LZWDecode: Warning, Not enough data at scanline 18.",
        "Inconsistent progression sequence for component 0 coefficient 48"}) {
    EXPECT_EQ(judged(line + "\n"), "damaged: " + line);
  }
  for (const std::string line :
       {"Corrupt JPEG data: 24 extraneous bytes before marker 0xd9", "Corrupt JPEG data: bad ICC marker",
        "libpng warning: iCCP: known incorrect sRGB profile", "Warning: unknown JFIF revision number 2.01",
        "OpenCV TIFF: TIFFReadDirectory: Warning, Unknown field with tag 42112 (0xa480) encountered."}) {
    EXPECT_EQ(judged(line + "\n"), "whole: " + line);
  }
}

TEST(JudgeMessages, TakesTheWorstLineAndLeavesOutOpenCvsPlaces) {
  EXPECT_EQ(
      judged(
          "[DEBUG:0@0.1] global a.cpp (1) f trying backend\nlibpng warning: x\nPremature end of JPEG file\n"),
      "damaged: Premature end of JPEG file");
  EXPECT_EQ(judged("[ WARN:0@0.502] global ./grfmt_tiff.cpp (704) readData OpenCV TIFF(line 704): failed "
                   "f(x, (y*)z)\n"),
            "whole: OpenCV TIFF(line 704): failed f(x, (y*)z)");
  EXPECT_EQ(
      judged("imdecode_(''): can't read data: OpenCV(4.6.0) ./bitstrm.cpp:102: error: (-2:Unspecified error) "
             "Unexpected end of input stream in function 'readBlock'\n"),
      "whole: Unexpected end of input stream");
}

}  // namespace
}  // namespace svhn::data
