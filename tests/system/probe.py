#!/usr/bin/env python3
"""HTTP/1.1 server conformance probe (Python 3 stdlib only).

    probe.py --port P [--host 127.0.0.1] [--group G]... [--id ID]... [--json OUT] [--strict]
             [--cases FILE]... [--modes one,byte,rand] [--level MUST] [-v] [--list]

Every case runs three times on fresh connections: `one` (each step in one write), `byte` (one octet per write,
TCP_NODELAY, messages up to 2 KiB) and `rand` (random splits, fixed seed).  A case passes only if every mode passes.
Exit status: 0 every MUST case passed (--strict: every case), 1 otherwise, 2 the server cannot be reached,
3 the server stopped answering during the run.
"""
import argparse, asyncio, json, os, random, re, socket, sys, time
from collections import Counter

HERE = os.path.dirname(os.path.abspath(__file__))
BYTE_MODE_MAX = 2048

# ---------------------------------------------------------------- corpus


def cat(parts):
    return b"".join(p.encode("latin-1") if isinstance(p, str) else p["rep"].encode("latin-1") * p["n"] for p in parts)


def load(paths):
    cases, seen = [], set()
    for path in paths:
        with open(path) as f:
            for line in f:
                if line.strip():
                    c = json.loads(line)
                    if c["id"] not in seen:
                        seen.add(c["id"])
                        cases.append(c)
    return cases


# ---------------------------------------------------------------- strict response parser
class Bad(Exception):
    pass


STATUS = re.compile(rb"HTTP/(1\.[01]) ([1-5]\d\d) ([\t \x21-\x7e\x80-\xff]*)$")
NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+$")
VALUE = re.compile(rb"[\t \x21-\x7e\x80-\xff]*$")
IMF = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} ([01]\d|2[0-3]):[0-5]\d:[0-6]\d GMT$")


class Resp:
    __slots__ = ("status", "version", "headers", "body", "interim", "framing")

    def get_all(self, name):
        return [v for k, v in self.headers if k == name]

    def tokens(self, name):
        return [t.strip().lower() for v in self.get_all(name) for t in v.split(",") if t.strip()]


def section(data, i):
    """field section starting at i -> (fields, end) or None when incomplete"""
    fields = []
    while True:
        e = data.find(b"\r\n", i)
        if e < 0:
            if len(data) - i > 65536:
                raise Bad("endless response field line")
            return None
        line = bytes(data[i:e])
        i = e + 2
        if not line:
            return fields, i
        n, c, v = line.partition(b":")
        if not c or not NAME.match(n) or not VALUE.match(v):
            raise Bad("malformed response field line %r" % line[:60])
        fields.append((n.decode().lower(), v.strip(b" \t").decode("latin-1")))


def parse_one(data, i, eof, head):
    """-> (Resp, end), or None when incomplete; raises Bad"""
    e = data.find(b"\r\n", i)
    if e < 0:
        probe = bytes(data[i:i + 5])
        if not b"HTTP/"[:len(probe)] == probe or len(data) - i > 8192:
            raise Bad("not an HTTP response: %r" % bytes(data[i:i + 40]))
        return None
    m = STATUS.match(bytes(data[i:e]))
    if not m:
        raise Bad("malformed status-line %r" % bytes(data[i:min(e, i + 60)]))
    r = Resp()
    r.version, r.status, r.interim, r.body, r.framing = m.group(1).decode(), int(m.group(2)), 0, b"", "self"
    s = section(data, e + 2)
    if s is None:
        return None
    r.headers, i = s
    te, cl = r.get_all("transfer-encoding"), r.get_all("content-length")
    if r.status < 200 or r.status == 204:
        if te or (cl and r.status != 101):
            raise Bad("%d with %s" % (r.status, "Transfer-Encoding" if te else "Content-Length"))
        return r, i
    if te and cl:
        raise Bad("response with Transfer-Encoding and Content-Length")
    if len(cl) > 1 or (cl and not re.match(r"\d{1,18}$", cl[0])):
        raise Bad("bad response Content-Length %r" % cl)
    if te and (len(te) > 1 or te[0].lower() != "chunked"):
        raise Bad("bad response Transfer-Encoding %r" % te)
    if r.status == 304 or head:
        return r, i
    if te:
        out = bytearray()
        while True:
            e = data.find(b"\r\n", i)
            if e < 0:
                return None
            m = re.match(rb"([0-9A-Fa-f]{1,15})(;[\t \x21-\x7e\x80-\xff]*)?$", bytes(data[i:e]))
            if not m:
                raise Bad("bad response chunk size %r" % bytes(data[i:min(e, i + 40)]))
            n, i = int(m.group(1), 16), e + 2
            if n == 0:
                s = section(data, i)
                if s is None:
                    return None
                r.body = bytes(out)
                return r, s[1]
            if len(data) < i + n + 2:
                return None
            out += data[i:i + n]
            if data[i + n:i + n + 2] != b"\r\n":
                raise Bad("no CRLF after response chunk")
            i += n + 2
    if cl:
        n = int(cl[0])
        if len(data) < i + n:
            return None
        r.body = bytes(data[i:i + n])
        return r, i + n
    r.framing = "close"
    if not eof:
        return None
    r.body = bytes(data[i:])
    return r, len(data)


