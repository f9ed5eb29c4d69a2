"""tools.py - clients for the command line: curl, wget, wrk, h2load, ab."""
# SPDX-License-Identifier: MIT
import os
import re
import tempfile

from given import run, same

# ---- curl ---------------------------------------------------------------------------------------


def curl(*arguments, **more):
    return run("curl", "-sS", "--max-time", "60", *arguments, **more)


def curl_keeps_its_connection(given):
    names = ["random.bin", "words.txt", *given.pages.names]
    with tempfile.TemporaryDirectory() as folder:
        with given.counted(connections=1, requests=len(names)):
            curl(*(word for n in names for word in (f"{given.url}/{n}", "-o", f"{folder}/{n}")))
        for name in names:
            with open(f"{folder}/{name}", "rb") as file:
                same(name, file.read(), given.pages.files[name])


def curl_by_http_1_0(given):
    with given.counted(connections=2, requests=2):
        for name in ("random.bin", "words.txt"):
            same(name, curl("--http1.0", f"{given.url}/{name}"), given.pages.files[name])


def curl_asks_for_heads(given):
    head = curl("-I", f"{given.url}/random.bin").decode().replace("\r", "")
    same("status line", head.split("\n")[0], "HTTP/1.1 200 OK")
    same("length", re.findall(r"^Content-Length: (\d+)$", head, re.M), ["3000001"])
    same("none", curl("-o", os.devnull, "-w", "%{http_code}", f"{given.url}/none"), b"404")
    climb = curl("--path-as-is", "-w", "%{http_code}", f"{given.url}/../../../../etc/passwd")
    same("climbing", climb[-3:] in (b"400", b"404") and b"root:" not in climb, True)


def curl_asks_for_parts(given):
    url, content = f"{given.url}/random.bin", given.pages.files["random.bin"]
    same("a range", curl("-r", "1000-200999", url), content[1000:201000])
    same("its end", curl("-r", "-77", url), content[-77:])
    parts = curl("-r", "5-9,100-119", url)
    same("two ranges", [part in parts for part in (content[5:10], content[100:120])], [True, True])
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/part", "wb") as file:
            file.write(content[:1_234_567])
        curl("-C", "-", "-o", f"{folder}/part", url)
        with open(f"{folder}/part", "rb") as file:
            same("the rest", file.read(), content)


def curl_asks_again(given):
    url = f"{given.url}/words.txt"
    status = ("-o", os.devnull, "-w", "%{http_code} %{size_download}")
    with tempfile.TemporaryDirectory() as folder:
        curl("--etag-save", f"{folder}/etag", *status, url)
        same("an old tag", curl("--etag-compare", f"{folder}/etag", *status, url), b"304 0")
    file = f"{given.pages.root}/words.txt"
    same("an old date", curl("-z", file, *status, url), b"304 0")
    curl("--compressed", url)
    small = len(given.pages.files["words.txt.gz"])
    same("compressed", curl("--compressed", *status, url), f"200 {small}".encode())
    same("its content", curl("--compressed", url), given.pages.files["words.txt"])


def curl_uploads(given):
    content, url = given.pages.files["random.bin"], f"{given.url}/echo"
    plain = "--data-binary", "@-"
    for how in (plain, ("-T", "-"), (*plain, "--http1.0"), (*plain, "-H", "Expect:")):
        with given.counted(connections=1, requests=1):
            same(" ".join(how), curl(*how, url, input=content), content)
    output = curl("-v", *plain, url, "-o", os.devnull, input=content)
    same("it waits to be output", b"< HTTP/1.1 100 Continue" in output, True)


def curl_sends_a_proxy_header(given):
    url = f"http://127.0.0.1:{given.proxied.port}/client"
    there = curl("--haproxy-protocol", "--interface", "127.0.0.7", url)
    same("client", there, b"127.0.0.7")
    same("without it", curl(url, status=52), b"curl: (52) Empty reply from server\n")


# ---- wget ---------------------------------------------------------------------------------------


def wget_takes_the_page_with_all_its_files(given):
    with tempfile.TemporaryDirectory() as folder:
        with given.counted(connections=1, requests=51):
            run("wget", "-nv", "-p", "-nH", "-e", "robots=off", "-P", folder, f"{given.url}/")
        same("names", sorted(os.listdir(folder)), sorted(["index.html", *given.pages.names]))
        for name in os.listdir(folder):
            with open(f"{folder}/{name}", "rb") as file:
                same(name, file.read(), given.pages.files[name])


def wget_goes_on_and_asks_again(given):
    name, content = "random.bin", given.pages.files["random.bin"]
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/{name}", "wb") as file:
            file.write(content[:2_000_000])
        output = run("wget", "-c", "-P", folder, f"{given.url}/{name}")
        same("partial", b"206 Partial Content" in output, True)
        output = run("wget", "-N", "-P", folder, f"{given.url}/{name}")
        same("not modified", b"304 Not Modified" in output, True)
        with open(f"{folder}/{name}", "rb") as file:
            same(name, file.read(), content)


# ---- Loads --------------------------------------------------------------------------------------


def found(pattern, text):
    """The numbers after each of these words, in the program's order."""
    return [int(number) for number in re.findall(pattern, text.decode(), re.M)]


def load_with_wrk(given):
    with given.counted(connections=8 + 1):  # it tries the address first
        output = run("wrk", "-t", 1, "-c", 8, "-d", "1s", f"{given.url}/s0.css")
    same("errors", re.findall(rb"Socket errors.*|Non-2xx.*", output), [])
    same("some", found(r"^ *(\d+) requests in", output)[0] > 1000, True)


def load_with_wrk_pipelined(given):
    with given.counted(connections=8 + 1):
        output = run("wrk", "-t", 1, "-c", 8, "-d", "1s", "-s", "bench/pipeline.lua", given.url)
    same("errors", re.findall(rb"Socket errors.*|Non-2xx.*", output), [])
    same("some", found(r"^ *(\d+) requests in", output)[0] > 1000, True)


def load_with_h2load(given):
    for at_once in (1, 10):
        with given.counted(connections=8, requests=20_000):
            url = f"{given.url}/s0.css"
            output = run("h2load", "--h1", "-n", 20_000, "-c", 8, "-m", at_once, url)
        same("requests", found(r"(\d+) succeeded", output), [20_000])
        same("others", found(r"(\d+) (?:failed|errored|timeout)", output), [0, 0, 0])
        same("statuses", found(r"(\d+) [2345]xx", output), [20_000, 0, 0, 0])
        same("bytes", found(r"\((\d+)\) data", output), [20_000 * len(given.pages.files["s0.css"])])


def load_with_ab(given):
    size = len(given.pages.files["s0.css"])
    for how, connections in (["-k"], 8), ([], None):  # without, it may begin some in vain
        with given.counted(connections=connections, requests=20_000):
            output = run("ab", *how, "-q", "-n", 20_000, "-c", 8, f"{given.url}/s0.css")
        same("complete", found(r"^Complete requests: +(\d+)", output), [20_000])
        same("failed", found(r"^(?:Failed requests|Non-2xx responses): +(\d+)", output), [0])
        same("kept", found(r"^Keep-Alive requests: +(\d+)", output), [20_000] if how else [])
        same("bytes", found(r"^HTML transferred: +(\d+)", output), [20_000 * size])


TOOLS = (
    curl_keeps_its_connection,
    curl_by_http_1_0,
    curl_asks_for_heads,
    curl_asks_for_parts,
    curl_asks_again,
    curl_uploads,
    curl_sends_a_proxy_header,
    wget_takes_the_page_with_all_its_files,
    wget_goes_on_and_asks_again,
    load_with_wrk,
    load_with_wrk_pipelined,
    load_with_h2load,
    load_with_ab,
)
