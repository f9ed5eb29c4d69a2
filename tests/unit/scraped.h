/* scraped.h - scrapes the metrics of the test's `served` from its second listener. */
/* SPDX-License-Identifier: MIT */
#ifndef SCRAPED_H
#define SCRAPED_H

#include <stdio.h>
#include <stdlib.h>

static char page[1 << 16];

static inline int open_admin(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)sw_server_port(served.server, 1)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static inline const char *look(const char *request)
{
    int fd = open_admin();
    client_send_text(fd, request);
    client_all(fd, page, sizeof page);
    close(fd);
    return page;
}

static inline const char *scrape(void)
{
    return look("GET /metrics HTTP/1.0\r\n\r\n");
}

/* The sample's value; -1 if there is none. */
static inline long sample(const char *from, const char *name)
{
    char line[160];
    snprintf(line, sizeof line, "\n%s ", name);
    const char *at = strstr(from, line);
    return at ? atol(at + strlen(line)) : -1;
}

/* Waits until a sample has the wanted value. */
static inline void expect_sample(const char *name, long want)
{
    for (int i = 0; i < WAIT_MAX_MS && sample(scrape(), name) != want; i++)
        usleep(1000);
    ck_assert_msg(sample(page, name) == want, "%s is %ld, not %ld", name, sample(page, name), want);
}

#endif
