# bench.mk - the measurements; included by the Makefile, whose names it uses.
#
#   make bench           everybody's parsers in one run: table, results.json, ratios.tsv
#                        CORPUS=dir: heads of yours, one after the other in NAME.req and NAME.resp
#   make bench-compare   is this tree slower than BASE=revision?
#   make bench-smoke     right results, no allocation, instructions within bench/instructions.tsv
#   make bench-server    end to end: ours, the floor, what Debian has; table, server.json, server.tsv
#                        FURTHER='"lwan=/where/it/is/lwan -l *:PORT"': others as well
#   make bench-plot      draw the last `make bench`: PLOT.svg and PLOT.png
#   make profile         where the time goes, ONLY=row: a table, and flame.svg
#   make check-heap      the server allocates nothing while it serves
#   make report          report.md, from what the others left behind
#   make bench-bounds    write those bounds again for this compiler
#   make check-bench     try these tools, on partial results and in short runs
#
# With BENCH_SHORT=1 each measurement takes seconds, and its figures say nothing.
#
# All of it lands in $(BUILD)/bench.  Only these targets install Debian packages for it.

BENCH       = $(BUILD)/bench
BENCH_DEBS  = g++ libbenchmark-dev valgrind python3 re2c
COMPETITOR_DEBS   = libh2o-dev node-llhttp libhttp-parser-dev librust-httparse-dev
BASE       ?= HEAD
ONLY       ?= head/rot
PLOT       ?= $(BENCH)/plot

# The tree whose headers, archive and routes are measured: this one, or an older one.
TREE        = .
TREE_BUILD  = $(TREE)/$(BUILD)

CXX        ?= c++
CXXFLAGS   ?= $(CFLAGS)
BENCH_CXX   = $(CXX) -std=gnu++17 -Wall -Wextra -Wshadow -Werror -MMD -MP \
              -I$(TREE)/runtime -I$(TREE)/gen -I$(TREE_BUILD)/routes $(CPPFLAGS) $(CXXFLAGS)
BENCH_CC    = $(CC) $(WARN) -MMD -MP -I$(TREE)/runtime -I$(TREE)/gen $(CPPFLAGS) $(CFLAGS)
BENCH_LINK  = $(CXX) $(CXXFLAGS) $(LDFLAGS)
NATIVE      = -O3 -march=native