class Stream:
    """the responses parsed so far; state: clean | partial | bad"""

    def __init__(self, heads):
        self.heads, self.out, self.at, self.interim, self.state, self.err = heads, [], 0, 0, "clean", None

    def advance(self, data, eof):
        if self.state == "bad" or (self.out and self.out[-1].status == 101):
            return
        self.state = "clean"
        try:
            while self.at < len(data):
                x = parse_one(data, self.at, eof, len(self.out) in self.heads)
                if x is None:
                    self.state = "partial"
                    return
                r, self.at = x
                if r.status < 200 and r.status != 101:
                    self.interim += 1
                    continue
                r.interim, self.interim = self.interim, 0
                self.out.append(r)
                if r.status == 101:
                    return
        except Bad as e:        # content on a response to HEAD shows up here too, as garbage after it
            self.state, self.err = "bad", str(e)


# ---------------------------------------------------------------- predicates
def check_hdr(r, resps, name, op, arg):
    if name == ":version":
        vals = [r.version]
    elif name == ":framing":
        vals = [r.framing]
    else:
        vals = r.get_all(name)
    if op == "present":
        return None if vals and vals[0] != "" else "no " + name
    if op == "absent":
        return None if not vals else "%s: %s" % (name, vals[0][:40])
    if op == "equals":
        return None if vals == [arg] else "%s is %r, want %r" % (name, vals, arg)
    if op == "token":
        return None if arg in r.tokens(name) else "%s lacks '%s' (%r)" % (name, arg, vals)
    if op == "imf":
        return None if len(vals) == 1 and IMF.match(vals[0]) else "%s is not IMF-fixdate (%r)" % (name, vals)
    if op == "len-of":
        want = len(resps[int(arg)].body)
        return None if not vals or vals == [str(want)] else "%s is %r, want %d" % (name, vals, want)
    return "unknown check " + op


def match_resp(spec, r, resps):
    if r.status not in spec["status"]:
        return "status %d, want %s" % (r.status, "/".join(map(str, spec["status"])))
    if r.interim not in spec.get("interim", [0]):
        return "%d interim responses, want %s" % (r.interim, spec.get("interim", [0]))
    if spec.get("nobody") and r.body:
        return "content of %d octets, want none" % len(r.body)
    if "body" in spec and r.body != spec["_body"]:
        return "content %r (%d octets), want %r (%d)" % (r.body[:24], len(r.body), spec["_body"][:24], len(spec["_body"]))
    if "not_body" in spec and r.body == spec["_not_body"]:
        return "echoed %r" % r.body[:24]
    for name, op, arg in spec.get("hdr", []):
        why = check_hdr(r, resps, name, op, arg)
        if why:
            return why
    return None


def responses_match(o, resps):
    if len(resps) != len(o["responses"]):
        return "%d responses, want %d" % (len(resps), len(o["responses"]))
    for k, (s, r) in enumerate(zip(o["responses"], resps)):
        why = match_resp(s, r, resps)
        if why:
            return why if len(resps) == 1 else "response %d: %s" % (k + 1, why)
    return None


