# Shockwave.  A C compiler and GNU make build it; re2c, gperf and awk are for changing the grammar.
#
#   make run           build and serve on 127.0.0.1:8080
#   make test          install what the tests need, then run every one
#
#   make               archives and program     make gen           rewrite gen/ from grammar/
#   make check         the tests in C           make check-gen     is gen/ what grammar/ says?
#   make check-words   tests/unit/core/check_words.c      make check-core    the core links to nothing
#   make install       to $(DESTDIR)$(prefix)   make check-layers  no file looks upwards
#   make clean         remove $(BUILD)          make check-extend  words from out of tree
#   make check-cases   message cases, files     make check-probe   server cases, over sockets
#   make case-runner   the runner of the former make probe-server  the server of the latter
#   make check-program the program's commands
#   make check-parsers   against other parsers    make check-stack   how deep the core goes
#   make coverage      what no test takes       make fuzz-head     fuzz-body, fuzz-conn: for 10 s
#   make check-san     all tests, sanitized: check-asan and check-tsan by gcc, check-asan-clang
#   make check-alloc   a million requests, 0 allocations
#   make check-paths   usual messages take the short cuts
#   make test-idle     50,000 idle connections  make test-faults   what goes wrong in the world
#   make check-avx512  AVX-512 without the CPU  make check-examples  programs to learn from
#   make check-arm64   on arm64, by qemu        make check-bigendian  on s390x, likewise
#   make check-bench   the tools that measure, on partial results and in short runs
#   make bench         against other parsers, in one interleaved run; the rest is in bench/bench.mk
#   make check-examples   tests/examples/example_*.c, with curl and nginx
#   make check-awk        every awk makes the same bytes
#   make check-flags      every rule obeys CPPFLAGS, CFLAGS and LDFLAGS
#   make check-options    each option of the program, and what README and man page say of it
#   make man              the man page from --help
#   make test-clients  what others ask with      make test-scale    servers replaced under load
#
# Words of your own, without a fork (the base grammar comes first, so its ids never move):
#
#   make gen GRAMMAR="grammar/http.grammar my.grammar" GEN=my/gen BUILD=my/build
#   make     GEN=my/gen BUILD=my/build
#
# Routes of your own become OUT/my_routes.[hc], and my_dispatch.[hc] to serve by them:
#
#   make routes ROUTES=my.routes PREFIX=my OUT=src

GRAMMAR ?= grammar/http.grammar
GEN     ?= gen
BUILD   ?= build

ROUTES  ?= tests/tools/demo.routes
PREFIX  ?= demo
OUT     ?= $(BUILD)/routes

CC      ?= cc
AR      ?= ar
NM      ?= nm
AWK     ?= awk
RE2C    ?= re2c
GPERF   ?= gperf
CFLAGS  ?= -O2 -g
# CPPFLAGS, CFLAGS and LDFLAGS follow what is here, in every rule: the last of two options counts.

prefix  ?= /usr/local
WARN     = -std=c11 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Werror
export LC_ALL = C

all: archives $(BUILD)/shockwave

# ---- gen/ ----------------------------------------------------------------------------------------
# Every tool writes to stdout (re2c -o would leave mode 0600, gperf would put names into its
# banner), into a scratch folder, and the whole set replaces gen/ only once all of it was made.

