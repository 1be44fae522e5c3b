#include "gateway/rules/doors.h"

#include <stddef.h>
#include <string.h>

static const struct door_info DOORS[DOOR_COUNT] = {
#define X(name, text, suppliers, what) {text, suppliers, what},
    DOOR_LIST(X)
#undef X
};

const struct door_info *door_get(uint32_t door)
{
    return door < DOOR_COUNT ? &DOORS[door] : NULL;
}

static const struct door_info *door_find(const char *name, size_t length)
{
    for (uint32_t i = 0; i < DOOR_COUNT; i++)
        if (strlen(DOORS[i].name) == length && memcmp(DOORS[i].name, name, length) == 0)
            return &DOORS[i];
    return NULL;
}

bool doors_suppliers(const char *doors, uint32_t *ret_suppliers)
{
    uint32_t suppliers = 0;
    for (const char *at = doors;; at++) {
        size_t length = strcspn(at, ",");
        const struct door_info *door = door_find(at, length);
        if (door == NULL)
            return false;
        suppliers |= door->suppliers;
        at += length;
        if (*at == '\0')
            break;
    }
    *ret_suppliers = suppliers;
    return true;
}
