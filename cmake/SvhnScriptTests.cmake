# Tests of the development scripts themselves.
find_package(Python3 COMPONENTS Interpreter)
if(Python3_Interpreter_FOUND)
  add_test(NAME layers COMMAND "${Python3_EXECUTABLE}" "${PROJECT_SOURCE_DIR}/scripts/check_layers")
  add_test(NAME layers_self_test
           COMMAND "${Python3_EXECUTABLE}" "${PROJECT_SOURCE_DIR}/scripts/check_layers" --self-test)
  set_tests_properties(layers layers_self_test PROPERTIES LABELS unit TIMEOUT 60)
endif()
find_program(SVHN_CURL curl)
if(SVHN_CURL)
  add_test(NAME fetch_data COMMAND bash "${PROJECT_SOURCE_DIR}/tests/cli/fetch_data_test.sh")
  set_tests_properties(fetch_data PROPERTIES LABELS cli TIMEOUT 60)
endif()