RULES    = $(BUILD)/rules
FRESH    = $(BUILD)/fresh
lexicon  = $(AWK) -v emit=$(1) -f grammar/words.awk $(GRAMMAR)
classes  = $(AWK) -v emit=$(1) -f grammar/classes.awk grammar/byte.classes
scan     = $(RE2C) -W -Werror -i --no-generation-date --no-version -I $(RULES)
SCANNERS = $(filter-out route,$(patsubst grammar/%.re,%,$(wildcard grammar/*.re)))
MADE_BY  = $$($(RE2C) --version) / $$($(GPERF) --version | sed -n '1s/GNU //p')

fresh:
	@rm -rf $(FRESH) $(RULES) && mkdir -p $(FRESH) $(RULES)
	$(call lexicon,enums)        > $(FRESH)/shockwave_words.h
	$(call lexicon,names)        > $(FRESH)/words.c
	$(call lexicon,docs)         > $(FRESH)/words.md
	$(call lexicon,method.first) > $(FRESH)/method_first.h
	$(call lexicon,method.rules) > $(RULES)/method.rules
	$(call lexicon,status.rules) > $(RULES)/status.rules
	$(call lexicon,media.rules)  > $(RULES)/media.rules
	$(call lexicon,header.keys)  > $(RULES)/header.keys
	cat grammar/header.gperf $(RULES)/header.keys > $(RULES)/header.gperf
	$(GPERF) -m 10 -k 1,2 < $(RULES)/header.gperf > $(RULES)/header.gperf.c
	$(AWK) -v emit=hash -f grammar/hash.awk $(RULES)/header.gperf.c > $(FRESH)/header_hash.h
	$(AWK) -v emit=tables -f grammar/hash.awk $(RULES)/header.gperf.c > $(FRESH)/header.c
	$(call classes,header)  > $(FRESH)/byte_classes.h
	$(call classes,tables)  > $(FRESH)/byte_classes.c
	$(call classes,nibbles) > $(FRESH)/byte_nibbles.h
	for s in $(SCANNERS); do $(scan) grammar/$$s.re > $(FRESH)/$$s.c || exit 1; done
	@$(MAKE) --no-print-directory routes ROUTES=runtime/program/demo.routes PREFIX=sw_demo OUT=$(FRESH)
	@echo "$(MADE_BY)" > $(FRESH)/made-by

gen: fresh
	@mkdir -p $(GEN) && rm -f $(GEN)/* && cp $(FRESH)/* $(GEN)/

# Other versions of the tools may write other bytes for the same tables: test those instead.
check-gen: fresh
	@if cmp -s $(GEN)/made-by $(FRESH)/made-by; then \
	    diff -ru $(GEN) $(FRESH) && echo "gen/ is what grammar/ says"; \
	else \
	    echo "gen/ was made by $$(cat $(GEN)/made-by), here is $(MADE_BY): testing fresh tables" && \
	    $(MAKE) --no-print-directory check GEN=$(FRESH) BUILD=$(BUILD)/fresh-build; \
	fi

# ---- Routes --------------------------------------------------------------------------------------

ROUTE   = $(BUILD)/rules-routes-$(PREFIX)
UPPER   = $(shell printf %s '$(PREFIX)' | tr a-z A-Z)
router  = $(AWK) -v emit=$(1) -v prefix=$(PREFIX) -f grammar/routes.awk $(GRAMMAR) $(ROUTES)

routes:
	@rm -rf $(ROUTE) && mkdir -p $(ROUTE) $(OUT)
	$(call router,header) > $(ROUTE)/$(PREFIX)_routes.h
	$(call router,tables) > $(ROUTE)/route.tables
	$(call router,rules)  > $(ROUTE)/route.rules
	sed 's/PREFIX/$(PREFIX)/g; s/UPPER/$(UPPER)/g' grammar/route.re > $(ROUTE)/route.re
	$(RE2C) -W -Werror -i --no-generation-date --no-version -I $(ROUTE) $(ROUTE)/route.re \
	    > $(ROUTE)/$(PREFIX)_routes.c
	$(call router,dispatch.h) > $(ROUTE)/$(PREFIX)_dispatch.h
	$(call router,dispatch.c) > $(ROUTE)/$(PREFIX)_dispatch.c
	cp $(ROUTE)/$(PREFIX)_*.[hc] $(OUT)/

# ---- The archives --------------------------------------------------------------------------------

SERVER_SRC = $(wildcard runtime/server/*.c)
CORE_SRC   = $(wildcard runtime/base/*.c runtime/core/*.c runtime/core/simd/*.c runtime/values/*.c)
CORE_GEN   = $(filter-out $(GEN)/sw_demo_%,$(wildcard $(GEN)/*.c))
CORE       = $(BUILD)/libshockwave.a
SERVER     = $(if $(SERVER_SRC),$(BUILD)/libshockwave_server.a)
# clang makes bcmp of a memcmp that is only asked whether; the core has no other name to link to.
COMPILE    = $(CC) $(WARN) -fno-builtin-bcmp -MMD -MP -Iruntime -I$(GEN) $(CPPFLAGS) $(CFLAGS) $(OWN)

archives: $(CORE) $(SERVER)

# Objects depend on this file, which changes when the flags do.
FLAGS = $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS)
ifneq ($(strip $(FLAGS)),$(strip $(shell cat $(BUILD)/flags 2>/dev/null)))
$(BUILD)/flags: always
endif
$(BUILD)/flags:
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(FLAGS))' > $@

$(CORE): $(CORE_GEN:$(GEN)/%.c=$(BUILD)/gen-%.o) $(CORE_SRC:%.c=$(BUILD)/%.o)
$(BUILD)/libshockwave_server.a: $(SERVER_SRC:%.c=$(BUILD)/%.o)

PROGRAM = $(patsubst %.c,$(BUILD)/%.o,$(wildcard runtime/program/*.c)) \
          $(patsubst $(GEN)/%.c,$(BUILD)/gen-%.o,$(wildcard $(GEN)/sw_demo_*.c))

$(BUILD)/shockwave: $(PROGRAM) $(SERVER) $(CORE)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^

run: $(BUILD)/shockwave
	@exec $<

$(BUILD)/%.a:
	@rm -f $@
	$(AR) rcs $@ $^

# An archive knows its members by file name alone: gen/x.c and runtime/x.c must not share one.
$(BUILD)/gen-%.o: $(GEN)/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(COMPILE) -c -o $@ $<

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(COMPILE) -c -o $@ $<

# gcc 12 would gather positions into vectors before it stores them, at twice the instructions, keep
# numbers in vector registers, and compute ahead what it then has no register for; clang knows no
# such options.  OWN is what a file adds to CFLAGS, which may come from the command line.
OWN    =
BLOCKS = $(patsubst %,$(BUILD)/runtime/core/simd/head_%.o,sse42 avx2 avx512 neon)
$(BLOCKS): OWN = -fno-tree-slp-vectorize \
    $(if $(findstring clang,$(shell $(CC) --version)),,-fira-region=one -fno-tree-pre)

# Words gain by loops unrolled, which blocks do not.
$(BUILD)/runtime/core/simd/head_swar.o: OWN = $(if $(filter -O2,$(lastword $(filter -O%,$(CFLAGS)))),-O3)

install: all
	install -d $(addprefix $(DESTDIR)$(prefix)/,bin include lib share/man/man1 share/shockwave/grammar)
	install -m 755 $(BUILD)/shockwave $(DESTDIR)$(prefix)/bin
	install -m 644 runtime/program/shockwave.1 $(DESTDIR)$(prefix)/share/man/man1
	install -m 644 $(wildcard runtime/shockwave*.h) $(GEN)/shockwave_words.h \
	    $(DESTDIR)$(prefix)/include
	install -m 644 $(CORE) $(SERVER) $(DESTDIR)$(prefix)/lib
	install -m 644 $(wildcard grammar/*) $(DESTDIR)$(prefix)/share/shockwave/grammar

# ---- Tests: every tests/check_X.c is a program of its own ------------------------------------------

CORE_TESTS = $(patsubst check_%.c,%,$(notdir $(wildcard tests/unit/core/check_*.c tests/unit/values/check_*.c)))
TESTS   = $(patsubst check_%.c,%,$(notdir $(wildcard tests/unit/*/check_*.c)))
CHECK   = -std=gnu11 -Wall -Wextra -Wshadow -Werror -Iruntime -I$(GEN) -Itests/unit -Itests/tools -I$(BUILD)/routes
LIBS    = -lcheck -lsubunit -lm -lrt -lpthread
# A program by one command; its sources, archives and libraries follow.
PROGRAM_OF = $(CC) $(CHECK) -MMD -MP -MF $@.d $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@

