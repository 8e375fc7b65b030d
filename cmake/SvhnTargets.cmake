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
    endif()
  endif()
  add_library(svhn::${NAME} ALIAS svhn_${NAME})
endfunction()

# One precompiled header for every target that speaks to LibTorch.
function(svhn_torch_headers TARGET)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${TARGET} PRIVATE -fpch-preprocess)  # ccache insists on it
  endif()
  if("${TARGET}" STREQUAL "svhn_compute")
    target_precompile_headers(${TARGET} PRIVATE
      <torch/types.h> <torch/csrc/autograd/custom_function.h> <nlohmann/json.hpp>)
  else()
    target_precompile_headers(${TARGET} REUSE_FROM svhn_compute)
  endif()
endfunction()
