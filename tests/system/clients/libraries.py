"""libraries.py - clients that come with languages, and a browser."""
# SPDX-License-Identifier: MIT
import hashlib
import http.client
import io
import json
import re
import socket
import subprocess
import tempfile
import threading

from given import run, same

SMALL = 10  # scripts of the page that are requested at once


def digest(data):
    return hashlib.sha256(data).hexdigest()


# ---- Python -------------------------------------------------------------------------------------


def python_keeps_its_connection(given):
    connection = http.client.HTTPConnection("127.0.0.1", given.server.port, timeout=30)
    content = given.pages.files["random.bin"]
    with given.counted(connections=1, requests=len(given.pages.names) + 3):
        for name in given.pages.names:
            connection.request("GET", f"/{name}")
            same(name, connection.getresponse().read(), given.pages.files[name])
        connection.request("HEAD", "/random.bin")
        reply = connection.getresponse()
        same("length", (reply.getheader("Content-Length"), reply.read()), (str(len(content)), b""))
        connection.request("POST", "/echo", body=content)
        same("with a length", connection.getresponse().read(), content)
        connection.request("POST", "/echo", body=io.BytesIO(content), encode_chunked=True)
        same("in chunks", connection.getresponse().read(), content)
    connection.close()


class OneFile:
    """A socket for responses that arrive one after the other on one connection."""

    def __init__(self, client):
        self.file = client.makefile("rb")
        self.file.close = lambda: None

    def makefile(self, *_):
        return self.file


def python_asks_ahead(given):
    names = given.pages.names
    connection = http.client.HTTPConnection("127.0.0.1", given.server.port, timeout=30)
    with given.counted(connections=1, requests=len(names)):
        for name in names:
            connection.request("GET", f"/{name}")
            connection._HTTPConnection__state = "Idle"  # it may ask again before the reply
        replies = OneFile(connection.sock)
        for name in names:
            reply = http.client.HTTPResponse(replies, method="GET")
            reply.begin()
            same(name, (reply.status, reply.read()), (200, given.pages.files[name]))
    connection.close()


# ---- Node ---------------------------------------------------------------------------------------

NODE = """
const http = require("http"), crypto = require("crypto");
const [url, body, names] = [process.argv[2], Buffer.alloc(3000001, "abc"), process.argv.slice(3)];
const digest = data => crypto.createHash("sha256").update(data).digest("hex");
const agent = new http.Agent({keepAlive: true, maxSockets: 1});

function ask(path, method, body) {
    return new Promise((resolve, reject) => {
        const request = http.request(url + path, {agent, method}, reply => {
            const parts = [];
            reply.on("data", part => parts.push(part)).on("error", reject);
            reply.on("end", () => resolve([reply.statusCode, digest(Buffer.concat(parts))]));
        });
        request.on("error", reject).end(body);
    });
}

(async () => {
    const replies = await Promise.all(names.map(name => ask("/" + name, "GET")));
    replies.push(await ask("/echo", "POST", body));
    agent.destroy();
    console.log(JSON.stringify(replies));
})();
"""

# undici, the client of fetch(), pipelines on request; node exports it under no other name.
NODE_AHEAD = """
const [url, ...names] = process.argv.slice(2);
const digest = data => require("crypto").createHash("sha256").update(data).digest("hex");

(async () => {
    await fetch("data:,").then(reply => reply.text());
    const Agent = globalThis[Symbol.for("undici.globalDispatcher.1")].constructor;
    const dispatcher = new Agent({connections: 1, pipelining: names.length});
    const replies = await Promise.all(names.map(async name => {
        const reply = await fetch(url + "/" + name, {dispatcher});
        return [reply.status, digest(Buffer.from(await reply.arrayBuffer()))];
    }));
    await dispatcher.close();
    console.log(JSON.stringify(replies));
})();
"""


def node(script, *arguments):
    return json.loads(run("node", "-", *arguments, input=script.encode()))


def expected(given, names):
    return [[200, digest(given.pages.files[name])] for name in names]


def node_keeps_its_connection(given):
    names = given.pages.names
    with given.counted(connections=1, requests=len(names) + 1):
        replies = node(NODE, given.url, *names)
    same("files", replies[:-1], expected(given, names))
    same("echo", replies[-1], [200, digest((b"abc" * 1_000_001)[:3_000_001])])


def pump(source, target):
    while part := source.recv(1 << 16):
        target.sendall(part)
    target.shutdown(socket.SHUT_WR)


def delay_responses(listener, port, count):
    """Between a client and the server: the first reply comes when so many requests have come."""
    client, _ = listener.accept()
    client.settimeout(30)
    heads = b""
    while heads.count(b"\r\n\r\n") < count:
        heads += client.recv(1 << 16)
    with client, socket.create_connection(("127.0.0.1", port), 30) as server:
        server.sendall(heads)
        forth = threading.Thread(target=pump, args=(client, server))
        forth.start()
        pump(server, client)
        forth.join()


def node_asks_ahead(given):
    names = given.pages.names[:SMALL]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        between = threading.Thread(
            target=delay_responses, args=(listener, given.server.port, SMALL)
        )
        between.start()
        with given.counted(connections=1, requests=SMALL):
            replies = node(NODE_AHEAD, f"http://127.0.0.1:{listener.getsockname()[1]}", *names)
        between.join()
    same("files", replies, expected(given, names))


# ---- Chromium -----------------------------------------------------------------------------------


def chromium_loads_a_page_with_fifty_files(given):
    with tempfile.TemporaryDirectory() as profile:
        options = (
            "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
            "--disable-background-networking --disable-component-update --dump-dom"
        ).split()
        with given.counted(connections=range(1, 7), requests=51):
            options += [f"--user-data-dir={profile}", f"{given.url}/"]
            page = run("chromium", *options, stderr=subprocess.DEVNULL)  # about the desktop
    seen = re.search("<pre>(.*)</pre>", page.decode())
    same("the page shows it", bool(seen), True)
    same("scripts, styles, images", json.loads(seen[1]), given.pages.seen)


LIBRARIES = (
    python_keeps_its_connection,
    python_asks_ahead,
    node_keeps_its_connection,
    node_asks_ahead,
    chromium_loads_a_page_with_fifty_files,
)