RUN     = # what runs a program of another machine

check: $(TESTS:%=check-%) check-errors

check-%: $(BUILD)/tests/check_%
	$(RUN) $<

vpath check_%.c $(wildcard tests/unit/*)
$(BUILD)/tests/check_%: check_%.c $(SERVER) $(CORE) $(BUILD)/flags
	@mkdir -p $(@D)
	$(PROGRAM_OF) $(filter %.c %.o,$^) $(filter %.a,$^) $(LIBS)

$(BUILD)/tests/check_route: $(BUILD)/routes/demo_routes.o
$(BUILD)/tests/check_serve: $(filter-out %/main.o,$(PROGRAM))
$(BUILD)/tests/check_serve: LIBS += -Wl,--wrap=sw_server_close
$(BUILD)/tests/check_options: $(addprefix $(BUILD)/runtime/program/,options.o number.o owner.o help.o)
$(BUILD)/tests/check_dispatch $(BUILD)/tests/check_target: \
    $(BUILD)/routes/demo_routes.o $(BUILD)/routes/demo_dispatch.o

$(BUILD)/routes/%.o: $(BUILD)/routes/%.c $(BUILD)/flags
	$(COMPILE) -c -o $@ $<

$(BUILD)/routes/demo_dispatch.c: $(BUILD)/routes/demo_routes.c ;
$(BUILD)/routes/demo_routes.c: tests/tools/demo.routes grammar/routes.awk grammar/route.re $(GRAMMAR)
	$(MAKE) --no-print-directory routes ROUTES=$< PREFIX=demo OUT=$(@D)

check-errors:
	sh tests/tools/grammar_errors.sh $(BUILD)/grammar_errors

# Every awk makes the same bytes of the same lines.
check-awk: fresh
	@sh tests/tools/need.sh mawk gawk busybox original-awk
	@sh tests/tools/awk_bytes.sh $(RULES)

# Of the core alone here; the server in steady state: alloc_server is a trial server that counts.
check-alloc: check-alloc_core $(BUILD)/alloc_server $(BUILD)/load
	@sh tests/tools/need.sh python3 strace
	@BUILD=$(BUILD) python3 tests/system/alloc.py

# The core may lean on nothing but these five, and takes no name that does not begin with sw_.  Flags
# of the caller, or the compiler's own, may add other names (-fstack-protector, -D_FORTIFY_SOURCE,
# sanitizers, -pg): then the core is looked at without them.
PLAIN     = -O2 -fno-stack-protector -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=0 -fno-sanitize=all
strangers = { $(NM) -u $(1) | grep -E '^ *U ' | \
              grep -vE ' (sw_|mem(cpy|move|set|cmp|chr)$$|_GLOBAL_OFFSET_TABLE_)'; \
              $(NM) -g --defined-only $(1) | grep -E '^[0-9a-f]+ ' | grep -v ' sw_'; } | grep .

check-core: $(CORE)
	@! $(call strangers,$<) > $<.strangers || { \
	    $(MAKE) --no-print-directory BUILD=$(BUILD)/plain CPPFLAGS= CFLAGS="$(PLAIN)" \
	        $(BUILD)/plain/$(<F) && ! $(call strangers,$(BUILD)/plain/$(<F)); }
	@! $(NM) $< | grep -w sw_paths # what tests count is not in it
	@echo "the core links to nothing"

# Do usual messages take the short cuts?  Of a core that counts the ways taken, see runtime/base/path.h.
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

check-flags:
	@sh tests/tools/need.sh python3 node-llhttp
	@python3 tests/tools/flags.py $(BUILD)/unbuilt $(patsubst $(BUILD)/%,$(BUILD)/unbuilt/%,$(FLAGGED))

# gcc knows how much stack each function takes, and whom it calls; objdump, which calls are jumps.
# A compiler cache would keep the object and lose what gcc writes beside it.
HEADERS = $(wildcard runtime/*.h runtime/*/*.h runtime/*/*/*.h $(GEN)/*.h)

vpath %.c runtime/base runtime/core runtime/core/simd runtime/values

STACK = $(patsubst %,$(BUILD)/stack/%.ci,$(notdir $(basename $(CORE_SRC))) \
          $(CORE_GEN:$(GEN)/%.c=gen-%))

check-stack: $(STACK)
	@objdump -dr --no-show-raw-insn $(STACK:.ci=.o) | $(AWK) -v max=1152 -f tests/tools/stack.awk \
	    runtime/shockwave.h runtime/shockwave_values.h $^ -

$(BUILD)/stack/gen-%.ci: $(GEN)/%.c $(HEADERS)
	@mkdir -p $(@D)
	CCACHE_DISABLE=1 gcc -O2 -std=c11 -Iruntime -I$(GEN) -fcallgraph-info=su -c -o $(@:.ci=.o) $<

$(BUILD)/stack/%.ci: %.c $(HEADERS)
	@mkdir -p $(@D)
	CCACHE_DISABLE=1 gcc -O2 -std=c11 -Iruntime -I$(GEN) -fcallgraph-info=su -c -o $(@:.ci=.o) $<

check-layers:
	@sh tests/tools/need.sh python3
	@python3 tests/tools/layers.py

# The base grammar's ids, each with its number, must all be there in the extended one.
EXTEND = GRAMMAR="grammar/http.grammar tests/tools/extra.grammar" GEN=$(BUILD)/extend/gen \
         BUILD=$(BUILD)/extend
ids    = grep -o 'SW_[A-Z0-9_]* = [0-9]*' $(1)/shockwave_words.h | grep -v _COUNT

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

# ---- Cases of other people's: one JSON object a line -----------------------------------------------

case-runner: $(BUILD)/case_runner
$(BUILD)/case_runner: tests/tools/case_runner.c $(CORE) $(BUILD)/flags
	@sh tests/tools/need.sh libjansson-dev
	$(PROGRAM_OF) $(filter %.c %.a,$^) -ljansson

check-cases: $(BUILD)/case_runner
	$(RUN) $< < tests/cases/parser_cases.jsonl

probe-server: $(BUILD)/probe_server
$(BUILD)/probe_server: tests/system/probe_server.c $(SERVER) $(CORE) $(BUILD)/flags
	$(PROGRAM_OF) $(filter %.c %.a,$^)

check-probe: $(BUILD)/probe_server
	@sh tests/tools/need.sh python3
	@sh tests/system/probe.sh $<

# Programs for newcomers to read, and what they say to each other, to curl and to nginx.
EXAMPLES = $(patsubst tests/examples/example_%.c,$(BUILD)/examples/%,$(wildcard tests/examples/example_*.c))

$(BUILD)/examples/%: tests/examples/example_%.c $(CORE) $(BUILD)/flags
	@mkdir -p $(@D)
	@$(if $(filter uv,$*),sh tests/tools/need.sh libuv1-dev)
	$(PROGRAM_OF) $(filter %.c %.a,$^) \
	    $(if $(filter uv,$*),-luv)

check-examples: $(EXAMPLES) $(BUILD)/shockwave
	@RUNLEVEL=1 sh tests/tools/need.sh curl nginx-light python3 # no service is to be started
	@sh tests/examples/examples.sh $(BUILD)

check-program: $(BUILD)/shockwave
	@sh tests/tools/need.sh python3
	@sh tests/system/program.sh $<
	@python3 tests/system/service.py $<

# What --help prints is what the man page is made of, and stands in README.md as it is.
MANUAL = { $(BUILD)/shockwave serve --help; $(BUILD)/shockwave parse --help; }

man: $(BUILD)/shockwave
	$(MANUAL) | $(AWK) -f runtime/program/manual.awk > runtime/program/shockwave.1

check-options: $(BUILD)/shockwave
	@sh tests/tools/need.sh python3 groff
	@$(MANUAL) | $(AWK) -f runtime/program/manual.awk | diff -u runtime/program/shockwave.1 -
	@! groff -man -Tutf8 -ww -z runtime/program/shockwave.1 2>&1 | grep .
	@$(BUILD)/shockwave serve --help > $(BUILD)/help
	@sed -n '/^usage: shockwave serve/,/^```$$/p' README.md | sed '$$d' | diff -u - $(BUILD)/help
	@python3 tests/system/options.py $<

# ---- Trials: faults, idleness, replacement; each prints its figures --------------------------------

TRIALS = $(BUILD)/trial_server $(BUILD)/load

$(BUILD)/trial_server: tests/system/trial_server.c $(SERVER) $(CORE) $(BUILD)/flags
	$(PROGRAM_OF) $(filter %.c %.a,$^)

$(BUILD)/alloc_server: tests/system/alloc_server.c $(SERVER) $(CORE) $(BUILD)/flags
	$(PROGRAM_OF) $(filter %.c %.a,$^) -lpthread

$(BUILD)/load: tests/system/load.c $(BUILD)/flags
	$(PROGRAM_OF) $<

test-clients: $(BUILD)/trial_server
	@RUNLEVEL=1 sh tests/tools/need.sh curl wget wrk nghttp2-client apache2-utils python3 nodejs \
	    chromium haproxy nginx-light prometheus # no service is to be started
	@BUILD=$(BUILD) PYTHONPATH=tests/system python3 tests/system/clients

test-scale: $(TRIALS)
	@RUNLEVEL=1 sh tests/tools/need.sh python3 haproxy # no service is to be started
	@BUILD=$(BUILD) python3 tests/system/scale.py

test-faults: $(TRIALS)
	@sh tests/tools/need.sh python3
	@BUILD=$(BUILD) python3 tests/system/faults.py

# On a machine of its own where so many descriptors are more than one process may have here.
test-idle: $(TRIALS)
	@sh tests/tools/need.sh python3
	@if (ulimit -n 51000) 2>/dev/null; then BUILD=$(BUILD) python3 tests/system/idle.py; \
	    else BUILD=$(BUILD) sh tests/tools/machine.sh 2G python3 tests/system/idle.py; fi

# The programs in README.md are compiled as they stand there; only the port is another one.
check-readme: $(SERVER) $(CORE)
	@sh tests/tools/need.sh python3
	@rm -rf $(BUILD)/readme && mkdir -p $(BUILD)/readme
	@$(AWK) -v out=$(BUILD)/readme -f tests/tools/readme.awk README.md
	for c in $(BUILD)/readme/*.c; do \
	    $(CC) $(CHECK) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -Wl,--wrap=sw_server_open \
	        -o $${c%.c} $$c tests/tools/readme_port.c \
	        $(SERVER) $(CORE) || exit 1; done
	@python3 tests/tools/readme.py $(BUILD)/readme

# ---- Coverage: the core by its own tests, the branches that are left by name -----------------------
# Not by those of the server: they kill processes, which then may leave half a file of counts.

COVERAGE = $(BUILD)/coverage
SUITE    = $(patsubst %,check-%,$(CORE_TESTS)) check-errors check-cases

coverage:
	@sh tests/tools/need.sh gcovr check libjansson-dev python3
	@rm -rf $(COVERAGE) && mkdir -p $(COVERAGE) # notes of older sources would not merge
	@SW_SEED=9112 $(MAKE) --no-print-directory BUILD=$(COVERAGE) CC=gcc CFLAGS="-O0 -g --coverage" $(SUITE) \
	    > $(COVERAGE)/log 2>&1 || { tail -n 40 $(COVERAGE)/log; exit 1; }
	@gcovr -r . --filter runtime/ --exclude 'runtime/(server|program|shockwave_server|core/simd/(head_avx512|head_neon|field_name_avx512))' \
	    --json --output $(COVERAGE)/gcovr.json $(COVERAGE)
	@python3 tests/tools/coverage.py tests/tools/coverage.txt < $(COVERAGE)/gcovr.json

# ---- Other parsers ---------------------------------------------------------------------------------

# The cases as files, a folder for each kind: seeds for what takes them apart.
SEEDS = $(BUILD)/seeds

$(SEEDS): tests/tools/seeds.py tests/cases/parser_cases.jsonl
	@sh tests/tools/need.sh python3
	@rm -rf $@
	python3 tests/tools/seeds.py $@ < tests/cases/parser_cases.jsonl

# http_parser and llhttp read what we read; SW_SEED and SW_COUNT may be set.
PARSERS = $(patsubst tests/parsers/%.c,$(BUILD)/parsers/%.o,$(wildcard tests/parsers/*.c)) \
        $(patsubst %,$(BUILD)/parsers/llhttp-%.o,api http llhttp)

check-parsers: $(SEEDS)
	@sh tests/tools/need.sh libhttp-parser-dev node-llhttp
	@$(MAKE) --no-print-directory $(BUILD)/parsers/parsers
	$(BUILD)/parsers/parsers tests/parsers/differences.txt tests/parsers/refusals.txt $(SEEDS)/*

$(BUILD)/parsers/parsers: $(PARSERS) $(CORE)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lhttp_parser

# llhttp is nearest to us in its strict mode.
$(BUILD)/parsers/llhttp-%.o: /usr/share/llhttp/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -w -DLLHTTP_STRICT_MODE=1 -I/usr/share/include/llhttp -c -o $@ $<

$(BUILD)/parsers/%.o: tests/parsers/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(CHECK) -D_GNU_SOURCE -I/usr/share/include/llhttp -MMD -MP $(CPPFLAGS) $(CFLAGS) \
	    -c -o $@ $<

# ---- Fuzzing: the core and tests/fuzz/fuzz_X.c in one, with clang's sanitizers ---------------------

FUZZ_FLAGS = -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
FUZZ_TIME ?= 10
FUZZERS    = $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

fuzz-%: $(BUILD)/fuzz/fuzz_% $(SEEDS)
	@mkdir -p $(BUILD)/fuzz/$*
	$< -max_total_time=$(FUZZ_TIME) -max_len=512 -timeout=5 -print_final_stats=1 \
	    $(BUILD)/fuzz/$* $(SEEDS)/*

$(BUILD)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(CORE_SRC) $(HEADERS) $(CORE_GEN)
	@sh tests/tools/need.sh clang libclang-rt-14-dev
	@mkdir -p $(@D)
	clang $(CHECK) -MMD -MP -MF $@.d $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(FUZZ_FLAGS) \
	    -o $@ $(filter %.c,$^)

# AVX-512 on machines without it, each instruction by others.
check-avx512:
	@sh tests/tools/need.sh check libsimde-dev
	$(MAKE) --no-print-directory BUILD=$(BUILD)/simde CFLAGS="-O2 -mavx2 -mbmi2 -DSW_SIMDE -w" WARN="-std=gnu11" \
	    check-head check-head_bytes check-head_limits check-head_variants check-head_random

# ---- Sanitizers: the tests that run something, in a build for each ---------------------------------
# clang's sanitizer of undefined behaviour also knows what gcc's passes over: nothing added to NULL,
# and pointers out of bounds.
# The first report ends the process; those of servers in the background are looked for at the end.
# Pools tell AddressSanitizer what is free; with ThreadSanitizer they fill it with a pattern.  Random
# walks take a tenth of their steps, each ten times as slow.  What cannot hold here and is left out are
# the memory that a large file flows through (check_server_files_sent) and that options ask for
# (check-options), and trials with figures.

SANITIZED = check check-cases check-probe check-parsers check-examples check-extend check-program \
            check-readme
ASAN      = -fsanitize=address,undefined -fno-sanitize-recover=all
TSAN      = -fsanitize=thread -DSW_DEBUG

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

# ---- Other machines: the core and its tests, run by an emulator ------------------------------------
# arm64 for its vectors, s390x for the order of its bytes.  What the tests link to is unpacked, not
# installed.  check_alloc.c wants to come before the C library, which a static one does not allow.

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

check-arm64:
	$(call foreign,arm64,aarch64-linux-gnu,aarch64)

check-bigendian:
	$(call foreign,s390x,s390x-linux-gnu,s390x)

# ---- Everything ------------------------------------------------------------------------------------

# All packages at once, as two apt-get do not wait for each other; no service is to be started.
# Then all programs, by two, and what they say: by three, since half of them only wait.

TEST_DEBS = re2c gperf check libjansson-dev python3 libhttp-parser-dev node-llhttp libuv1-dev curl \
            nginx-light groff mawk gawk busybox original-awk
COMPILED  = all $(TESTS:%=$(BUILD)/tests/check_%) case-runner probe-server $(EXAMPLES) $(STACK) \
            $(SEEDS) $(BUILD)/parsers/parsers
TESTED    = check-extend check-options check check-cases check-probe check-parsers check-examples \
            check-gen check-awk check-core check-paths check-flags check-stack check-layers \
            check-program check-readme

test:
	@RUNLEVEL=1 sh tests/tools/need.sh $(TEST_DEBS)
	$(MAKE) --no-print-directory -j2 $(COMPILED)
	$(MAKE) --no-print-directory -j3 --output-sync=target $(TESTED)

clean:
	rm -rf $(BUILD)

include bench/bench.mk

-include $(shell find $(BUILD) -type f -name '*.d' 2>/dev/null)
.PHONY: all always archives run fresh gen check-gen check-awk routes install check check-errors check-core check-flags \
        check-layers check-extend case-runner check-cases probe-server check-probe check-program \
        check-readme check-options man check-examples check-parsers check-arm64 check-bigendian \
        check-paths check-stack coverage check-alloc check-san check-asan check-asan-clang check-tsan \
        test-scale test-clients \
        test-faults test-idle test clean
.DELETE_ON_ERROR:
.SECONDARY:
