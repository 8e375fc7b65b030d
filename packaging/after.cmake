# Run by CPack when it has made its packages. Takes the scripts out that it adds to Debian's packages of libraries: since
# 2015 a trigger does what they did.
foreach(package ${CPACK_PACKAGE_FILES})
  if(package MATCHES "[.]deb$")
    execute_process(COMMAND "${CMAKE_CURRENT_LIST_DIR}/without_scripts.sh" "${package}" COMMAND_ERROR_IS_FATAL ANY)
  endif()
endforeach()
