# The libraries of the project; third_party/README.md gives the reason for each.
find_program(SVHN_CCACHE ccache)
if(SVHN_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Without these settings, ccache does not cache files that use a precompiled header. In depend mode it reads the
  # list of headers that the compiler writes and does not preprocess each source first.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env CCACHE_DEPEND=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime "${SVHN_CCACHE}")
endif()

find_package(Threads REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json 3.9 REQUIRED)
find_package(spdlog REQUIRED)
find_path(XXHASH_INCLUDE_DIR xxhash.h REQUIRED)
find_library(XXHASH_LIBRARY xxhash REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_path(MATIO_INCLUDE_DIR matio.h REQUIRED)
find_library(MATIO_LIBRARY matio REQUIRED)
find_path(HDF5_INCLUDE_DIR hdf5.h PATH_SUFFIXES hdf5/serial REQUIRED)
find_library(HDF5_LIBRARY NAMES hdf5_serial hdf5 REQUIRED)
find_path(LIBZIP_INCLUDE_DIR zip.h REQUIRED)  # Its CMake package needs programs of other Debian packages.
find_library(LIBZIP_LIBRARY zip REQUIRED)
find_path(CAIRO_INCLUDE_DIR cairo.h PATH_SUFFIXES cairo REQUIRED)
find_library(CAIRO_LIBRARY cairo REQUIRED)

find_path(ONNX_INCLUDE_DIR onnx/onnx_pb.h REQUIRED)
find_library(ONNX_PROTO_LIBRARY onnx_proto REQUIRED)
find_library(PROTOBUF_LIBRARY protobuf REQUIRED)

# Libraries without a CMake package.
function(svhn_library NAME INCLUDE LIBRARY)
  add_library(${NAME} INTERFACE)
  target_include_directories(${NAME} SYSTEM INTERFACE ${INCLUDE})
  target_link_libraries(${NAME} INTERFACE ${LIBRARY})
endfunction()
svhn_library(svhn_xxhash "${XXHASH_INCLUDE_DIR}" "${XXHASH_LIBRARY}")
svhn_library(svhn_matio "${MATIO_INCLUDE_DIR}" "${MATIO_LIBRARY}")
svhn_library(svhn_hdf5 "${HDF5_INCLUDE_DIR}" "${HDF5_LIBRARY}")
svhn_library(svhn_zip "${LIBZIP_INCLUDE_DIR}" "${LIBZIP_LIBRARY}")
svhn_library(svhn_cairo "${CAIRO_INCLUDE_DIR}" "${CAIRO_LIBRARY}")
# ONNX' messages alone, not its operators. LibTorch has those of its own in another namespace.
svhn_library(svhn_onnx "${ONNX_INCLUDE_DIR}" "${ONNX_PROTO_LIBRARY};${PROTOBUF_LIBRARY}")
target_compile_definitions(svhn_onnx INTERFACE ONNX_ML=1 ONNX_NAMESPACE=onnx)
find_package(ZLIB REQUIRED)  # MATLAB files: formats/mat checks the checksums of the compressed arrays.
target_link_libraries(svhn_matio INTERFACE ZLIB::ZLIB)
find_path(GNUPLOT_IOSTREAM_INCLUDE_DIR gnuplot-iostream.h REQUIRED)  # Charts; it needs Boost.
find_package(Boost 1.46 REQUIRED COMPONENTS iostreams filesystem)
svhn_library(svhn_gnuplot "${GNUPLOT_IOSTREAM_INCLUDE_DIR}" "Boost::iostreams;Boost::filesystem")

if(SVHN_ENGINE)
  include(SvhnOpenCV)
  include(SvhnTorch)
  include(SvhnProcesses)
endif()
if(SVHN_TESTS)
  find_package(GTest REQUIRED)
endif()
