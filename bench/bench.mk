# bench.mk - the measurements; included by the Makefile, whose names it uses.
#
# Results are in $(BUILD)/bench.  Only these targets install Debian packages for them.  With
# BENCH_SHORT=1 each measurement takes seconds, and its figures mean nothing.

BENCH       = $(BUILD)/bench
BENCH_DEBS  = g++ libbenchmark-dev valgrind python3 re2c
COMPETITOR_DEBS = libh2o-dev node-llhttp libhttp-parser-dev librust-httparse-dev
BASE       ?= HEAD
ONLY       ?= head/rot
PLOT       ?= $(BENCH)/plot

CXX        ?= c++
CXXFLAGS   ?= $(CFLAGS)
BENCH_CXX   = $(CXX) -std=gnu++17 -Wall -Wextra -Wshadow -Werror -MMD -MP \
              -Iruntime -I$(GEN) -I$(BUILD)/routes $(CPPFLAGS) $(CXXFLAGS)
BENCH_CC    = $(CC) $(WARN) -MMD -MP -Iruntime -I$(GEN) $(CPPFLAGS) $(CFLAGS)
BENCH_LINK  = $(CXX) $(CXXFLAGS) $(LDFLAGS)
NATIVE      = -O3 -march=native

BENCH_OBJ   = $(patsubst bench/%.cc,$(BENCH)/%.o,$(wildcard bench/*.cc)) $(BENCH)/parsers.o \
              $(BUILD)/routes/demo_routes.o
COMPETITOR_OBJ = $(patsubst bench/%.c,$(BENCH)/%.o,$(wildcard bench/competitors/*.c)) \
                 $(addprefix $(BENCH)/llhttp/,api.o http.o llhttp.o) \
                 $(BENCH)/httparse/libbench_httparse.a
BENCH_DATA  = $(BUILD)/bench/data

#: bench            all parsers, interleaved: results.json, ratios.tsv (CORPUS=dir: NAME.req, .resp)
bench: bench-needs $(BENCH)/bench $(BENCH)/alone $(BENCH_DATA)
	python3 bench/run.py $(BENCH) $(CORPUS)

bench-needs:
	@sh tests/tools/need.sh $(BENCH_DEBS) $(COMPETITOR_DEBS)
	@command -v cargo >/dev/null || sh tests/tools/need.sh cargo

bench-smoke-needs:
	@sh tests/tools/need.sh $(BENCH_DEBS)

#: bench-smoke      right results, no allocation, instructions within bounds
bench-smoke: bench-smoke-needs $(BENCH)/alone $(BENCH_DATA)
	python3 bench/smoke.py $(BENCH)/alone $(BENCH_DATA) bench/instructions.tsv

#: bench-bounds     write these bounds again for this compiler
bench-bounds: bench-smoke-needs $(BENCH)/alone $(BENCH_DATA)
	python3 bench/smoke.py $(BENCH)/alone $(BENCH_DATA) bench/instructions.tsv --write

# Each revision is measured by the bench of its own tree, because public names change, with the
# inputs of this one; compare.py matches the rows by name.  BASE_ALONE is the bench's name there.
OLD         = $(BENCH)/old
BASE_ALONE ?= build/bench/alone

#: bench-compare    is this tree slower than BASE=revision?
bench-compare: bench-smoke-needs $(BENCH)/alone $(BENCH_DATA)
	@git rev-parse -q --verify "$(BASE)^{commit}" >/dev/null || \
	    { echo "BASE=$(BASE) is not a revision of a git repository here"; exit 1; }
	@rm -rf $(OLD) && mkdir -p $(OLD)
	git archive $(BASE) | tar -x -C $(OLD)
	$(MAKE) --no-print-directory -C $(OLD) BUILD=build BENCH=build/bench GEN=gen \
	    $(BASE_ALONE) > $(BENCH)/old.log 2>&1 || { tail -n 20 $(BENCH)/old.log; exit 1; }
	python3 bench/compare.py "$$(git rev-parse --short $(BASE))" $(OLD)/$(BASE_ALONE) \
	    $(BENCH)/alone $(BENCH_DATA)

# RUNLEVEL=1: the services of these packages are not started.
SERVER_DEBS = python3 strace nginx-light h2o lighttpd haproxy libh2o-evloop-dev libssl-dev \
              libevent-dev libmicrohttpd-dev
SERVER_COMPETITORS = $(patsubst bench/servers/%.c,$(BENCH)/%,$(wildcard bench/servers/*.c))

#: bench-server     end to end, beside other servers (FURTHER='"name=command PORT"')
bench-server: bench-server-needs $(BENCH)/floor $(BENCH)/load $(BUILD)/shockwave \
    $(SERVER_COMPETITORS)
	python3 bench/server.py $(BUILD) $(FURTHER)

bench-server-needs:
	@RUNLEVEL=1 sh tests/tools/need.sh $(SERVER_DEBS)

$(BENCH)/speeds.tsv:
	$(MAKE) --no-print-directory bench

#: bench-plot       draw the last bench: PLOT.svg and PLOT.png
bench-plot: $(BENCH)/speeds.tsv
	@sh tests/tools/need.sh gnuplot-nox
	@awk 'NR > 1 && /[0-9.]+(\t|$$)/ && !/^[^\t]*(\tnan)*$$/ { found = 1 } END { exit !found }' $< || \
	    { echo "nothing to draw: $< has no speeds, \`make bench\` writes it"; exit 1; }
	gnuplot -e "data='$<'; out='$(PLOT)'" bench/plot.gp

# perf finds callers by frame pointers.
PROFILE = $(BUILD)/profile

#: profile          a table of functions, and flame.svg, for ONLY=row
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

#: check-heap       the server allocates nothing while it serves
check-heap: $(BUILD)/shockwave
	@sh tests/tools/need.sh valgrind python3
	@mkdir -p $(BENCH)
	@status=0; python3 bench/check_heap.py $< > $(BENCH)/heap.txt 2>&1 || status=$$?; \
	    cat $(BENCH)/heap.txt; exit $$status

# The report quotes other targets, and reads the figures of their last runs.
#: report           report.md, from the results of the other targets
report: bench-smoke-needs $(BENCH)/alone $(BENCH_DATA)
	-$(MAKE) --no-print-directory -s check-core > $(BENCH)/core.txt 2>&1
	-$(MAKE) --no-print-directory -s check-stack > $(BENCH)/stack.txt 2>&1
	-$(MAKE) --no-print-directory -s bench-smoke > $(BENCH)/smoke.txt 2>&1
	python3 bench/report.py $(BENCH) > $(BENCH)/report.md
	@echo "$(BENCH)/report.md"

# First the tools read partial results; then each writes its own in a short run, in a separate
# folder.  Other parsers and servers are not installed for this, so that such a run is partial too.
TRIED = $(BUILD)/tried
TRY   = BENCH_SHORT=1 $(MAKE) --no-print-directory BENCH=$(TRIED)/bench \
        BENCH_DATA=$(TRIED)/bench/data

#: check-bench      test these tools, on partial results and in short runs
check-bench: bench-smoke-needs $(BUILD)/shockwave
	@sh tests/tools/need.sh gnuplot-nox
	@command -v perf >/dev/null || sh tests/tools/need.sh linux-perf
	@mkdir -p $(TRIED)/bench && ln -sf ../shockwave $(TRIED)/shockwave
	python3 bench/check_bench.py $(TRIED)/partial
	$(TRY) bench-tried
	$(TRY) bench-plot check-heap
	$(if $(shell git rev-parse -q --verify HEAD 2>/dev/null),$(TRY) bench-compare)
	$(TRY) report
	$(TRY) profile || grep . $(TRIED)/bench/perf.log
	python3 bench/check_bench.py $(TRIED)/partial $(TRIED)/bench

bench-tried: $(BENCH)/alone $(BENCH_DATA) $(BENCH)/floor $(BENCH)/load
	python3 bench/run.py $(BENCH) > $(BENCH)/table.txt
	python3 bench/server.py $(TRIED)

BENCH_PROGRAMS = $(BENCH)/bench $(BENCH)/alone $(BENCH)/floor $(BENCH)/load $(SERVER_COMPETITORS)

# ---- Programs: bench has all parsers, alone only ours -------------------------------------------

$(BENCH)/bench: $(BENCH_OBJ) $(COMPETITOR_OBJ) $(BUILD)/libshockwave.a
	$(BENCH_LINK) -o $@ $^ -lbenchmark -lpthread -lh2o -lhttp_parser -ldl
$(BENCH)/alone: $(BENCH_OBJ) $(BUILD)/libshockwave.a
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
$(BENCH)/bench_route.o: $(BUILD)/routes/demo_routes.o
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
