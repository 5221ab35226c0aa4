# One library a folder; one test program a folder.

# proxima_library(gslb_dns DEPS gslb_base PRIVATE_DEPS ldns): every .cc of the folder.
function(proxima_library name)
  cmake_parse_arguments(ARG "" "" "DEPS;PRIVATE_DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${ARG_DEPS} ${ARG_PRIVATE_DEPS})
  endif()
endfunction()

# proxima_test(gslb_dns): builds every .cc of this folder into test_gslb_dns and registers each
# TEST with ctest.  TEST_SOURCE_DIR, TEST_BINARY_DIR and SHARED_DATA_DIR are string macros.
function(proxima_test library)
  cmake_parse_arguments(ARG "" "" "DEPS;LABELS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  if(NOT sources OR PROXIMA_FUZZ)
    return()
  endif()
  set(name test_${library})
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE ${library} ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE
    TEST_SOURCE_DIR="${CMAKE_SOURCE_DIR}" TEST_BINARY_DIR="${CMAKE_BINARY_DIR}"
    SHARED_DATA_DIR="${PROXIMA_SHARED_DATA}")
  gtest_discover_tests(${name} TEST_PREFIX "${library}." DISCOVERY_MODE PRE_TEST
    PROPERTIES TIMEOUT 120 LABELS "unit;${ARG_LABELS}")
endfunction()

# proxima_fuzz(query_parser DEPS gslb_dns): tests/fuzz/query_parser.cc defines
# LLVMFuzzerTestOneInput.  In the fuzz preset it becomes fuzz_query_parser; in every other preset
# its corpus (tests/fuzz/corpus/query_parser) is replayed as an ordinary test.
function(proxima_fuzz name)
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  set(corpus ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name})
  add_executable(fuzz_${name} ${name}.cc)
  target_link_libraries(fuzz_${name} PRIVATE ${ARG_DEPS})
  if(PROXIMA_FUZZ)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(fuzz_${name} PRIVATE replay_main.cc)
    add_test(NAME fuzz_replay.${name} COMMAND fuzz_${name} ${corpus})
    set_tests_properties(fuzz_replay.${name} PROPERTIES TIMEOUT 120 LABELS unit)
  endif()
endfunction()
