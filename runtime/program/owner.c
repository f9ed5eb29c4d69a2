/* main_owner.c - users and groups, by name or number. */
/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "program/main.h"

/* UINT32_MAX is no id: to chown(2) it is "as it was". */
static bool read_id(const char *text, uint32_t *id)
{
    uint64_t number = 0;
    const char *p = text;
    for (; *p >= '0' && *p <= '9' && number < UINT32_MAX; p++)
        number = number * 10 + (uint64_t)(*p - '0');
    *id = (uint32_t)number;
    return p > text && !*p && number < UINT32_MAX;
}

/* A name may be made of digits, as for chown(1). */
static bool find_user(const char *name, uint32_t *id)
{
    const struct passwd *user = getpwnam(name);
    if (user)
        *id = user->pw_uid;
    return user || read_id(name, id);
}

static bool find_group(const char *name, uint32_t *id)
{
    const struct group *group = getgrnam(name);
    if (group)
        *id = group->gr_gid;
    return group || read_id(name, id);
}

bool sw_main_owner(const char *text, struct sw_listener_config *listener)
{
    char user[256];
    size_t n = strcspn(text, ":");
    if (n >= sizeof user)
        return false;
    memcpy(user, text, n);
    user[n] = '\0';
    listener->socket_owner = 0;
    if (n && find_user(user, &listener->socket_user))
        listener->socket_owner |= SW_OWNED_BY_USER;
    else if (n || !text[n])
        return false;
    if (text[n] && !find_group(text + n + 1, &listener->socket_group))
        return false;
    if (text[n])
        listener->socket_owner |= SW_OWNED_BY_GROUP;
    return true;
}
