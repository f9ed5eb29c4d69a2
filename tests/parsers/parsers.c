/* parsers.c - compares our readings with those of http_parser and llhttp. */
/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ledger.h"
#include "compare.h"

/*
 *     parsers differences.txt refusals.txt SEEDS...
 *
 * First every example in the two files must have the outcome of its entry.  Then the files in the
 * folders SEEDS are compared, and SW_COUNT streams that are generated or mutated from them.  A
 * difference or a refusal without an entry is a failure.
 */
static const struct other_parser others[LEDGER_PARSERS] = {
    {"http_parser", read_http_parser, http_parser_knows_method},
    {"llhttp", read_llhttp, llhttp_knows_method},
};

static struct ledger differences, refusals;
static unsigned long messages, accepted, failures;

static void print_stream(enum stream stream, const struct text *text)
{
    printf("    stream %d: \"", (int)stream);
    for (size_t i = 0; i < text->n; i++) {
        unsigned char c = (unsigned char)text->p[i];
        if (c == '\r' || c == '\n')
            printf(c == '\r' ? "\\r" : "\\n");
        else
            printf(c < ' ' || c > '~' ? "\\x%02x" : "%c", c);
    }
    printf("\"\n");
}

/* The entry of an outcome; without one, the outcome is printed as a failure. */
static struct ledger_entry *explain(const struct outcome *outcome,
                                    const struct other_parser *parser, enum stream stream,
                                    const struct text *text)
{
    const char *name = outcome->evaluation == ACCEPTS
                           ? outcome->error
                           : difference_cause(outcome, parser, stream, text->p);
    struct ledger_entry *entry =
        name ? ledger_find(outcome->evaluation == ACCEPTS ? &refusals : &differences, name) : NULL;

    if (entry && outcome->evaluation == DIFFERS && !strstr(entry->parsers, parser->name))
        entry = NULL;
    if (!entry && failures++ < 10) {
        if (outcome->evaluation == ACCEPTS)
            printf("%s accepts what we refuse: %s\n", parser->name, outcome->error);
        else
            printf("%s differs: %s %s (%s)\n", parser->name, outcome->how, outcome->error,
                   name ? name : "no known cause");
        print_stream(stream, text);
    }
    return entry;
}

/* Compares the readings of all parsers; `found` receives the entry of each outcome. */
static void compare(enum stream stream, const struct text *text,
                    struct ledger_entry *found[LEDGER_PARSERS])
{
    static struct reading ours, theirs;

    read_ours(stream, text->p, text->n, &ours);
    accepted += ours.count;
    messages += ours.count + (ours.ending == ENDS_REFUSED || ours.ending == ENDS_SHORT);
    for (size_t i = 0; i < LEDGER_PARSERS; i++) {
        others[i].read(stream, text->p, text->n, &theirs);
        struct outcome outcome = outcome_of(&ours, &theirs);
        found[i] = NULL;
        if (outcome.evaluation == ALIKE)
            continue;
        found[i] = explain(&outcome, &others[i], stream, text);
        if (found[i])
            found[i]->met[i]++;
    }
}

/* An example falls under its own entry with the parsers named there, and under none with the
 * others.
 */
static void check_examples(struct ledger *ledger)
{
    struct ledger_entry *found[LEDGER_PARSERS];

    for (size_t i = 0; i < ledger->count; i++) {
        struct ledger_entry *entry = &ledger->entries[i];
        compare(entry->stream, &entry->example, found);
        for (size_t k = 0; k < LEDGER_PARSERS; k++) {
            bool expected = strstr(entry->parsers, others[k].name);
            if (found[k] == (expected ? entry : NULL))
                continue;
            printf("the example of %s shows %s with %s\n", entry->name,
                   found[k] ? found[k]->name : "nothing", others[k].name);
            failures++;
        }
    }
}

/* ---- Seeds ----------------------------------------------------------------------------------- */

static struct text *seeds;
static size_t seed_count;

static void add_seed(const char *folder, const char *name)
{
    char path[512];
    FILE *in;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    seeds = realloc(seeds, (seed_count + 1) * sizeof *seeds);
    if (!seeds || !(in = fopen(path, "rb")))
        abort();
    seeds[seed_count].n = fread(seeds[seed_count].p, 1, sizeof seeds->p, in);
    fclose(in);
    seed_count++;
}

static void add_seeds(const char *folder)
{
    struct dirent **names;
    int n = scandir(folder, &names, NULL, alphasort);

    if (n < 0) {
        perror(folder);
        exit(2);
    }
    for (int i = 0; i < n; i++) {
        if (names[i]->d_name[0] != '.')
            add_seed(folder, names[i]->d_name);
        free(names[i]);
    }
    free(names);
}

/* The kind of a stream, by its first bytes. */
static enum stream kind_of(struct random *random, const struct text *text)
{
    if (text->n >= 5 && memcmp(text->p, "HTTP/", 5) == 0)
        return (enum stream)(STREAM_GET + random_below(random, STREAMS - STREAM_GET));
    return STREAM_REQUESTS;
}

/* ---- The run --------------------------------------------------------------------------------- */

static void run(struct random random, unsigned long count)
{
    struct ledger_entry *found[LEDGER_PARSERS];
    static struct text text;

    for (size_t i = 0; i < seed_count; i++)
        compare(kind_of(&random, &seeds[i]), &seeds[i], found);
    for (unsigned long i = 0; i < count; i++) {
        enum stream stream = (enum stream)random_below(&random, 2 * STREAMS);
        if (random_below(&random, 4) == 0) {
            text = seeds[random_below(&random, (uint32_t)seed_count)];
            stream = kind_of(&random, &text);
        } else {
            stream = stream < STREAMS ? stream : STREAM_REQUESTS;
            generate_stream(&random, stream, &text);
        }
        for (uint32_t k = random_below(&random, 4); k > 0; k--)
            generate_mutation(&random, &text);
        compare(stream, &text, found);
    }
}

static unsigned long setting(const char *name, unsigned long otherwise)
{
    const char *text = getenv(name);
    return text ? strtoul(text, NULL, 0) : otherwise;
}

int main(int argc, char **argv)
{
    unsigned long seed = setting("SW_SEED", (unsigned long)time(NULL));

    if (argc < 4) {
        fprintf(stderr, "usage: parsers DIFFERENCES REFUSALS SEEDS...\n");
        return 2;
    }
    ledger_read(&differences, argv[1]);
    ledger_read(&refusals, argv[2]);
    check_examples(&differences);
    check_examples(&refusals);
    for (int i = 3; i < argc; i++)
        add_seeds(argv[i]);
    printf("SW_SEED=%lu\n", seed);
    run((struct random){seed}, setting("SW_COUNT", 1000000));

    ledger_print(&differences, "We accept, and they read it differently (http_parser, llhttp):");
    ledger_print(&refusals, "We refuse, and they do not (http_parser, llhttp):");
    printf("\n%lu messages, of which we accepted %lu: ", messages, accepted);
    printf(failures ? "%lu unexplained\n" : "the rest is read alike\n", failures);
    free(seeds);
    return failures != 0;
}
