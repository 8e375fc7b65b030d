#pragma once
/// What decoders write on stderr. libpng, libjpeg and OpenCV report damage there, without the name of the
/// file.

#include <memory>
#include <string>

namespace svhn::data {

/// While it lives, what a recording thread writes with C's or C++'s streams to stderr (and with C++'s to
/// stdout, where OpenCV logs) is kept, and what all other threads write passes through. The descriptors stay
/// as they are: the streams are replaced by ones that look at the thread. One object at a time; it is made
/// before the threads that decode and destroyed after their end.
/// @see https://sourceware.org/glibc/manual/latest/html_node/Standard-Streams.html, which lets a program
/// assign `stderr`
class DecoderMessages {
 public:
  DecoderMessages();
  DecoderMessages(const DecoderMessages&) = delete;
  DecoderMessages& operator=(const DecoderMessages&) = delete;
  ~DecoderMessages();

  /// Keeps what this thread writes until it is destroyed.
  class Recording {
   public:
    explicit Recording(const DecoderMessages& messages);
    Recording(const Recording&) = delete;
    Recording& operator=(const Recording&) = delete;
    ~Recording();
    /// @returns the text so far, at most 4096 bytes.
    [[nodiscard]] const std::string& text() const { return text_; }

   private:
    std::string text_;
  };

 private:
  struct Streams;
  std::unique_ptr<Streams> streams_;
};

/// What recorded lines say about a picture that was decoded.
struct DecoderRemark {
  std::string line;      ///< The first line that tells most, without OpenCV's time and place; "": none.
  bool damaged = false;  ///< Pixels are lost or made up.
};

/// Judges lines of libpng, libjpeg-turbo, libtiff and OpenCV. A warning that no known decoder gives without
/// losing pixels counts as damage.
DecoderRemark judge_messages(const std::string& text);

}  // namespace svhn::data
