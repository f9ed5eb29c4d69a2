# Shockwave.  GNU make and a C compiler are enough to build; re2c, gperf and awk only to regenerate.
#
#   make             both archives                 make gen         rewrite gen/ from grammar/
#   make check       all tests                     make check-gen   is gen/ what grammar/ says?
#   make check-X     tests/check_X.c alone         make check-core  the core links to nothing
#   make test        install what tests need,      make check-layers  no file looks upwards
#                    then run everything           make check-extend  words from out of tree
#   make install     into DESTDIR PREFIX_DIR       make clean
#
# Words of your own, without a fork (the base grammar comes first, so its ids never move):
#
#   make gen GRAMMAR="grammar/http.grammar my.grammar" GEN=my/gen BUILD=my/build
#   make     GEN=my/gen BUILD=my/build
#
# Routes become OUT/PREFIX_routes.{h,c}:
#
#   make routes ROUTES=my.routes PREFIX=my OUT=src

GRAMMAR ?= grammar/http.grammar
GEN     ?= gen
BUILD   ?= build

ROUTES  ?= tests/demo.routes
PREFIX  ?= demo
OUT     ?= $(BUILD)/routes

CC      ?= cc
AR      ?= ar
AWK     ?= awk
RE2C    ?= re2c
GPERF   ?= gperf
CFLAGS  ?= -O2 -g

prefix  ?= /usr/local
WARN     = -std=c11 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Werror
export LC_ALL = C

all: $(BUILD)/libshockwave.a

# ---- gen/ ----------------------------------------------------------------------------------------
# Every tool writes to stdout (re2c -o would leave mode 0600, gperf would put names into its
# banner), into a scratch folder, and the whole set replaces gen/ only once all of it was made.

RULES    = $(BUILD)/rules
FRESH    = $(BUILD)/fresh
lexicon  = $(AWK) -v emit=$(1) -f grammar/words.awk $(GRAMMAR)
scan     = $(RE2C) -W -Werror -i --no-generation-date --no-version -I $(RULES)
SCANNERS = $(filter-out route,$(patsubst grammar/%.re,%,$(wildcard grammar/*.re)))
MADE_BY  = $$($(RE2C) --version) / $$($(GPERF) --version | sed -n '1s/GNU //p')

fresh:
	@rm -rf $(FRESH) $(RULES) && mkdir -p $(FRESH) $(RULES)
	$(call lexicon,enums)        > $(FRESH)/shockwave_words.h
	$(call lexicon,names)        > $(FRESH)/words.c
	$(call lexicon,docs)         > $(FRESH)/words.md
	$(call lexicon,method.rules) > $(RULES)/method.rules
	$(call lexicon,status.rules) > $(RULES)/status.rules
	$(call lexicon,header.keys)  > $(RULES)/header.keys
	cat grammar/header.gperf $(RULES)/header.keys > $(RULES)/header.gperf
	$(GPERF) -m 10 -k 1,2,3 < $(RULES)/header.gperf > $(FRESH)/header_hash.h
	for s in $(SCANNERS); do $(scan) grammar/$$s.re > $(FRESH)/$$s.c || exit 1; done
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

# ---- The archives --------------------------------------------------------------------------------

SERVER_SRC = $(wildcard $(addprefix runtime/,loop_*.c server*.c))
CORE_SRC   = $(filter-out $(SERVER_SRC) $(wildcard runtime/demo*.c runtime/main*.c), \
               $(wildcard runtime/*.c))
CORE_OBJ   = $(patsubst %.c,$(BUILD)/gen/%.o,$(notdir $(wildcard $(GEN)/*.c))) \
             $(patsubst %.c,$(BUILD)/%.o,$(CORE_SRC))

$(BUILD)/gen/%.o: $(GEN)/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(WARN) -MMD -MP -Iruntime -I$(GEN) -c -o $@ $<

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(WARN) -MMD -MP -Iruntime -I$(GEN) -c -o $@ $<

$(BUILD)/libshockwave.a: $(CORE_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
.PHONY: all fresh gen check-gen clean
.DELETE_ON_ERROR:
