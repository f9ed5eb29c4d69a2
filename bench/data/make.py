#!/usr/bin/env python3
# make.py - the inputs that are too long to be kept as files: `make.py DIRECTORY`.
# SPDX-License-Identifier: MIT
"""Writes the rotating sets rot64, rot1024 and rot8192 (different request heads, mixed clients and
methods), rotresp (response heads), cookie4k, and the chunk streams.  The same seed, the same
bytes."""
import os
import random
import sys

SEED = 9112
HOSTS = ["example.com", "www.example.org", "api.example.net", "cdn.example.com",
         "shop.example.org:8443", "img3.static.example.net", "auth.example.com", "127.0.0.1:8080",
         "search.example.org"]
WORDS = ("item user order cart image list view api v1 v2 search blog news wave shock static js css "
         "page account event stream log map tile node edge report export avatar thumb feed").split()
TYPES = ["application/json", "application/x-www-form-urlencoded", "text/plain; charset=utf-8",
         "application/octet-stream", "multipart/form-data; boundary=----b7f2"]
LANGUAGES = ["en-US,en;q=0.9", "de-DE,de;q=0.9,en;q=0.7", "fr", "en-GB,en;q=0.5", "ja,en;q=0.6",
             "pt-BR,pt;q=0.9,en-US;q=0.8,en;q=0.7"]
AGENTS = ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
          "Chrome/{n}.0.0.0 Safari/537.36",
          "Mozilla/5.0 (X11; Linux x86_64; rv:{n}.0) Gecko/20100101 Firefox/{n}.0",
          "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, "
          "like Gecko) Version/17.6 Mobile/15E148 Safari/604.1",
          "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like "
          "Gecko) Version/17.{n} Safari/605.1.15"]
ACCEPTS = ["text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
           "*/*", "image/avif,image/webp,image/png,image/svg+xml,*/*;q=0.5", "text/css,*/*;q=0.1"]


def pick(r, many):
    return many[r.randrange(len(many))]


def hexes(r, n):
    return "".join(pick(r, "0123456789abcdef") for _ in range(n))


def path(r):
    text = "/" + "/".join(pick(r, WORDS) for _ in range(r.randrange(1, 5)))
    if r.random() < 0.4:
        text += "/%d" % r.randrange(1, 10 ** 6)
    if r.random() < 0.45:
        text += "?" + "&".join("%s=%s" % (pick(r, WORDS), hexes(r, r.randrange(1, 17)))
                               for _ in range(r.randrange(1, 4)))
    return text


def cookie(r, size):
    text = ""
    while len(text) < size:
        text += "%s_%s=%s; " % (pick(r, WORDS), hexes(r, 2), hexes(r, r.randrange(6, 40)))
    return text[:-2]


def some(r, fields):
    """Those of (chance, line) that chance lets through, in order."""
    return [line for chance, line in fields if r.random() < chance]


def date(r):
    return "%s, %02d %s 2024 %02d:%02d:%02d GMT" % (
        pick(r, ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]), r.randrange(1, 29),
        pick(r, ["Jan", "Mar", "Jun", "Sep", "Dec"]), r.randrange(24), r.randrange(60),
        r.randrange(60))


def browser(r):
    n = r.randrange(100, 131)
    method = pick(r, ["GET"] * 9 + ["POST"])
    fields = some(r, [
        (1, "Host: " + pick(r, HOSTS)), (0.8, "Connection: keep-alive"),
        (0.25, "Cache-Control: " + pick(r, ["max-age=0", "no-cache"])), (0.2, "Pragma: no-cache"),
        (0.5, 'sec-ch-ua: "Chromium";v="%d", "Not;A=Brand";v="24"' % n),
        (0.5, "sec-ch-ua-mobile: ?0"), (0.5, 'sec-ch-ua-platform: "Linux"'),
        (0.5, "Upgrade-Insecure-Requests: 1"), (1, "User-Agent: " + pick(r, AGENTS).format(n=n)),
        (1, "Accept: " + pick(r, ACCEPTS)),
        (0.8, "Sec-Fetch-Site: " + pick(r, ["none", "same-origin"])),
        (0.8, "Sec-Fetch-Mode: " + pick(r, ["navigate", "cors", "no-cors"])),
        (0.4, "Sec-Fetch-User: ?1"),
        (0.8, "Sec-Fetch-Dest: " + pick(r, ["document", "image", "empty"])),
        (0.7, "Referer: https://" + pick(r, HOSTS) + path(r)),
        (1, "Accept-Encoding: gzip, deflate, br"),
        (1, "Accept-Language: " + pick(r, LANGUAGES)), (0.2, "DNT: 1"), (0.15, "Priority: u=1, i"),
        (0.2, "If-Modified-Since: " + date(r)), (0.2, 'If-None-Match: W/"%s"' % hexes(r, 16)),
        (0.1, "Range: bytes=%d-" % r.randrange(10 ** 7)),
        (0.6, "Cookie: " + cookie(r, r.randrange(20, 420)))])
    if method == "POST":
        fields += ["Origin: https://" + pick(r, HOSTS), "Content-Type: " + pick(r, TYPES),
                   "Content-Length: %d" % r.randrange(20, 90000)]
    return method, fields


def client(r):
    method = pick(r, ["GET"] * 5 + ["POST"] * 4 + ["PUT", "PATCH", "DELETE", "HEAD"])
    fields = some(r, [
        (1, "host: " + pick(r, HOSTS)),
        (1, "user-agent: " + pick(r, ["okhttp/4.12.0", "python-client/2.32.3", "curl/8.9.1", 
                                      "go-svc/1.1", "app-android/7.31.0 (build 73100; arm64)"])),
        (1, "accept: " + pick(r, ["application/json", "*/*", "application/json, text/plain, */*"])),
        (0.8, "accept-encoding: gzip"),
        (0.6, "authorization: Bearer " + hexes(r, r.randrange(40, 240))),
        (0.4, "x-request-id: " + hexes(r, 32)), (0.3, "x-api-key: " + hexes(r, 24)),
        (0.4, "traceparent: 00-%s-%s-01" % (hexes(r, 32), hexes(r, 16))),
        (0.2, "tracestate: edge=" + hexes(r, 16)), (0.3, "idempotency-key: " + hexes(r, 36)),
        (0.3, "connection: keep-alive"), (0.2, 'if-match: "%s"' % hexes(r, 12)),
        (0.15, "x-client-version: %d.%d" % (r.randrange(9), r.randrange(40)))])
    if method in ("POST", "PUT", "PATCH"):
        fields += ["content-type: " + pick(r, TYPES), "content-length: %d" % r.randrange(2, 60000)]
    return method, fields


def proxied(r):
    method, fields = pick(r, [browser, client])(r)
    address = "203.0.113.%d" % r.randrange(256)
    return method, fields + some(r, [
        (0.9, "X-Forwarded-For: %s, 10.%d.0.7" % (address, r.randrange(256))),
        (0.9, "X-Forwarded-Proto: https"), (0.6, "X-Forwarded-Host: " + pick(r, HOSTS)),
        (0.4, "X-Forwarded-Port: 443"), (0.6, "X-Real-IP: " + address),
        (0.3, "Forwarded: for=%s;proto=https" % address),
        (0.5, "Via: 1.1 edge-%d" % r.randrange(40)),
        (0.3, "CDN-Loop: edge"), (0.3, "X-B3-TraceId: " + hexes(r, 32)),
        (0.3, "X-B3-SpanId: " + hexes(r, 16)), (0.2, "X-Amzn-Trace-Id: Root=1-%s" % hexes(r, 24))])


def odd(r):
    """Preflights, probes, crawlers and editors over WebDAV."""
    host = "Host: " + pick(r, HOSTS)
    return pick(r, [
        ("OPTIONS", [host, "Origin: https://" + pick(r, HOSTS),
                     "Access-Control-Request-Method: PUT",
                     "Access-Control-Request-Headers: authorization,content-type", "Accept: */*",
                     "User-Agent: " + AGENTS[0].format(n=r.randrange(100, 131))]),
        ("GET", [host, "User-Agent: probe/%d" % r.randrange(9), "Accept: */*",
                 "Connection: close"]),
        ("HEAD", [host, "User-Agent: Examplebot/2.1 (+https://example.org/bot)",
                  "From: bot@example.org",
                  "Accept: text/html", "If-Modified-Since: " + date(r)]),
        ("PROPFIND", [host, "Depth: 1", "Content-Type: application/xml", "Content-Length: 183",
                      "User-Agent: dav/3.1", "Authorization: Basic " + hexes(r, 28)])])


def request(r):
    method, fields = pick(r, [browser] * 5 + [proxied] * 3 + [client] * 3 + [odd])(r)
    return "\r\n".join(["%s %s HTTP/1.1" % (method, path(r))] + fields + ["", ""])


def response(r):
    line = pick(r, ["200 OK"] * 6 + ["304 Not Modified", "206 Partial Content",
                                     "301 Moved Permanently", "404 Not Found", "201 Created",
                                     "503 Service Unavailable"])
    fields = some(r, [
        (1, "Date: " + date(r)), (0.8, "Server: " + pick(r, ["origin/2.8", "edge", "app 1.0"])),
        (0.9, "Content-Type: " + pick(r, TYPES + ["text/html; charset=utf-8", "image/png"])),
        (0.8, "Content-Length: %d" % r.randrange(10 ** 6)), (0.7, "Connection: keep-alive"),
        (0.7, "Cache-Control: " + pick(r, ["no-store", "public, max-age=31536000, immutable"])),
        (0.6, 'ETag: "%s"' % hexes(r, r.randrange(8, 33))), (0.5, "Last-Modified: " + date(r)),
        (0.6, "Vary: Accept-Encoding"), (0.3, "Content-Encoding: br"),
        (0.4, "Age: %d" % r.randrange(9999)),
        (0.4, "Strict-Transport-Security: max-age=63072000"),
        (0.4, "X-Content-Type-Options: nosniff"),
        (0.3, "X-Frame-Options: DENY"), (0.3, "Access-Control-Allow-Origin: *"),
        (0.3, "Alt-Svc: h3=\":443\"; ma=86400"),
        (0.3, "X-Cache: HIT from edge-%d" % r.randrange(50)),
        (0.3, "Set-Cookie: session=%s; Path=/; Secure; HttpOnly" % hexes(r, 40)),
        (0.2, "Content-Security-Policy: default-src 'self'; img-src *; object-src 'none'")])
    return "\r\n".join(["HTTP/1.1 " + line] + fields + ["", ""])


def distinct(r, make, count):
    seen = {}
    while len(seen) < count:
        seen[make(r)] = None
    return "".join(seen)


def chunks(r, sizes):
    content = "".join(pick(r, "abcdefghijklmnopqrstuvwxyz ") for _ in range(997))
    content *= max(sizes) // 997 + 2
    text = ""
    for size in sizes:
        at = r.randrange(997)
        text += "%x\r\n%s\r\n" % (size, content[at:at + size])
    return text + "0\r\n\r\n"


def main(folder):
    os.makedirs(folder, exist_ok=True)
    files = {"rot%d.req" % n: lambda r, n=n: distinct(r, request, n) for n in (64, 1024, 8192)}
    files["rotresp.resp"] = lambda r: distinct(r, response, 1024)
    files["cookie4k.req"] = lambda r: (
        "GET /account HTTP/1.1\r\nHost: www.example.com\r\nCookie: %s\r\nAccept: */*\r\n\r\n"
        % cookie(r, 4096)[:4096].strip("; "))
    files["chunk16.chunks"] = lambda r: chunks(r, [16] * 256)
    files["chunk1k.chunks"] = lambda r: chunks(r, [1024] * 64)
    files["chunk1m.chunks"] = lambda r: chunks(r, [1 << 20])
    files["chunkmix.chunks"] = lambda r: chunks(r, [r.randint(1, 300) for _ in range(256)])
    for name, make in files.items():
        with open(os.path.join(folder, name), "w", newline="") as out:
            out.write(make(random.Random("%d %s" % (SEED, name))))


main(sys.argv[1])
