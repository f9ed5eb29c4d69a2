/* compare.c - compares the readings of one stream by two parsers. */
/* SPDX-License-Identifier: MIT */
#include "compare.h"

#include <string.h>

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Equal except for white space around it, which the callers of the other parsers remove. */
static bool same(struct sw_span ours, struct sw_span theirs)
{
    while (theirs.n > ours.n && blank(theirs.p[0])) {
        theirs.p++;
        theirs.n--;
    }
    while (theirs.n > ours.n && blank(theirs.p[theirs.n - 1]))
        theirs.n--;
    return ours.n == theirs.n && (ours.n == 0 || memcmp(ours.p, theirs.p, ours.n) == 0);
}

static bool same_fields(const struct message *ours, const struct message *theirs)
{
    if (ours->field_count != theirs->field_count || ours->trailers_from != theirs->trailers_from)
        return false;
    for (size_t i = 0; i < ours->field_count; i++)
        if (!same(ours->fields[i].name, theirs->fields[i].name) ||
            !same(ours->fields[i].value, theirs->fields[i].value))
            return false;
    return true;
}

/* The first part that is different, or NULL. */
static const char *unlike(const struct message *ours, const struct message *theirs)
{
    if (!same(ours->method, theirs->method))
        return "method";
    if (!same(ours->target, theirs->target))
        return "target";
    if (ours->status != theirs->status)
        return "status";
    if (!same(ours->reason, theirs->reason))
        return "reason";
    if (ours->minor != theirs->minor)
        return "version";
    if (!same_fields(ours, theirs))
        return "fields";
    if (ours->framing != theirs->framing)
        return "framing";
    if (!same(ours->content, theirs->content))
        return "content";
    if (ours->end != theirs->end)
        return "end";
    if (ours->keep_alive != theirs->keep_alive)
        return "keep-alive";
    return NULL;
}

/* What the other parser does where ours does something else. */
static const char *const conduct[] = {
    [ENDS_WELL] = "ends",       [ENDS_SHORT] = "wants more", [ENDS_TUNNEL] = "changes protocol",
    [ENDS_REFUSED] = "refuses", [ENDS_FULL] = "goes on",
};

static struct outcome differs(const struct message *message, const char *how, const char *error)
{
    return (struct outcome){DIFFERS, how, error ? error : "", message};
}

struct outcome outcome_of(const struct reading *ours, const struct reading *theirs)
{
    bool goes_on = theirs->count > ours->count;

    for (size_t i = 0; i < ours->count && i < theirs->count; i++) {
        const char *how = unlike(&ours->messages[i], &theirs->messages[i]);
        if (how)
            return differs(&ours->messages[i], how, NULL);
    }
    if (theirs->count < ours->count)
        return differs(&ours->messages[theirs->count], conduct[theirs->ending], theirs->error);
    if (ours->ending == ENDS_REFUSED) {
        if (goes_on || theirs->ending != ENDS_REFUSED)
            return (struct outcome){ACCEPTS, NULL, ours->error, NULL};
    } else if (ours->ending == ENDS_SHORT) {
        if (goes_on)
            return differs(&ours->messages[ours->count], "goes on", NULL);
    } else if (goes_on || theirs->ending != ours->ending) {
        return differs(&ours->messages[ours->count ? ours->count - 1 : 0],
                       goes_on ? "goes on" : conduct[theirs->ending], theirs->error);
    }
    return (struct outcome){ALIKE, NULL, NULL, NULL};
}
