# tests.mk - the tests; included by the Makefile, which it shares its variables with.

# ---- Unit tests: each tests/unit/*/check_X.c is a program ----------------------------------------

CORE_TESTS = $(patsubst check_%.c,%,$(notdir $(wildcard tests/unit/core/check_*.c \
               tests/unit/values/check_*.c)))
# check_X.c tests runtime/**/X.c.
TESTS   = $(patsubst check_%.c,%,$(notdir $(wildcard tests/unit/*/check_*.c)))
CHECK   = -std=gnu11 -Wall -Wextra -Wshadow -Werror -Iruntime -I$(GEN) -Itests/unit -Itests/tools \
          -I$(BUILD)/routes
LIBS    = -lcheck -lsubunit -lm -lrt -lpthread
# A program by one command; its sources, archives and libraries follow.
PROGRAM_OF = $(CC) $(CHECK) -MMD -MP -MF $@.d $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@

RUN     = # what runs a program of another machine

#: check            the unit tests
check: $(patsubst %,check-%,$(filter-out kernel,$(TESTS))) check-errors

check-%: $(BUILD)/tests/check_%
	$(RUN) $<

vpath check_%.c $(wildcard tests/unit/*)
$(BUILD)/tests/check_%: check_%.c $(SERVER) $(CORE) $(BUILD)/flags
	@mkdir -p $(@D)
	$(PROGRAM_OF) $(filter %.c %.o,$^) $(filter %.a,$^) $(LIBS)

$(BUILD)/tests/check_route: $(BUILD)/routes/demo_routes.o
$(BUILD)/tests/check_serve: $(filter-out %/main.o,$(PROGRAM))
$(BUILD)/tests/check_serve: LIBS += -Wl,--wrap=sw_server_close

# kernel_faults.h comes between the server and the system calls that the archive imports: each
# import is wrapped there, or named as one that makes no call which can fail.
KERNEL = tests/unit/kernel_faults.h
WRAPPED = $(shell sed -n 's/^WRAP_BYTES.\([a-z0-9_]*\),.*/\1/p; t; \
    s/^WRAP.[^,]*, \([a-z0-9_]*\),.*/\1/p' $(KERNEL)) accept4 close epoll_ctl fopen pthread_create
$(BUILD)/tests/check_kernel: LIBS += $(WRAPPED:%=-Wl,--wrap=%)

#: check-kernel     each system call of the server fails, at each site; SW_TABLE=1 lists them
check-kernel: $(BUILD)/kernel-imports
$(BUILD)/kernel-imports: $(SERVER) $(KERNEL)
	@printf '%s\n' $(WRAPPED) $$(sed -n 's/^ \* FREE://p' $(KERNEL)) > $@.known
	@! $(NM) -u $< | sed -n 's/^ *U \([a-z][a-z0-9_]*\)$$/\1/p' | grep -v '^sw_' | sort -u | \
	    grep -vxFf $@.known # a system call that no test makes fail
	@touch $@

$(BUILD)/tests/check_options: \
    $(addprefix $(BUILD)/runtime/program/,options.o number.o owner.o help.o)
$(BUILD)/tests/check_dispatch $(BUILD)/tests/check_target: \
    $(BUILD)/routes/demo_routes.o $(BUILD)/routes/demo_dispatch.o

$(BUILD)/routes/%.o: $(BUILD)/routes/%.c $(BUILD)/flags
	$(COMPILE) -c -o $@ $<

$(BUILD)/routes/demo_dispatch.c: $(BUILD)/routes/demo_routes.c ;
$(BUILD)/routes/demo_routes.c: tests/tools/demo.routes grammar/routes.awk grammar/route.re \
                                $(GRAMMAR)
	$(MAKE) --no-print-directory routes ROUTES=$< PREFIX=demo OUT=$(@D)

#: check-errors     mistakes in a grammar are reported with file and line
check-errors:
	sh tests/tools/grammar_errors.sh $(BUILD)/grammar_errors

#: check-awk        every awk makes the same bytes
check-awk: fresh $(BUILD)/shockwave
	@sh tests/tools/need.sh mawk gawk busybox original-awk
	@$(MANUAL) > $(BUILD)/help
	@sh tests/tools/awk_bytes.sh $(RULES) $(BUILD)/help

# check_alloc_core counts in the core, alloc_server in a server in its steady state.
#: check-alloc      no allocation in a million requests
check-alloc: check-alloc_core $(BUILD)/alloc_server $(BUILD)/load
	@sh tests/tools/need.sh python3 strace
	@BUILD=$(BUILD) python3 tests/system/alloc.py

# The core archive refers to these five functions alone, and each name that it defines begins with
# sw_.  Flags of the caller or of the compiler may add other names (-fstack-protector,
# -D_FORTIFY_SOURCE, sanitizers, -pg): then a build without them is checked.
PLAIN     = -O2 -fno-stack-protector -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=0 -fno-sanitize=all
strangers = { $(NM) -u $(1) | grep -E '^ *U ' | \
              grep -vE ' (sw_|mem(cpy|move|set|cmp|chr)$$|_GLOBAL_OFFSET_TABLE_)'; \
              $(NM) -g --defined-only $(1) | grep -E '^[0-9a-f]+ ' | grep -v ' sw_'; } | grep .

#: check-core       the core archive links to mem* alone
check-core: $(CORE)
	@! $(call strangers,$<) > $<.strangers || { \
	    $(MAKE) --no-print-directory BUILD=$(BUILD)/plain CPPFLAGS= CFLAGS="$(PLAIN)" \
	        $(BUILD)/plain/$(<F) && ! $(call strangers,$(BUILD)/plain/$(<F)); }
	@! $(NM) $< | grep -w sw_paths # the counters of tests are not in it
	@echo "the core links to nothing"

# A core that counts its paths (runtime/base/path.h) parses usual messages.
#: check-paths      usual messages take the fast path
check-paths:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/paths CPPFLAGS="$(CPPFLAGS) -DSW_COUNT_PATHS" \
	    $(BUILD)/paths/check_paths
	$(BUILD)/paths/check_paths

$(BUILD)/check_paths: tests/tools/paths.c $(CORE)
	$(PROGRAM_OF) $(filter %.c %.a,$^) $(LIBS)

# Every rule that compiles or links obeys the caller's flags.  Nothing is built for it.
FLAGGED = all $(TESTS:%=$(BUILD)/tests/check_%) case-runner probe-server $(EXAMPLES) $(TRIALS) \
          $(BUILD)/alloc_server $(PARSERS) $(BUILD)/parsers/parsers $(FUZZERS) $(BENCH_PROGRAMS) \
          check-readme check-extend

#: check-flags      every rule obeys CPPFLAGS, CFLAGS and LDFLAGS
check-flags:
	@sh tests/tools/need.sh python3 node-llhttp
	@python3 tests/tools/flags.py $(BUILD)/unbuilt $(patsubst $(BUILD)/%,$(BUILD)/unbuilt/%,$(FLAGGED))

# gcc reports the stack of each function and its callees, objdump which calls are jumps.  A compiler
# cache would keep the object and lose the file that gcc writes beside it.
HEADERS = $(wildcard runtime/*.h runtime/*/*.h runtime/*/*/*.h $(GEN)/*.h)

vpath %.c runtime/base runtime/core runtime/core/simd runtime/values

STACK = $(patsubst %,$(BUILD)/stack/%.ci,$(notdir $(basename $(CORE_SRC))) \
          $(CORE_GEN:$(GEN)/%.c=gen-%))

#: check-stack      the deepest stack of each public function
check-stack: $(STACK)
	@objdump -dr --no-show-raw-insn $(STACK:.ci=.o) | $(AWK) -v max=1152 -f tests/tools/stack.awk \
	    runtime/shockwave.h runtime/shockwave_values.h $^ -

$(BUILD)/stack/gen-%.ci: $(GEN)/%.c $(HEADERS)
	@mkdir -p $(@D)
	CCACHE_DISABLE=1 gcc -O2 -std=c11 -Iruntime -I$(GEN) -fcallgraph-info=su -c -o $(@:.ci=.o) $<

$(BUILD)/stack/%.ci: %.c $(HEADERS)
	@mkdir -p $(@D)
	CCACHE_DISABLE=1 gcc -O2 -std=c11 -Iruntime -I$(GEN) -fcallgraph-info=su -c -o $(@:.ci=.o) $<

#: check-style      lines, tabs, length, format, and the field's own words
check-style:
	@sh tests/tools/need.sh python3 clang-format
	@python3 tests/tools/style.py

#: check-misuse-compile  what the public headers make impossible does not compile
check-misuse-compile:
	@sh tests/tools/misuse.sh $(CC) $(WARN) $(CPPFLAGS) $(CFLAGS) -Iruntime -I$(GEN)

#: check-layers     folders look downwards; no circle of includes, nor of calls in server/
check-layers: $(SERVER)
	@sh tests/tools/need.sh python3
	@python3 tests/tools/layers.py $(BUILD)/runtime/server $(NM)

# The base grammar's ids, each with its number, must all be there in the extended one.
EXTEND = GRAMMAR="grammar/http.grammar tests/tools/extra.grammar" GEN=$(BUILD)/extend/gen \
         BUILD=$(BUILD)/extend
ids    = grep -o 'SW_[A-Z0-9_]* = [0-9]*' $(1)/shockwave_words.h | grep -v _COUNT

#: check-extend     words of an application keep the ids of the base
check-extend:
	@$(MAKE) --no-print-directory gen $(EXTEND)
	@$(MAKE) --no-print-directory archives $(EXTEND)
	@$(MAKE) --no-print-directory check-words $(EXTEND)
	$(CC) $(WARN) -Iruntime -I$(BUILD)/extend/gen $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) \
	    -o $(BUILD)/extend/extend tests/tools/extend.c $(BUILD)/extend/libshockwave.a
	$(BUILD)/extend/extend
	@$(call ids,$(BUILD)/extend/gen) > $(BUILD)/extend/ids
	@! $(call ids,$(GEN)) | grep -vxFf $(BUILD)/extend/ids
	@echo "new words are known, old ids did not move"

# ---- Cases: one JSON object a line ---------------------------------------------------------------

#: case-runner      the runner of check-cases
case-runner: $(BUILD)/case_runner
$(BUILD)/case_runner: tests/tools/case_runner.c $(CORE) $(BUILD)/flags
	@sh tests/tools/need.sh libjansson-dev
	$(PROGRAM_OF) $(filter %.c %.a,$^) -ljansson

#: check-cases      message cases, from files
check-cases: $(BUILD)/case_runner
	$(RUN) $< < tests/cases/parser_cases.jsonl

#: probe-server     the server that check-probe asks
probe-server: $(BUILD)/probe_server
$(BUILD)/probe_server: tests/system/probe_server.c $(SERVER) $(CORE) $(BUILD)/flags
	$(PROGRAM_OF) $(filter %.c %.a,$^)

#: check-probe      server cases, over sockets
check-probe: $(BUILD)/probe_server
	@sh tests/tools/need.sh python3
	@sh tests/system/probe.sh $<

# The examples are built, and talk to each other, to curl and to nginx.
EXAMPLES = $(patsubst tests/examples/example_%.c,$(BUILD)/examples/%,\
             $(wildcard tests/examples/example_*.c))

$(BUILD)/examples/%: tests/examples/example_%.c $(CORE) $(BUILD)/flags
	@mkdir -p $(@D)
	@$(if $(filter uv,$*),sh tests/tools/need.sh libuv1-dev)
	$(PROGRAM_OF) $(filter %.c %.a,$^) \
	    $(if $(filter uv,$*),-luv)

#: check-examples   the example programs, with curl and nginx
check-examples: $(EXAMPLES) $(BUILD)/shockwave
	@RUNLEVEL=1 sh tests/tools/need.sh curl nginx-light python3 # no service is to be started
	@sh tests/examples/examples.sh $(BUILD)

#: check-program    the commands of the program
check-program: $(BUILD)/shockwave
	@sh tests/tools/need.sh python3
	@sh tests/system/program.sh $<
	@python3 tests/system/service.py $<

# The man page is made from what --help prints.
MANUAL = { $(BUILD)/shockwave serve --help; $(BUILD)/shockwave parse --help; }

#: man              write the man page from --help
man: $(BUILD)/shockwave
	$(MANUAL) | $(AWK) -f runtime/program/manual.awk > runtime/program/shockwave.1

#: check-options    each option of the program has its effect
check-options: $(BUILD)/shockwave
	@sh tests/tools/need.sh python3 groff
	@$(MANUAL) | $(AWK) -f runtime/program/manual.awk | diff -u runtime/program/shockwave.1 -
	@! groff -man -Tutf8 -ww -z runtime/program/shockwave.1 2>&1 | grep .
	@python3 tests/system/options.py $<

# ---- Trials: faults, idleness, replacement; each prints its figures ------------------------------

TRIALS = $(BUILD)/trial_server $(BUILD)/load

$(BUILD)/trial_server: tests/system/trial_server.c $(SERVER) $(CORE) $(BUILD)/flags
	$(PROGRAM_OF) $(filter %.c %.a,$^)

$(BUILD)/alloc_server: tests/system/alloc_server.c $(SERVER) $(CORE) $(BUILD)/flags
	$(PROGRAM_OF) $(filter %.c %.a,$^) -lpthread

$(BUILD)/load: tests/system/load.c $(BUILD)/flags
	$(PROGRAM_OF) $<

#: test-clients     curl, wrk, browsers, HAProxy and nginx as clients
test-clients: $(BUILD)/trial_server
	@RUNLEVEL=1 sh tests/tools/need.sh curl wget wrk nghttp2-client apache2-utils python3 nodejs \
	    chromium haproxy nginx-light prometheus # no service is to be started
	@BUILD=$(BUILD) PYTHONPATH=tests/system python3 tests/system/clients

#: test-scale       servers replaced under load
test-scale: $(TRIALS)
	@RUNLEVEL=1 sh tests/tools/need.sh python3 haproxy # no service is to be started
	@BUILD=$(BUILD) python3 tests/system/scale.py

#: test-faults      slow clients, resets, full disks, missing descriptors
test-faults: $(TRIALS)
	@sh tests/tools/need.sh python3
	@BUILD=$(BUILD) python3 tests/system/faults.py

# In a virtual machine where one process may not have so many descriptors here.
#: test-idle        50,000 idle connections
test-idle: $(TRIALS)
	@sh tests/tools/need.sh python3
	@if (ulimit -n 51000) 2>/dev/null; then BUILD=$(BUILD) python3 tests/system/idle.py; \
	    else BUILD=$(BUILD) sh tests/tools/machine.sh 2G python3 tests/system/idle.py; fi

# The programs in README.md are compiled as they are; only the port differs.
#: check-readme     the programs in README.md compile and run
check-readme: $(SERVER) $(CORE)
	@sh tests/tools/need.sh python3
	@rm -rf $(BUILD)/readme && mkdir -p $(BUILD)/readme
	@$(AWK) -v out=$(BUILD)/readme -f tests/tools/readme.awk README.md
	for c in $(BUILD)/readme/*.c; do \
	    $(CC) $(CHECK) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -Wl,--wrap=sw_server_open \
	        -o $${c%.c} $$c tests/tools/readme_port.c \
	        $(SERVER) $(CORE) || exit 1; done
	@python3 tests/tools/readme.py $(BUILD)/readme

# ---- Coverage: the core by its own tests; branches without a test are named with a reason --------
# The server's tests are left out: they kill processes, which may then write half a file of counts.

COVERAGE = $(BUILD)/coverage
SUITE    = $(patsubst %,check-%,$(CORE_TESTS)) check-errors check-cases

#: coverage         lines and branches of the core that no test takes
coverage:
	@sh tests/tools/need.sh gcovr check libjansson-dev python3
	@rm -rf $(COVERAGE) && mkdir -p $(COVERAGE) # notes of older sources would not merge
	@SW_SEED=9112 $(MAKE) --no-print-directory BUILD=$(COVERAGE) CC=gcc \
	    CFLAGS="-O0 -g --coverage" $(SUITE) \
	    > $(COVERAGE)/log 2>&1 || { tail -n 40 $(COVERAGE)/log; exit 1; }
	@gcovr -r . --filter runtime/ --exclude \
	    'runtime/(server|program|shockwave_s|core/simd/(head_avx512|head_neon|field_name_avx512))' \
	    --json --output $(COVERAGE)/gcovr.json $(COVERAGE)
	@python3 tests/tools/coverage.py tests/tools/coverage.txt < $(COVERAGE)/gcovr.json

# ---- Other parsers -------------------------------------------------------------------------------

# The cases as files, a folder for each kind: seeds for fuzzers.
SEEDS = $(BUILD)/seeds

$(SEEDS): tests/tools/seeds.py tests/cases/parser_cases.jsonl
	@sh tests/tools/need.sh python3
	@rm -rf $@
	python3 tests/tools/seeds.py $@ < tests/cases/parser_cases.jsonl

# http_parser and llhttp read the same messages; SW_SEED and SW_COUNT may be set.
PARSERS = $(patsubst tests/parsers/%.c,$(BUILD)/parsers/%.o,$(wildcard tests/parsers/*.c)) \
        $(patsubst %,$(BUILD)/parsers/llhttp-%.o,api http llhttp)

#: check-parsers    differences from http_parser and llhttp
check-parsers: $(SEEDS)
	@sh tests/tools/need.sh libhttp-parser-dev node-llhttp
	@$(MAKE) --no-print-directory $(BUILD)/parsers/parsers
	$(BUILD)/parsers/parsers tests/parsers/differences.txt tests/parsers/refusals.txt $(SEEDS)/*

$(BUILD)/parsers/parsers: $(PARSERS) $(CORE)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lhttp_parser

# llhttp in its strict mode, which is nearest to this parser.
$(BUILD)/parsers/llhttp-%.o: /usr/share/llhttp/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -w -DLLHTTP_STRICT_MODE=1 -I/usr/share/include/llhttp -c -o $@ $<

$(BUILD)/parsers/%.o: tests/parsers/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(CHECK) -D_GNU_SOURCE -I/usr/share/include/llhttp -MMD -MP $(CPPFLAGS) $(CFLAGS) \
	    -c -o $@ $<

# ---- Fuzzing: the core and tests/fuzz/fuzz_X.c in one, with clang's sanitizers -------------------

FUZZ_FLAGS = -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
FUZZ_TIME ?= 10
FUZZERS    = $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

#: fuzz-head        the parser under libFuzzer, for FUZZ_TIME seconds; fuzz-body, fuzz-conn
fuzz-%: $(BUILD)/fuzz/fuzz_% $(SEEDS)
	@mkdir -p $(BUILD)/fuzz/$*
	$< -max_total_time=$(FUZZ_TIME) -max_len=512 -timeout=5 -print_final_stats=1 \
	    $(BUILD)/fuzz/$* $(SEEDS)/*

$(BUILD)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(CORE_SRC) $(HEADERS) $(CORE_GEN)
	@sh tests/tools/need.sh clang libclang-rt-14-dev
	@mkdir -p $(@D)
	clang $(CHECK) -MMD -MP -MF $@.d $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(FUZZ_FLAGS) \
	    -o $@ $(filter %.c,$^)

# SIMDe replaces each AVX-512 instruction by others.
#: check-avx512     AVX-512 on a CPU without it, by SIMDe
check-avx512:
	@sh tests/tools/need.sh check libsimde-dev
	$(MAKE) --no-print-directory BUILD=$(BUILD)/simde CFLAGS="-O2 -mavx2 -mbmi2 -DSW_SIMDE -w" \
	    WARN="-std=gnu11" \
	    check-head check-head_bytes check-head_limits check-head_variants check-head_random

# ---- Sanitizers: the tests that run something, in a build for each -------------------------------
# clang's UBSan also reports arithmetic on NULL and pointers out of bounds, which gcc's does not.
# The first report ends the process; reports of servers in the background are collected at the end.
# Pools poison free slabs for AddressSanitizer, and fill them with a pattern for ThreadSanitizer.
# Random walks take a tenth of their steps, each ten times as slow.  Left out is what asserts
# amounts of memory: check_files_sent in part, check-options, and trials with figures.

SANITIZED = check check-cases check-probe check-parsers check-examples check-extend check-program \
            check-readme
ASAN      = -fsanitize=address,undefined -fno-sanitize-recover=all
TSAN      = -fsanitize=thread -DSW_DEBUG

#: check-san        the tests under sanitizers, gcc and clang
check-san: check-asan check-tsan check-asan-clang

check-asan check-asan-clang: SAN_FLAGS = $(ASAN)
check-tsan: SAN_FLAGS = $(TSAN)
check-asan check-tsan: SAN_CC = gcc
check-asan-clang: SAN_CC = clang
check-asan check-tsan check-asan-clang: check-%:
	@sh tests/tools/need.sh gcc clang libclang-rt-14-dev check
	@mkdir -p $(BUILD)/$* && rm -f $(BUILD)/$*/report.*
	@report=log_path=$(abspath $(BUILD)/$*/report) && \
	ASAN_OPTIONS=$$report:detect_stack_use_after_return=1 UBSAN_OPTIONS=$$report:print_stacktrace=1 \
	TSAN_OPTIONS=$$report:halt_on_error=1 SW_MESSAGES=100000 SW_COUNT=100000 \
	CK_TIMEOUT_MULTIPLIER=10 $(MAKE) --no-print-directory BUILD=$(BUILD)/$* CC=$(SAN_CC) \
	    CFLAGS="-O1 -g -fno-omit-frame-pointer $(SAN_FLAGS)" $(SANITIZED)
	@! cat $(BUILD)/$*/report.* 2>/dev/null | grep .
	@echo "$@: no report"

# ---- Other machines: the core and its tests, run by an emulator ----------------------------------
# arm64 for NEON, s390x for big-endian.  Libraries of the tests are unpacked, not installed.
# check_alloc_core.c replaces malloc(), which a static C library does not allow.

FOREIGN = $(filter-out check-alloc%,$(CORE_TESTS:%=check-%)) check-cases \
          check-core

# $(call foreign,Debian's name for it,GNU's,qemu's)
define foreign
	@sh tests/tools/need.sh gcc-$(2) libc6-dev-$(1)-cross qemu-user libjansson-dev
	@sh tests/tools/foreign.sh $(1) $(BUILD)/$(1)/root check libsubunit-dev libjansson-dev
	+$(MAKE) --no-print-directory BUILD=$(BUILD)/$(1) CC=$(2)-gcc AR=$(2)-ar NM=$(2)-nm \
	    RUN="CK_TIMEOUT_MULTIPLIER=20 qemu-$(3)" CFLAGS="$(CFLAGS) -static \
	    -isystem $(BUILD)/$(1)/root/usr/include -L$(BUILD)/$(1)/root/usr/lib/$(2)" $(FOREIGN)
endef

#: check-arm64      the core on arm64, by qemu
check-arm64:
	$(call foreign,arm64,aarch64-linux-gnu,aarch64)

#: check-bigendian  the core on s390x, by qemu
check-bigendian:
	$(call foreign,s390x,s390x-linux-gnu,s390x)

# ---- Everything ----------------------------------------------------------------------------------

# All packages at once, as two apt-get do not wait for each other; RUNLEVEL=1 keeps services from
# starting.  Programs are built two at a time and run three at a time, since half of them only wait.

TEST_DEBS = re2c gperf check libjansson-dev python3 libhttp-parser-dev node-llhttp libuv1-dev curl \
            nginx-light groff mawk gawk busybox original-awk
COMPILED  = all $(TESTS:%=$(BUILD)/tests/check_%) case-runner probe-server $(EXAMPLES) $(STACK) \
            $(SEEDS) $(BUILD)/parsers/parsers
TESTED    = check-extend check-options check check-cases check-probe check-parsers check-examples \
            check-gen check-awk check-core check-paths check-flags check-stack check-layers \
            check-program check-readme check-misuse-compile

#: test             every test; installs the Debian packages that it needs with apt-get
test:
	@echo "make test installs missing Debian packages by apt-get: $(TEST_DEBS)"
	@RUNLEVEL=1 sh tests/tools/need.sh $(TEST_DEBS)
	$(MAKE) --no-print-directory -j2 $(COMPILED)
	$(MAKE) --no-print-directory -j3 --output-sync=target $(TESTED)

.PHONY: check-style check check-errors check-awk check-alloc check-core check-paths check-flags \
        check-stack \
        check-layers check-misuse-compile check-extend case-runner check-cases probe-server check-probe \
        check-examples check-program man check-options test-clients test-scale test-faults \
        test-idle check-readme coverage check-parsers check-avx512 check-san check-asan \
        check-asan-clang check-tsan check-arm64 check-bigendian test
