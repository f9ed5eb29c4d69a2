"""before.py - what runs in front of a server: HAProxy, nginx, and Prometheus, which scrapes it."""
# SPDX-License-Identifier: MIT
import http.client
import json
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

from given import run, same
from proxies import HAProxy, Nginx, Proxy, free_port
from trial import until

CLIENT = "127.0.0.7"
NOWHERE = "127.0.0.1:1"


def at(server):
    return f"127.0.0.1:{server.port}"


def ask(proxy, *requests):
    """(method, path, body) each; all of them on one connection from CLIENT.  Returns the bodies."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", proxy.port, timeout=30, source_address=(CLIENT, 0)
    )
    bodies = []
    for method, path, *body in requests:
        connection.request(method, path, *body)
        reply = connection.getresponse()
        bodies.append(reply.read())
        same(path, reply.status, 200)
    connection.close()
    return bodies


def ask_for_all(given, proxy, prefix="/"):
    """Every file, the client's address, and content there and back, with a length and in chunks."""
    names, content = sorted(given.pages.files), given.pages.files["random.bin"]
    *bodies, client, echo, chunked = ask(
        proxy,
        *(("GET", prefix + name) for name in names),
        ("GET", f"{prefix}client"),
        ("POST", f"{prefix}echo", content),
        ("POST", f"{prefix}echo", iter([content[:5], content[5:]])),
    )
    for name, body in zip(names, bodies):
        same(name, body, given.pages.files[name])
    same("client", client, CLIENT.encode())
    same("with a length", echo, content)
    same("in chunks", chunked, content)


def requests_for_all(given):
    return len(given.pages.files) + 3


# ---- HAProxy ------------------------------------------------------------------------------------


def all_up(proxy, names):
    until(lambda: proxy.up() == names)
    for name in names:
        proxy.ask(f"disable health {name}")  # checks would be counted, too
    time.sleep(0.5)  # for one that may be in progress


def haproxy_by_our_example(given):
    with HAProxy("tests/system/haproxy.cfg", A=at(given.proxied), B=NOWHERE, C=NOWHERE) as proxy:
        all_up(proxy, ["servers/a"])
        requests = requests_for_all(given)
        with given.counted(connections=1, requests=requests, counts=given.proxied_counts):
            ask_for_all(given, proxy)


def haproxy_by_default(given):
    with HAProxy("tests/system/clients/haproxy.cfg", A=at(given.server)) as proxy:
        all_up(proxy, ["servers/a"])
        with given.counted(connections=range(1, 3), requests=10 * requests_for_all(given)):
            for _ in range(10):
                ask_for_all(given, proxy)


# ---- nginx --------------------------------------------------------------------------------------


def through_nginx(given, prefix, connections):
    requests = requests_for_all(given)
    with Nginx("tests/system/clients/nginx.conf", at(given.server)) as proxy:
        with given.counted(connections=connections or requests, requests=requests):
            ask_for_all(given, proxy, prefix)


def nginx_in_1_0(given):
    through_nginx(given, "/old/", None)


def nginx_in_1_0_kept(given):
    through_nginx(given, "/old-kept/", 2)  # content of no known length ends with its connection


def nginx_in_1_1_kept(given):
    through_nginx(given, "/new/", 1)


def nginx_in_1_1_unbuffered(given):
    through_nginx(given, "/new-unbuffered/", 1)


# ---- Prometheus ---------------------------------------------------------------------------------


def promtool_checks_the_metrics(given):
    text = given.counts.text()
    same("complaints", run("promtool", "check", "metrics", input=text.encode()), b"")


class Prometheus(Proxy):
    def __init__(self, target):
        self.folder = tempfile.TemporaryDirectory()
        port = free_port()
        config = {
            "global": {"scrape_interval": "250ms", "scrape_timeout": "250ms"},
            "scrape_configs": [
                {"job_name": "shockwave", "static_configs": [{"targets": [target]}]}
            ],
        }
        with open(f"{self.folder.name}/config", "w") as file:
            json.dump(config, file)  # which is YAML, too
        super().__init__(
            [
                "/usr/bin/prometheus",
                f"--config.file={file.name}",
                f"--storage.tsdb.path={self.folder.name}/data",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            port,
        )

    def query(self, what):
        """The value of the only series that is called so, None before there is one."""
        url = f"http://127.0.0.1:{self.port}/api/v1/query?query={urllib.parse.quote(what)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as reply:
                result = json.load(reply)["data"]["result"]
        except (urllib.error.URLError, ConnectionError):
            return None
        return float(result[0]["value"][1]) if len(result) == 1 else None


def prometheus_scrapes(given):
    with Prometheus(at(given.server)) as prometheus:
        until(lambda: prometheus.query("up") == 1)
        until(lambda: prometheus.query("shockwave_requests_total{method='GET',code='2xx'}"))
        before = given.counts.read()["requests"]
        until(lambda: prometheus.query("sum(shockwave_requests_total)") > before)
        same("up", prometheus.query("up"), 1.0)
        taken = "histogram_quantile(1, shockwave_request_duration_seconds_bucket) >= 0"
        same("histogram", prometheus.query(taken) is not None, True)


BEFORE = (
    haproxy_by_our_example,
    haproxy_by_default,
    nginx_in_1_0,
    nginx_in_1_0_kept,
    nginx_in_1_1_kept,
    nginx_in_1_1_unbuffered,
    promtool_checks_the_metrics,
    prometheus_scrapes,
)
