# Makefile - build, generate, install.  `make help` lists every target.
#
# A C compiler and GNU make build everything; re2c, gperf and awk are for changing the grammar.
# tests/tests.mk has the tests, bench/bench.mk the measurements.
#
# Words of an application, without a fork (the base grammar comes first, so its ids never move):
#
#   make gen GRAMMAR="grammar/http.grammar my.grammar" GEN=my/gen BUILD=my/build
#   make     GEN=my/gen BUILD=my/build
#
# Routes of an application become OUT/my_routes.[hc], and OUT/my_dispatch.[hc] that call handlers:
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

#: all              the archives and the program
all: archives $(BUILD)/shockwave

# ---- gen/ ----------------------------------------------------------------------------------------
# Every tool writes to stdout (re2c -o would create files of mode 0600, gperf would put names into
# its banner), into a scratch folder; the set replaces gen/ when all of it was made.

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
	@$(MAKE) --no-print-directory routes ROUTES=runtime/program/demo.routes PREFIX=sw_demo \
	    OUT=$(FRESH)
	@echo "$(MADE_BY)" > $(FRESH)/made-by

#: gen              write gen/ from grammar/
gen: fresh
	@mkdir -p $(GEN) && rm -f $(GEN)/* && cp $(FRESH)/* $(GEN)/

# Other versions of the tools may write other bytes for the same tables: test those instead.
#: check-gen        gen/ has the bytes that grammar/ makes
check-gen: fresh
	@if cmp -s $(GEN)/made-by $(FRESH)/made-by; then \
	    diff -ru $(GEN) $(FRESH) && echo "gen/ is what grammar/ makes"; \
	else \
	    echo "gen/ was made by $$(cat $(GEN)/made-by), here is $(MADE_BY): testing fresh tables" && \
	    $(MAKE) --no-print-directory check GEN=$(FRESH) BUILD=$(BUILD)/fresh-build; \
	fi

# ---- Routes --------------------------------------------------------------------------------------

ROUTE   = $(BUILD)/rules-routes-$(PREFIX)
UPPER   = $(shell printf %s '$(PREFIX)' | tr a-z A-Z)
router  = $(AWK) -v emit=$(1) -v prefix=$(PREFIX) -f grammar/routes.awk $(GRAMMAR) $(ROUTES)

#: routes           write OUT/PREFIX_routes.[hc] from ROUTES
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
# clang replaces a memcmp() that is only tested for equality by bcmp(), which the core may not call.
COMPILE    = $(CC) $(WARN) -fno-builtin-bcmp -MMD -MP -Iruntime -I$(GEN) \
             $(CPPFLAGS) $(CFLAGS) $(OWN)

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

#: run              serve on 127.0.0.1:8080
run: $(BUILD)/shockwave
	@exec $<

$(BUILD)/%.a:
	@rm -f $@
	$(AR) rcs $@ $^

# An archive names its members by file name alone: gen/x.c and runtime/**/x.c may not share one.
$(BUILD)/gen-%.o: $(GEN)/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(COMPILE) -c -o $@ $<

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(COMPILE) -c -o $@ $<

# gcc 12 would gather positions into vectors before storing them (twice the instructions), keep
# integers in vector registers, and hoist what it then has no register for; clang has no such
# options.  OWN is what a file adds to CFLAGS, which may come from the command line.
OWN    =
BLOCKS = $(patsubst %,$(BUILD)/runtime/core/simd/head_%.o,sse42 avx2 avx512 neon)
$(BLOCKS): OWN = -fno-tree-slp-vectorize \
    $(if $(findstring clang,$(shell $(CC) --version)),,-fira-region=one -fno-tree-pre)

# The SWAR path gains by unrolled loops, the vector paths do not.
$(BUILD)/runtime/core/simd/head_swar.o: \
    OWN = $(if $(filter -O2,$(lastword $(filter -O%,$(CFLAGS)))),-O3)

#: install          to $(DESTDIR)$(prefix)
install: all
	install -d $(addprefix $(DESTDIR)$(prefix)/,bin include lib share/man/man1 \
	    share/shockwave/grammar)
	install -m 755 $(BUILD)/shockwave $(DESTDIR)$(prefix)/bin
	install -m 644 runtime/program/shockwave.1 $(DESTDIR)$(prefix)/share/man/man1
	install -m 644 $(wildcard runtime/shockwave*.h) $(GEN)/shockwave_words.h \
	    $(DESTDIR)$(prefix)/include
	install -m 644 $(CORE) $(SERVER) $(DESTDIR)$(prefix)/lib
	install -m 644 $(wildcard grammar/*) $(DESTDIR)$(prefix)/share/shockwave/grammar

#: clean            remove $(BUILD)
clean:
	rm -rf $(BUILD)

#: help             this list
help:
	@awk '/^#: / { print "  make " substr($$0, 4) }' Makefile tests/tests.mk bench/bench.mk

include tests/tests.mk
include bench/bench.mk

-include $(shell find $(BUILD) -type f -name '*.d' 2>/dev/null)
.PHONY: all always archives run fresh gen routes install clean help
.DELETE_ON_ERROR:
.SECONDARY:
