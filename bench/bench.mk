# bench.mk - the measurements; included by the Makefile, whose names it uses.
#
# What is measured here comes from Debian packages, which only these targets install.

BENCH       = $(BUILD)/bench
BENCH_DEBS  = g++ libbenchmark-dev valgrind python3
PEER_DEBS   = libh2o-dev node-llhttp libhttp-parser-dev librust-httparse-dev
CXX        ?= c++
BENCH_CXX   = $(CXX) -O2 -g -std=gnu++17 -Wall -Wextra -Werror -MMD -MP -Iruntime -I$(GEN) \
              -I$(BUILD)/routes
NATIVE      = -O3 -march=native

BENCH_OBJ   = $(patsubst bench/%.cc,$(BENCH)/%.o,$(wildcard bench/*.cc)) $(BENCH)/parsers.o \
              $(BUILD)/routes/demo_routes.o
PEER_OBJ    = $(patsubst bench/peers/%.c,$(BENCH)/peers/%.o,$(wildcard bench/peers/*.c)) \
              $(addprefix $(BENCH)/llhttp/,api.o http.o llhttp.o) $(BENCH)/httparse/libbench_httparse.a

# Everybody's parsers in one program, and ours alone.
bench: bench-needs $(BENCH)/bench $(BENCH)/alone $(BENCH)/data
	python3 bench/run.py $(BENCH) $(CORPUS)

bench-needs:
	@sh tests/need.sh $(BENCH_DEBS) $(PEER_DEBS)
	@command -v cargo >/dev/null || sh tests/need.sh cargo

$(BENCH)/bench: $(BENCH_OBJ) $(PEER_OBJ) $(CORE)
	$(CXX) -o $@ $^ -lbenchmark -lpthread -lh2o -lhttp_parser -ldl
$(BENCH)/alone: $(BENCH_OBJ) $(CORE)
	$(CXX) -o $@ $^ -lbenchmark -lpthread

$(BENCH)/data: bench/data/make.py $(wildcard bench/data/*.re*)
	python3 $< $@
	cp bench/data/*.re* $@

$(BENCH)/%.o: bench/%.cc
	@mkdir -p $(@D)
	$(BENCH_CXX) -c -o $@ $<
$(BENCH)/bench_route.o: $(BUILD)/routes/demo_routes.c
$(BENCH)/%.o: bench/%.c
	@mkdir -p $(@D)
	$(COMPILE) -O2 -c -o $@ $<
$(BENCH)/peers/%.o: bench/peers/%.c
	@mkdir -p $(@D)
	$(COMPILE) $(NATIVE) -I/usr/share/include/llhttp -c -o $@ $<

$(BENCH)/llhttp/%.o: /usr/share/llhttp/%.c
	@mkdir -p $(@D)
	$(CC) $(NATIVE) -I/usr/share/include/llhttp -c -o $@ $<

$(BENCH)/httparse/libbench_httparse.a: $(wildcard bench/peers/httparse/*)
	@mkdir -p $(@D)
	cp $^ $(@D)
	cd $(@D) && RUSTFLAGS="-C target-cpu=native" cargo build -q --release --offline --target-dir . \
	    --config 'source.crates-io.replace-with="debian"' \
	    --config 'source.debian.directory="/usr/share/cargo/registry"'
	cp $(@D)/release/libbench_httparse.a $@

.PHONY: bench bench-needs