# ---------------------------------------------------------------- one connection
class Conn:
    def __init__(self, loop, cfg):
        self.loop, self.cfg = loop, cfg
        self.buf, self.eof, self.reset, self.sendfail = bytearray(), False, False, False
        self.ev = asyncio.Event()
        self.sock = None

    async def open(self, slow_reader):
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if slow_reader:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.setblocking(False)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.wait_for(self.loop.sock_connect(s, (self.cfg.host, self.cfg.port)), 3)
        self.sock, self.paused = s, False
        self.loop.add_reader(s.fileno(), self.readable)

    def pause(self):
        if not self.eof and not self.paused:
            self.loop.remove_reader(self.sock.fileno())
            self.paused = True

    def resume(self):
        if self.paused:
            self.loop.add_reader(self.sock.fileno(), self.readable)
            self.paused = False

    def readable(self):
        try:
            d = self.sock.recv(262144)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.reset = True
            d = b""
        if d:
            self.buf += d
        else:
            self.eof = True
            self.loop.remove_reader(self.sock.fileno())
        self.ev.set()

    async def send(self, data):
        view = memoryview(data)
        while view and not self.sendfail:
            try:
                n = self.sock.send(view)
                view = view[n:]
            except (BlockingIOError, InterruptedError):
                if self.paused:                 # both directions are full: a slow reader has to read now
                    await asyncio.sleep(0.3)
                    self.resume()
                fut = self.loop.create_future()
                fd = self.sock.fileno()
                self.loop.add_writer(fd, lambda: fut.done() or fut.set_result(None))
                try:
                    await asyncio.wait_for(fut, self.cfg.resp_timeout)
                except asyncio.TimeoutError:
                    self.sendfail = True
                finally:
                    self.loop.remove_writer(fd)
            except OSError:
                self.sendfail = True

    async def wait(self, timeout):
        """wait for more input; False on timeout"""
        if self.eof:
            return False
        self.ev.clear()
        try:
            await asyncio.wait_for(self.ev.wait(), max(timeout, 0.001))
            return True
        except asyncio.TimeoutError:
            return False

    def close(self):
        if self.sock is not None:
            if not self.eof and not self.paused:
                self.loop.remove_reader(self.sock.fileno())
            self.sock.close()


class State:
    active = 0


async def deliver(conn, data, mode, rng):
    if mode == "one" or len(data) < 2:
        await conn.send(data)
    elif mode == "byte":
        for k in range(len(data)):
            if conn.sendfail or conn.eof:
                return
            await conn.send(data[k:k + 1])
            await asyncio.sleep(0.001)      # long enough for the server to read each octet by itself
    else:
        n = len(data)
        cuts = rng.randint(1, 8) if n <= BYTE_MODE_MAX else min(40, max(4, n // 16384))
        pts = sorted({rng.randrange(1, n) for _ in range(cuts)}) + [n]
        at = 0
        for p in pts:
            if conn.sendfail or conn.eof:
                return
            await conn.send(data[at:p])
            at = p
            await asyncio.sleep(0.002)


def describe(resps, state, err, conn):
    d = " ".join("%s%d%s" % ("100+" * min(r.interim, 2), r.status, ("[%d]" % len(r.body)) if r.body else "") for r in resps[:6]) or "no response"
    if len(resps) > 6:
        d += " ... (%d)" % len(resps)
    if state == "bad":
        d += " then garbage (%s)" % err
    elif state == "partial":
        d += " then a partial response"
    return d + (", reset" if conn.reset else ", closed" if conn.eof else ", open")


def want(c):
    w = []
    for o in c["accept"]:
        d = " ".join("/".join(map(str, s["status"])) for s in o["responses"][:5]) or ("silence" if o["close"] is False else "")
        if len(o["responses"]) > 5:
            d += " ... (%d)" % len(o["responses"])
        w.append((d + {True: " close", False: " open", None: ""}[o["close"]]).strip())
    return " | ".join(w)


async def run(c, mode, cfg, loop):
    rng = random.Random("%d/%s/%s" % (cfg.seed, c["id"], mode))
    conn, st = Conn(loop, cfg), Stream(set(c["heads"]))
    try:
        try:
            await conn.open(any(w == "noread" for _, w in c["_steps"]))
        except (OSError, asyncio.TimeoutError) as e:
            return False, "cannot connect: %s" % e
        for data, wait in c["_steps"]:
            if wait == "noread":
                conn.pause()
            await deliver(conn, data, mode, rng)
            if wait == "quiet":
                have, end = len(conn.buf), time.monotonic() + cfg.quiet
                while time.monotonic() < end and not conn.eof and len(conn.buf) == have:
                    await conn.wait(end - time.monotonic())
                if conn.eof or len(conn.buf) != have:
                    return False, "spoke before the message was complete: %r%s" % (bytes(conn.buf[have:have + 40]), " and closed" if conn.eof else "")
            elif wait == "100":
                end = time.monotonic() + cfg.wait100
                while time.monotonic() < end and not conn.eof:
                    st.advance(conn.buf, False)
                    if st.interim or st.out or st.state == "bad":
                        break
                    await conn.wait(end - time.monotonic())
            elif wait == "noread":
                if conn.paused:
                    await asyncio.sleep(0.3)
                conn.resume()
            if conn.sendfail:
                break
        if c["eof"] and not conn.sendfail:
            try:
                conn.sock.shutdown(socket.SHUT_WR)
            except OSError:
                pass
        # collect
        last, parsed = time.monotonic(), -1
        resps, state, err, full = [], "clean", None, []
        while True:
            if parsed != (len(conn.buf), conn.eof):
                parsed = (len(conn.buf), conn.eof)
                st.advance(conn.buf, conn.eof)
                resps, state, err = st.out, st.state, st.err
                full = [o for o in c["accept"] if state == "clean" and responses_match(o, resps) is None]
                last = time.monotonic()
            if conn.eof or state == "bad" or (resps and resps[-1].status == 101):
                break
            need = cfg.resp_timeout
            if full:
                if any(o["close"] is not True for o in full):
                    need = cfg.grace if resps else cfg.silence
                    if any(o["close"] is True for o in full):
                        need = max(need, cfg.grace)
                else:
                    need = cfg.close_timeout
            left = last + need - time.monotonic()
            if left <= 0:
                break
            await conn.wait(left)
        got = describe(resps, state, err, conn)
        if state == "bad":
            return False, got
        if state == "partial" and not conn.eof:
            return False, got
        # A 4xx/5xx that announces close may linger (RFC 9112 9.6 half-close, or nginx's lingering_close); nothing
        # more came out of the connection within close_timeout, which is what matters after an error.
        lingering = bool(not conn.eof and resps and resps[-1].status >= 400 and "close" in resps[-1].tokens("connection"))
        if conn.reset and full and all(o.get("clean") for o in full):
            return False, got + "; the close was a reset"
        for o in full:
            if conn.reset and o.get("clean"):
                continue
            if o["close"] is None or o["close"] == conn.eof or (o["close"] is True and lingering):
                return True, got + (" (lingering)" if lingering else "")
        if full:
            return False, got + ("; must close" if not conn.eof else "; must stay open")
        why = [responses_match(o, resps) for o in c["accept"]]
        why = [w for w in why if w and not re.match(r"(response \d+: )?(status|\d+ responses)", w)]
        return False, got + ("; " + why[0] if why else "")
    finally:
        conn.close()


# ---------------------------------------------------------------- the whole run
async def main_async(cases, cfg):
    loop = asyncio.get_running_loop()
    jobs = []
    for c in cases:
        c["_steps"] = [(cat(s["send"]), s["wait"]) for s in c["steps"]]
        for o in c["accept"]:
            for s in o["responses"]:
                for k in ("body", "not_body"):
                    if k in s:
                        s["_" + k] = cat(s[k])
            o["responses"] = [s for s in o["responses"] for _ in range(s.get("times", 1))]
        size = sum(len(d) for d, _ in c["_steps"])
        for m in cfg.modes:
            if m != "byte" or size <= BYTE_MODE_MAX:
                jobs.append((c, m, size))
    # big messages first, alone-ish; then everything else in a fixed shuffled order
    random.Random(cfg.seed).shuffle(jobs)
    sem, results = asyncio.Semaphore(cfg.concurrency), {}

    async def one(c, m):
        async with sem:
            State.active += 1
            try:
                results.setdefault(c["id"], {})[m] = await run(c, m, cfg, loop)
            finally:
                State.active -= 1

    await asyncio.gather(*(one(c, m) for c, m, _ in jobs))
    return results


def alive(cfg):
    for _ in range(3):
        try:
            with socket.create_connection((cfg.host, cfg.port), 2) as s:
                s.settimeout(2)
                s.sendall(b"GET /alive HTTP/1.1\r\nHost: probe.example\r\nConnection: close\r\n\r\n")
                if s.recv(4096).startswith(b"HTTP/1."):
                    return True
        except OSError:
            time.sleep(0.2)
    return False


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--host", default="127.0.0.1")
    p.add_argument("--port", type=int)
    p.add_argument("--group", action="append")
    p.add_argument("--id", action="append")
    p.add_argument("--level", action="append")
    p.add_argument("--cases", action="append")
    p.add_argument("--json")
    p.add_argument("--strict", action="store_true")
    p.add_argument("--modes", default="one,byte,rand")
    p.add_argument("--seed", type=int, default=9112)
    p.add_argument("--concurrency", type=int, default=64)
    p.add_argument("--slow", type=float, default=1.0, help="multiply every timeout")
    p.add_argument("-v", "--verbose", action="store_true")
    p.add_argument("-q", "--quiet", action="store_true", help="summary only")
    p.add_argument("--list", action="store_true")
    cfg = p.parse_args()
    quiet_out = cfg.quiet
    paths = cfg.cases
    if not paths:
        both = os.path.join(HERE, "..", "cases", "cases.jsonl")
        paths = [both]
    cases = [c for c in load(paths)
             if (not cfg.group or c["group"] in cfg.group) and (not cfg.id or c["id"] in cfg.id) and (not cfg.level or c["level"] in cfg.level)]
    if cfg.list:
        for c in cases:
            print("%-9s %-18s %-34s %-10s %s" % (c["level"], c["group"], c["id"], c["rfc"], c["desc"]))
        return 0
    if not cfg.port or not cases:
        p.error("--port is required" if cases else "no case selected")
    k = cfg.slow
    cfg.modes = cfg.modes.split(",")
    cfg.grace, cfg.quiet, cfg.silence, cfg.wait100 = 0.12 * k, 0.25 * k, 0.6 * k, 1.0 * k
    cfg.resp_timeout, cfg.close_timeout = 2.0 * k, 1.5 * k
    if not alive(cfg):
        print("no HTTP server answers on %s:%d" % (cfg.host, cfg.port))
        return 2
    t0 = time.monotonic()
    results = asyncio.run(main_async(cases, cfg))
    took = time.monotonic() - t0
    tally, groups, rows = Counter(), {}, []
    cases = [c for c in cases if c["id"] in results]         # --modes byte leaves the long ones out
    for c in cases:
        modes = results[c["id"]]
        ok = all(x[0] for x in modes.values())
        tally[(c["level"], ok)] += 1
        gr = groups.setdefault(c["group"], [0, 0])
        gr[0 if ok else 1] += 1
        rows.append({"id": c["id"], "group": c["group"], "level": c["level"], "pass": ok,
                     "modes": {m: {"pass": x[0], "got": x[1]} for m, x in modes.items()}})
        bad = [m for m in cfg.modes if m in modes and not modes[m][0]]
        if not ok and not quiet_out:
            gots = {}
            for m in bad:
                gots.setdefault(modes[m][1], []).append(m)
            which = "" if len(bad) == len(modes) else " (only %s)" % ",".join(bad)
            print("FAIL %-9s %-30s want %s; got %s%s -- %s" % (c["level"], c["id"], want(c), " / ".join(
                g + ("" if len(gots) == 1 else " (%s)" % ",".join(ms)) for g, ms in gots.items()), which, c["desc"]))
            if cfg.verbose:
                for data, wait in c["_steps"]:
                    print("       sent %r%s" % (data[:400], "" if wait == "none" else " then " + wait))
        elif ok and cfg.verbose:
            print("ok   %-9s %-34s %s" % (c["level"], c["id"], modes[cfg.modes[0]][1] if cfg.modes[0] in modes else ""))
    npass, nfail = sum(v for (l, o), v in tally.items() if o), sum(v for (l, o), v in tally.items() if not o)
    for lv in ("MUST", "SHOULD", "HARDENING"):
        a, b = tally[(lv, True)], tally[(lv, False)]
        if a + b:
            print("%-9s %3d/%d" % (lv, a, a + b))
    print("%d passed, %d failed (%d cases, modes %s, %.1f s)" % (npass, nfail, len(cases), ",".join(cfg.modes), took))
    up = alive(cfg)
    if not up:
        print("SERVER DOWN: it stopped answering during the run")
    if cfg.json:
        with open(cfg.json, "w") as f:
            json.dump({"host": cfg.host, "port": cfg.port, "seconds": round(took, 2), "passed": npass, "failed": nfail, "alive": up,
                       "levels": {lv: [tally[(lv, True)], tally[(lv, False)]] for lv in ("MUST", "SHOULD", "HARDENING")},
                       "groups": groups, "cases": rows}, f, indent=1)
    if not up:
        return 3
    failed = nfail if cfg.strict else tally[("MUST", False)]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
