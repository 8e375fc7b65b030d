# How every target of the project is made.
add_library(svhn_flags INTERFACE)
target_include_directories(svhn_flags INTERFACE "${PROJECT_SOURCE_DIR}/include")
target_compile_options(svhn_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Woverloaded-virtual -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 warns of overlaps inside std::string's own operator+ (GCC bug 105651).
  target_compile_options(svhn_flags INTERFACE -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
endif()
if(SVHN_SANITIZE)
  target_compile_options(svhn_flags INTERFACE
    -fsanitize=${SVHN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  target_link_options(svhn_flags INTERFACE -fsanitize=${SVHN_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 warns falsely of libstdc++'s own headers once they are instrumented.
    target_compile_options(svhn_flags INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()

# svhn_room(NAME [SOURCES ...] [LIBRARIES ...] [TORCH]): a static library svhn_NAME with the alias svhn::NAME.
# A room without sources yet is an interface that passes its libraries on.
function(svhn_room NAME)
  cmake_parse_arguments(ROOM "TORCH" "" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT ROOM_SOURCES)
    add_library(svhn_${NAME} INTERFACE)
    target_link_libraries(svhn_${NAME} INTERFACE svhn_flags ${ROOM_LIBRARIES})
  else()
    add_library(svhn_${NAME} STATIC ${ROOM_SOURCES})
    target_link_libraries(svhn_${NAME} PUBLIC svhn_flags ${ROOM_LIBRARIES})
    if(ROOM_TORCH)
      target_link_libraries(svhn_${NAME} PUBLIC svhn_torch)
      svhn_torch_headers(svhn_${NAME})
    else()
      svhn_plain_headers(svhn_${NAME})
    endif()
  endif()
  add_library(svhn::${NAME} ALIAS svhn_${NAME})
endfunction()

# svhn_precompile(TARGET OWNER headers...): OWNER compiles the headers once, every other target takes its file.
function(svhn_precompile TARGET OWNER)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${TARGET} PRIVATE -fpch-preprocess)  # ccache insists on it
  endif()
  if("${TARGET}" STREQUAL "${OWNER}")
    target_precompile_headers(${TARGET} PRIVATE ${ARGN})
  else()
    target_precompile_headers(${TARGET} REUSE_FROM ${OWNER})
  endif()
endfunction()

# One precompiled header for every target that speaks to LibTorch.
function(svhn_torch_headers TARGET)
  svhn_precompile(${TARGET} svhn_compute <torch/types.h> <torch/csrc/autograd/custom_function.h> <nlohmann/json.hpp>
                  <spdlog/spdlog.h>)
endfunction()

# One for the rooms that do not, and one with the parser for the command line's.
function(svhn_plain_headers TARGET)
  if("${TARGET}" STREQUAL "svhn_cli")
    svhn_precompile(${TARGET} svhn_cli <CLI/App.hpp> <CLI/Config.hpp> <CLI/Formatter.hpp> <nlohmann/json.hpp>)
  else()
    svhn_precompile(${TARGET} svhn_core <nlohmann/json.hpp> <algorithm> <filesystem> <functional> <map> <memory>)
  endif()
endfunction()
