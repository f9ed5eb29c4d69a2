/* list.h - intrusive, doubly linked rings: the nodes are members of what is listed. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_LIST_H
#define SW_LIST_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A ring's head is a node like the others:
 *
 *     head <-> first <-> second <-> ... <-> last <-> head
 *
 * An empty ring's head, and a node in no ring, points to itself.  So a node is removed in
 * constant time without knowing its ring, and removing it twice does nothing.
 */
struct sw_link {
    struct sw_link *prev, *next;
};

static inline void sw_link_init(struct sw_link *link)
{
    link->prev = link->next = link;
}

static inline bool sw_link_empty(const struct sw_link *link)
{
    return link->next == link;
}

/* Removes a node from its ring. */
static inline void sw_link_take(struct sw_link *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    sw_link_init(link);
}

/* Moves a node to the end of a ring. */
static inline void sw_link_move(struct sw_link *link, struct sw_link *ring)
{
    sw_link_take(link);
    link->prev = ring->prev;
    link->next = ring;
    ring->prev->next = link;
    ring->prev = link;
}

/* Moves all nodes of a ring to another one, which must be empty. */
static inline void sw_link_move_all(struct sw_link *from, struct sw_link *to)
{
    sw_link_move(to, from);
    sw_link_take(from);
}

/* The struct that contains `pointer` as its `member`. */
#define SW_CONTAINER(pointer, type, member)                                                        \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
