# The helpers that the folders' CMakeLists.txt are written with.

# mote_layer(NAME SOURCES a.c ... [LINKS other-layer-or-library ...])
# A room of the product: a static library whose includes are relative to the root.
function(mote_layer name)
	cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
	add_library(${name} STATIC ${ARG_SOURCES})
	target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
	target_link_libraries(${name} PUBLIC mote_options ${ARG_LINKS})
endfunction()

# mote_unit_test(NAME SOURCES a_test.c ... [LINKS layer ...])
# A Check program test-NAME, run by ctest with the label "unit".
function(mote_unit_test name)
	if(NOT MOTE_TESTS)
		return()
	endif()
	cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
	list(TRANSFORM ARG_SOURCES PREPEND ${PROJECT_SOURCE_DIR}/test/unit/)
	add_executable(test-${name} ${ARG_SOURCES})
	target_include_directories(test-${name} PRIVATE ${PROJECT_SOURCE_DIR})
	target_link_libraries(test-${name} PRIVATE mote_options ${ARG_LINKS} ${CHECK_LIBRARIES})
	add_test(NAME unit/${name} COMMAND test-${name})
	# Tests assert no times: Check's own limit is only there to end one that hangs, on a busy machine too.
	set_tests_properties(unit/${name} PROPERTIES LABELS unit TIMEOUT 300 ENVIRONMENT CK_DEFAULT_TIMEOUT=60)
endfunction()

# mote_fuzz_target(NAME SOURCES fuzz_a.c ... [LINKS layer ...])
# A libFuzzer program fuzz-NAME; only with MOTE_FUZZ (clang).
function(mote_fuzz_target name)
	if(NOT MOTE_FUZZ)
		return()
	endif()
	cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
	list(TRANSFORM ARG_SOURCES PREPEND ${PROJECT_SOURCE_DIR}/test/fuzz/)
	add_executable(fuzz-${name} ${ARG_SOURCES})
	target_include_directories(fuzz-${name} PRIVATE ${PROJECT_SOURCE_DIR})
	target_link_libraries(fuzz-${name} PRIVATE mote_options ${ARG_LINKS})
	target_link_options(fuzz-${name} PRIVATE -fsanitize=fuzzer)
	set_property(GLOBAL APPEND PROPERTY MOTE_FUZZ_TARGETS fuzz-${name})
endfunction()