BENCH_OBJ   = $(patsubst bench/%.cc,$(BENCH)/%.o,$(wildcard bench/*.cc)) $(BENCH)/parsers.o \
              $(TREE_BUILD)/routes/demo_routes.o
COMPETITOR_OBJ    = $(patsubst bench/competitors/%.c,$(BENCH)/competitors/%.o,$(wildcard bench/competitors/*.c)) \
              $(addprefix $(BENCH)/llhttp/,api.o http.o llhttp.o) \
              $(BENCH)/httparse/libbench_httparse.a
BENCH_DATA  = $(BUILD)/bench/data

bench: bench-needs $(BENCH)/bench $(BENCH)/alone $(BENCH_DATA)
	python3 bench/run.py $(BENCH) $(CORPUS)

bench-needs:
	@sh tests/tools/need.sh $(BENCH_DEBS) $(COMPETITOR_DEBS)
	@command -v cargo >/dev/null || sh tests/tools/need.sh cargo

bench-smoke-needs:
	@sh tests/tools/need.sh $(BENCH_DEBS)

bench-smoke: bench-smoke-needs $(BENCH)/alone $(BENCH_DATA)
	python3 bench/smoke.py $(BENCH)/alone $(BENCH_DATA) bench/instructions.tsv

bench-bounds: bench-smoke-needs $(BENCH)/alone $(BENCH_DATA)
	python3 bench/smoke.py $(BENCH)/alone $(BENCH_DATA) bench/instructions.tsv --write

# The benches of this tree, over the archive of either.
OLD = $(BENCH)/old

bench-compare: bench-smoke-needs $(BENCH)/alone $(BENCH_DATA)
	@git rev-parse -q --verify "$(BASE)^{commit}" >/dev/null || \
	    { echo "nothing to compare with: BASE=$(BASE) is no revision of a git repository here"; exit 1; }
	@rm -rf $(OLD) && mkdir -p $(OLD)
	git archive $(BASE) | tar -x -C $(OLD)
	$(MAKE) --no-print-directory -C $(OLD) BUILD=build archives build/routes/demo_routes.o >/dev/null
	@find $(OLD) -name '*.d' -delete
	$(MAKE) --no-print-directory TREE=$(OLD) TREE_BUILD=$(OLD)/build BENCH=$(OLD)/bench-build \
	    $(OLD)/bench-build/alone >/dev/null
	python3 bench/compare.py "$$(git rev-parse --short $(BASE))" $(OLD)/bench-build/alone \
	    $(BENCH)/alone $(BENCH_DATA)

# Their services are not to be started: the packages come with them.
SERVER_DEBS = python3 strace nginx-light h2o lighttpd haproxy libh2o-evloop-dev libssl-dev \
              libevent-dev libmicrohttpd-dev
SERVER_COMPETITORS = $(patsubst bench/servers/%.c,$(BENCH)/%,$(wildcard bench/servers/*.c))

bench-server: bench-server-needs $(BENCH)/floor $(BENCH)/load $(BUILD)/shockwave $(SERVER_COMPETITORS)
	python3 bench/server.py $(BUILD) $(FURTHER)

bench-server-needs:
	@RUNLEVEL=1 sh tests/tools/need.sh $(SERVER_DEBS)

$(BENCH)/speeds.tsv:
	$(MAKE) --no-print-directory bench

bench-plot: $(BENCH)/speeds.tsv
	@sh tests/tools/need.sh gnuplot-nox
	@awk 'NR > 1 && /[0-9.]+(\t|$$)/ && !/^[^\t]*(\tnan)*$$/ { found = 1 } END { exit !found }' $< || \
	    { echo "nothing to draw: $< has no speeds, \`make bench\` writes it"; exit 1; }
	gnuplot -e "data='$<'; out='$(PLOT)'" bench/plot.gp

# With frame pointers, by which perf finds callers.
PROFILE = $(BUILD)/profile

profile: bench-smoke-needs $(BENCH_DATA)
	@command -v perf >/dev/null || sh tests/tools/need.sh linux-perf
	$(MAKE) --no-print-directory BUILD=$(PROFILE) BENCH=$(PROFILE)/bench \
	    CFLAGS="$(CFLAGS) -fno-omit-frame-pointer" $(PROFILE)/bench/alone >/dev/null
	@mkdir -p $(BENCH)
	@rm -f $(BENCH)/flame.svg
	@perf record -q -e cpu-clock -F 1999 -g -o $(BENCH)/perf.data true 2> $(BENCH)/perf.log || \
	    { echo "perf cannot record here:"; cat $(BENCH)/perf.log; exit 1; }
	perf record -q -e cpu-clock -F 1999 -g -o $(BENCH)/perf.data $(PROFILE)/bench/alone \
	    $(BENCH_DATA) --benchmark_filter=$(ONLY) \
	    --benchmark_min_time=$(if $(BENCH_SHORT),0.1,1) 2>/dev/null
	perf script -i $(BENCH)/perf.data 2>/dev/null | python3 bench/flame.py > $(BENCH)/flame.svg
	perf report -i $(BENCH)/perf.data --no-children --stdio -g none 2>/dev/null | \
	    awk '!/^#|^$$/ && n++ < 20 {print substr($$0, 1, 100)}'

check-heap: $(BUILD)/shockwave
	@sh tests/tools/need.sh valgrind python3
	@mkdir -p $(BENCH)
	@status=0; python3 bench/check_heap.py $< > $(BENCH)/heap.txt 2>&1 || status=$$?; \
	    cat $(BENCH)/heap.txt; exit $$status

# What the report quotes of other targets; the figures it reads are those of the last runs.
report: bench-smoke-needs $(BENCH)/alone $(BENCH_DATA)
	-$(MAKE) --no-print-directory -s check-core > $(BENCH)/core.txt 2>&1
	-$(MAKE) --no-print-directory -s check-stack > $(BENCH)/stack.txt 2>&1
	-$(MAKE) --no-print-directory -s bench-smoke > $(BENCH)/smoke.txt 2>&1
	python3 bench/report.py $(BENCH) > $(BENCH)/report.md
	@echo "$(BENCH)/report.md"

# The tools, at first on results that lack something; then each writes its own in a short run, in a
# folder of its own.  Other parsers and servers are not installed for it: such a run is partial too.
TRIED = $(BUILD)/tried
TRY   = BENCH_SHORT=1 $(MAKE) --no-print-directory BENCH=$(TRIED)/bench BENCH_DATA=$(TRIED)/bench/data

check-bench: bench-smoke-needs $(BUILD)/shockwave
	@sh tests/tools/need.sh gnuplot-nox
	@command -v perf >/dev/null || sh tests/tools/need.sh linux-perf
	@mkdir -p $(TRIED)/bench && ln -sf ../shockwave $(TRIED)/shockwave
	python3 bench/check_bench.py $(TRIED)/partial
	$(TRY) bench-tried
	$(TRY) bench-plot check-heap $(if $(shell git rev-parse -q --verify HEAD 2>/dev/null),bench-compare)
	$(TRY) report
	$(TRY) profile || grep . $(TRIED)/bench/perf.log
	python3 bench/check_bench.py $(TRIED)/partial $(TRIED)/bench

bench-tried: $(BENCH)/alone $(BENCH_DATA) $(BENCH)/floor $(BENCH)/load
	python3 bench/run.py $(BENCH) > $(BENCH)/table.txt
	python3 bench/server.py $(TRIED)

BENCH_PROGRAMS = $(BENCH)/bench $(BENCH)/alone $(BENCH)/floor $(BENCH)/load $(SERVER_COMPETITORS)

# ---- Programs: everybody's parsers, and ours alone ----------------------------------------------

$(BENCH)/bench: $(BENCH_OBJ) $(COMPETITOR_OBJ) $(TREE_BUILD)/libshockwave.a
	$(BENCH_LINK) -o $@ $^ -lbenchmark -lpthread -lh2o -lhttp_parser -ldl
$(BENCH)/alone: $(BENCH_OBJ) $(TREE_BUILD)/libshockwave.a
	$(BENCH_LINK) -o $@ $^ -lbenchmark -lpthread

$(BENCH)/floor $(BENCH)/load: $(BENCH)/%: bench/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(WARN) $(CPPFLAGS) $(CFLAGS) $(NATIVE) $(LDFLAGS) -o $@ $<

$(BENCH)/libh2o: LIBS = -lh2o-evloop -lssl -lcrypto
$(BENCH)/evhttp: LIBS = -levent
$(BENCH)/microhttpd: LIBS = -lmicrohttpd
$(SERVER_COMPETITORS): $(BENCH)/%: bench/servers/%.c $(BUILD)/flags | bench-server-needs
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -Wall -Wextra $(CPPFLAGS) $(CFLAGS) $(NATIVE) $(LDFLAGS) -o $@ $< $(LIBS)

$(BENCH_DATA): bench/data/make.py $(wildcard bench/data/*.re*)
	python3 $< $@
	cp bench/data/*.re* $@

$(BENCH)/%.o: bench/%.cc $(BUILD)/flags
	@mkdir -p $(@D)
	$(BENCH_CXX) -c -o $@ $<
$(BENCH)/bench_route.o: $(TREE_BUILD)/routes/demo_routes.o
$(BENCH)/%.o: bench/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(BENCH_CC) -c -o $@ $<
$(BENCH)/competitors/%.o: bench/competitors/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(BENCH_CC) $(NATIVE) -I/usr/share/include/llhttp -c -o $@ $<

$(BENCH)/llhttp/%.o: /usr/share/llhttp/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(NATIVE) -I/usr/share/include/llhttp -c -o $@ $<

$(BENCH)/httparse/libbench_httparse.a: $(wildcard bench/competitors/httparse/*)
	@mkdir -p $(@D)
	cp $^ $(@D)
	cd $(@D) && RUSTFLAGS="-C target-cpu=native" cargo build -q --release --offline --target-dir . \
	    --config 'source.crates-io.replace-with="debian"' \
	    --config 'source.debian.directory="/usr/share/cargo/registry"'
	cp $(@D)/release/libbench_httparse.a $@

.PHONY: bench bench-needs bench-smoke bench-smoke-needs bench-bounds bench-compare \
        bench-server bench-server-needs bench-plot profile check-heap check-bench bench-tried \
        report
