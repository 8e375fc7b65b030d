#include "page_template.h"

#ifdef SVHN_REPORT_PAGE
// The assembler takes the file as it is; a megabyte of text as a C++ literal would take the compiler seconds.
__asm__(
    ".pushsection .rodata\n"
    ".hidden svhn_report_page\n.global svhn_report_page\nsvhn_report_page:\n.incbin \"" SVHN_REPORT_PAGE
    "\"\n"
    ".hidden svhn_report_page_end\n.global svhn_report_page_end\nsvhn_report_page_end:\n.byte 0\n"
    ".popsection\n");
extern "C" {
__attribute__((visibility("hidden"))) extern const char svhn_report_page[];
__attribute__((visibility("hidden"))) extern const char svhn_report_page_end[];
}
#endif

namespace svhn::report {

std::string_view page_template() {
#ifdef SVHN_REPORT_PAGE
  return {svhn_report_page, static_cast<std::size_t>(svhn_report_page_end - svhn_report_page)};
#else
  return {};
#endif
}

}  // namespace svhn::report
