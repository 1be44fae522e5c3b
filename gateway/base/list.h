/* Intrusive doubly linked list. The list owns nothing; an element is in at most one list per link it carries.
 * Thread: that of the owner. No allocation, no failure. */
#ifndef GATEWAY_BASE_LIST_H
#define GATEWAY_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/base/cleanup.h"

struct list_link {
    struct list_link *next;
    struct list_link *previous;
};

struct list {
    struct list_link head; /* head.next is the first element; an empty list points at itself */
};

static inline void list_init(struct list *list)
{
    list->head.next = list->head.previous = &list->head;
}

static inline bool list_empty(const struct list *list)
{
    return list->head.next == &list->head;
}

static inline void list_link_init(struct list_link *link)
{
    link->next = link->previous = link;
}

static inline bool list_linked(const struct list_link *link)
{
    return link->next != link;
}

static inline void list_append(struct list *list, struct list_link *link)
{
    link->previous = list->head.previous;
    link->next = &list->head;
    list->head.previous->next = link;
    list->head.previous = link;
}

/* Harmless on a link that is in no list. */
static inline void list_remove(struct list_link *link)
{
    link->previous->next = link->next;
    link->next->previous = link->previous;
    list_link_init(link);
}

static inline struct list_link *list_first(struct list *list)
{
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it does not see that list_remove() took the freed element out */
    return list_empty(list) ? NULL : list->head.next;
}

/* Walks the list; the body may remove the current element. */
#define LIST_FOR_EACH(list, link)                                                                  \
    for (struct list_link *link = (list)->head.next, *link##_next = link->next;                    \
         link != &(list)->head; link = link##_next, link##_next = link->next)

/* The same over a list that is only looked at. */
#define LIST_FOR_EACH_CONST(list, link)                                                            \
    for (const struct list_link *link = (list)->head.next; link != &(list)->head; link = link->next)

#define CONST_CONTAINER_OF(pointer, type, member)                                                  \
    ((const type *)(const void *)((const char *)(pointer)-offsetof(type, member)))

#endif
