#!/usr/bin/env python3
# options.py - each option of shockwave serve: what it does, seen from outside, and that it is not
# seen without it.  Its last line is a sum of passed and failed.
#
#     python3 tests/system/options.py build/shockwave
#
# An effect is a function that returns whether it has been seen.  It must be with the option, and
# must not be without; and each option that --help names must have one.
import concurrent.futures, contextlib, fcntl, gzip, json, os, re, select, shlex, signal, socket
import stat, subprocess, sys, tempfile, time

PROGRAM = sys.argv[1]
TIMEOUT = 20  # seconds for what must come: only a failing test ever waits so long
SHORT = 3      # and for what must not

HOST = b'Host: x\r\n'
GET = b'GET /plaintext HTTP/1.1\r\n' + HOST + b'\r\n'
LAST = b'GET /plaintext HTTP/1.1\r\n' + HOST + b'Connection: close\r\n\r\n'


class Server:
    """The program, serving; {tmp} in its arguments is a folder, {dir} one with files."""

    def __init__(self, arguments, tmp):
        self.tmp = tmp
        arguments = [a.replace('{tmp}', tmp).replace('{dir}', tmp + '/files')
                     for a in shlex.split(arguments)]
        self.process = subprocess.Popen([PROGRAM, 'serve', *arguments], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        output = ''
        while 'Ctrl-C' not in output:
            ready = select.select([self.process.stdout, self.process.stderr], [], [], TIMEOUT)[0]
            part = os.read(ready[0].fileno(), 4096).decode() if ready else ''
            if not part:
                self.process.kill()
                output += self.process.communicate()[1].decode()
                raise OSError('does not start: %s' % (output))
            output += part
        self.urls = [line.split()[0] for line in output.split('\n') if line.startswith('  ')]
        ports = [int(m[1]) for m in re.finditer(r'^  http://\S*?:(\d+)/', output, re.M)]
        self.port = ports[0] if ports else None
        self.admin = ports[-1] if ports else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def connect(self, where=None, room=0):
        where = where or self.port
        s = socket.socket(socket.AF_UNIX if isinstance(where, str) else socket.AF_INET)
        if room:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        s.settimeout(TIMEOUT)
        s.connect(where if isinstance(where, str) else ('127.0.0.1', where))
        return s

    def ask(self, request, where=None):
        """All that comes back, until the server closes."""
        with self.connect(where) as s:
            s.sendall(request)
            return rest(s)

    def metric(self, name):
        page = self.ask(b'GET /metrics HTTP/1.0\r\n\r\n', self.admin).decode()
        return int(re.search('^' + re.escape(name) + r' (\d+)$', page, re.M)[1])

    def size(self):
        status = open('/proc/%d/status' % self.process.pid).read()
        return int(re.search(r'VmSize:\s*(\d+)', status)[1]) << 10


def rest(s):
    got = b''
    with contextlib.suppress(ConnectionResetError):
        while part := s.recv(65536):
            got += part
    return got


def until(s, end):
    got = b''
    while end not in got:
        part = s.recv(65536)
        if not part:
            raise OSError('closed')
        got += part
    return got


def comes(s, seconds=SHORT):
    return bool(select.select([s], [], [], seconds)[0])


def closes(s):
    """Does the end come?  Nothing is taken."""
    poll = select.poll()
    poll.register(s, select.POLLRDHUP)
    return bool(poll.poll(SHORT * 1000))


def happens(what):
    end = time.monotonic() + SHORT
    while not (result := what()) and time.monotonic() < end:
        time.sleep(0.01)
    return result


def file_of(path):
    """What is in a file, once there is something."""
    return happens(lambda: os.path.exists(path) and open(path).read()) or ''


def effect(option, base='--listen 0'):
    """The function sees what this option does to a server with the options `base`."""
    def keep(see):
        effects.append((option, base, see))
        return see
    return keep


effects = []

# ---- Listening -----------------------------------------------------------------------------------


@effect('--listen {tmp}/socket')
def _(server):
    return b'Hello' in server.ask(LAST, server.tmp + '/socket')


@effect('--listen [::1]:0')
def _(server):
    port = int(next(re.search(r'\[::1\]:(\d+)', u)[1] for u in server.urls if '[::1]' in u))
    with socket.create_connection(('::1', port)) as s:
        s.sendall(LAST)
        return b'Hello' in rest(s)


@effect('--proxy-protocol required', '--listen 0 --trusted 127.0.0.1')
def _(server):
    proxied = server.ask(b'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n' + LAST)
    return b'Hello' in proxied and server.ask(LAST) == b''


@effect('--proxy-protocol optional', '--listen 0 --trusted 127.0.0.1')
def _(server):
    proxied = server.ask(b'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n' + LAST)
    return b'Hello' in proxied and b'Hello' in server.ask(LAST)


@effect('--backlog 1', '--listen {tmp}/socket --workers 1 --connections 1')
def _(server):
    sockets = []
    try:
        for i in range(20):
            sockets.append(socket.socket(socket.AF_UNIX))
            sockets[-1].setblocking(False)
            sockets[-1].connect(server.tmp + '/socket')
    except BlockingIOError:
        return True
    finally:
        for s in sockets:
            s.close()


@effect('--socket-mode 640', '--listen {tmp}/socket')
def _(server):
    return stat.S_IMODE(os.stat(server.tmp + '/socket').st_mode) == 0o640


# Without privileges, a group that is not the first one's.
OWNER = (12345, 54321) if os.geteuid() == 0 else (os.geteuid(), os.getgroups()[-1])


@effect('--socket-owner %d:%d' % OWNER, '--listen {tmp}/socket')
def _(server):
    status = os.stat(server.tmp + '/socket')
    return (status.st_uid, status.st_gid) == OWNER


@effect('--shared', '--listen 0 --workers 1')
def _(server):
    with Server('--shared --listen %d' % server.port, server.tmp):
        return True


# ---- Connections ---------------------------------------------------------------------------------


@effect('--workers %d' % (os.cpu_count() + 1))
def _(server):
    return happens(
        lambda: len(os.listdir('/proc/%d/task' % server.process.pid)) == os.cpu_count() + 1)


def refused(server):
    with server.connect() as first:
        first.sendall(b'POST / HTTP/1.1\r\n' + HOST + b'Content-Length: 5\r\n\r\n')
        until(first, b' 405 ')  # it is not idle: its content has not arrived
        with server.connect() as second:
            second.sendall(LAST)
            return comes(second) and b' 503 ' in rest(second)


effect('--connections 1', '--listen 0 --workers 1 --full refuse')(refused)
effect('--full refuse', '--listen 0 --workers 1 --connections 1')(refused)


@effect('--exchanges 1', '--listen 0 --workers 1')
def _(server):
    with server.connect() as first, server.connect() as second:
        first.sendall(b'POST / HTTP/1.1\r\n' + HOST + b'Content-Length: 5\r\n\r\n')
        until(first, b' 405 ')  # the content is unread, and has not arrived
        second.sendall(GET)
        if comes(second):
            return False
        first.sendall(b'hello')
        return b'Hello' in until(second, b'World')


@effect('--requests 2')
def _(server):
    with server.connect() as s:
        s.sendall(GET * 3)
        return closes(s) and rest(s).count(b'Hello') == 2


# ---- Times ---------------------------------------------------------------------------------------


@effect('--head-timeout 100ms')
def _(server):
    with server.connect() as s:
        s.sendall(b'GET / HT')
        return comes(s) and b' 408 ' in rest(s)


@effect('--body-timeout 100ms')
def _(server):
    with server.connect() as s:
        s.sendall(b'POST / HTTP/1.1\r\n' + HOST + b'Content-Length: 5\r\n\r\n')
        return closes(s)


@effect('--idle-timeout 100ms')
def _(server):
    with server.connect() as s:
        s.sendall(GET)
        return closes(s)


@effect('--write-timeout 100ms', '--listen 0 --metrics 0 {dir}')
def _(server):
    with server.connect(room=4096) as s:
        s.sendall(b'GET /large HTTP/1.1\r\n' + HOST + b'\r\n')
        return happens(lambda: server.metric('shockwave_timeouts_total{kind="write"}'))


@effect('--min-progress 64', '--listen 0 --body-timeout 2s')
def _(server):
    with server.connect() as s:
        s.sendall(b'POST / HTTP/1.1\r\n' + HOST + b'Content-Length: 960\r\n\r\n')
        for i in range(15):
            s.sendall(b'x' * 64)
            time.sleep(0.3)
        s.sendall(LAST)
        return b'Hello' in rest(s)


@effect('--linger 1h', '--listen 0 --metrics 0')
def _(server):
    with server.connect() as s:
        s.sendall(b'nonsense\r\n\r\n')
        rest(s)
        time.sleep(SHORT + 0.5)
        return server.metric('shockwave_connections{state="linger"}') == 1


@effect('--drain 100ms', '--listen 0 {dir}')
def _(server):
    with server.connect(room=4096) as s:
        s.sendall(b'GET /large HTTP/1.1\r\n' + HOST + b'\r\n')
        s.recv(1)
        server.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            return server.process.wait(SHORT) == 1


# ---- Memory --------------------------------------------------------------------------------------

for option in ('--input-buffer 1m', '--output-buffer 1m'):
    effect(option, '--listen 0 --workers 1 --connections 1024')(lambda s: s.size() > 1 << 30)


@effect('--scratch 1k')
def _(server):
    request = b'GET /headers HTTP/1.1\r\n' + HOST + b'Connection: close\r\nA: ' + b'a' * 2000
    return b'a' * 2000 not in server.ask(request + b'\r\n\r\n')


# ---- With a proxy   ------------------------------------------------------------------------------


def forwarded(server):
    server.ask(b'GET / HTTP/1.0\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n')
    return file_of(server.tmp + '/log').startswith('192.0.2.1 ')


effect('--trusted 127.0.0.0/8', '--listen 0 --access-log {tmp}/log --forwarding x-forwarded-for')(
    forwarded)
effect('--forwarding x-forwarded-for', '--listen 0 --access-log {tmp}/log --trusted 127.0.0.1')(
    forwarded)


@effect('--forwarding forwarded', '--listen 0 --access-log {tmp}/log --trusted 127.0.0.1')
def _(server):
    server.ask(b'GET / HTTP/1.0\r\nForwarded: for=192.0.2.1\r\n\r\n')
    return file_of(server.tmp + '/log').startswith('192.0.2.1 ')


# ---- Limits --------------------------------------------------------------------------------------

CHUNKED = b'POST / HTTP/1.1\r\n' + HOST + b'Transfer-Encoding: chunked\r\n\r\n'

# The reply to the first message begins so, or the last one gets no response (None).
for option, request, status in [
        ('method 3', b'POST / HTTP/1.1\r\n', b'501'),
        ('target 9', b'GET /23456789a HTTP/1.1\r\n' + HOST + b'\r\n', b'414'),
        ('empty-lines 1', b'\r\n\r\n' + GET, b'400'),
        ('field-name 5', b'GET / HTTP/1.1\r\n' + HOST + b'Second: x\r\n\r\n', b'431'),
        ('field-line 20', b'GET / HTTP/1.1\r\n' + HOST + b'A: ' + b'a' * 20 + b'\r\n\r\n', b'431'),
        ('fields 1', b'GET / HTTP/1.1\r\n' + HOST + b'A: a\r\n\r\n', b'431'),
        ('head 30', b'GET / HTTP/1.1\r\n' + HOST + b'A: abcd\r\n\r\n', b'431'),
        ('body 4', b'POST / HTTP/1.1\r\n' + HOST + b'Content-Length: 5\r\n\r\nhello', b'413'),
        ('chunk-extensions 5', CHUNKED + b'1;a=bcdef\r\na\r\n0\r\n\r\n', None),
        ('chunk-overhead 1', CHUNKED + b'1;a=' + b'b' * 40 + b'\r\na\r\n0\r\n\r\n', None),
        ('empty-lines 0', b'\r\nGET / HTTP/1.1\r\n' + HOST + b'\r\n', b'400'),
        ('body 0', b'POST / HTTP/1.1\r\n' + HOST + b'Content-Length: 1\r\n\r\nh', b'413'),
        ('chunk-extensions 0', CHUNKED + b'1;a\r\na\r\n0\r\n\r\n', None),
        ('trailers 0', CHUNKED + b'0\r\nA: a\r\n\r\n', None),
        ('trailers 1', CHUNKED + b'0\r\nA: a\r\nB: b\r\n\r\n', None),
        ('trailer-bytes 9', CHUNKED + b'0\r\nA: abcdef\r\n\r\n', None),
        ('discard 4', b'POST / HTTP/1.1\r\n' + HOST + b'Content-Length: 5\r\n\r\nhello', None)]:
    effect('--limit-' + option)(
        lambda s, request=request, status=status:
            s.ask(request + LAST).startswith(b'HTTP/1.1 ' + status) if status
            else b'Hello' not in s.ask(request + LAST))

for option, request in [('bare-lf', LAST.replace(b'\r\n', b'\n')),
                        ('line-spaces', LAST.replace(b'1.1\r\n', b'1.1  \r\n')),
                        ('target', LAST.replace(b'text ', b'text?"[^]"&100% ')),
                        ('chunk-lf', CHUNKED + b'1\na\n0\nA: b\n\n' + LAST)]:
    effect('--lenient ' + option)(lambda s, request=request: b'Hello' in s.ask(request))

# ---- Files ---------------------------------------------------------------------------------------


def reply(name, fields=b''):
    return lambda s: s.ask(b'GET /' + name + b' HTTP/1.1\r\nConnection: close\r\n' + HOST + fields +
                           b'\r\n')


@effect('--dotfiles', '--listen 0 {dir}')
def _(server):
    return reply(b'.hidden')(server).endswith(b'hidden\n')


@effect('--precompressed', '--listen 0 {dir}')
def _(server):
    head, _, body = reply(b'page.html', b'Accept-Encoding: gzip\r\n')(server).partition(b'\r\n\r\n')
    return b'Content-Encoding: gzip' in head and gzip.decompress(body) == b'a page\n'


@effect("--cache-control 'max-age=60, public'", '--listen 0 {dir}')
def _(server):
    return b'\r\nCache-Control: max-age=60, public\r\n' in reply(b'page.html')(server)


@effect('--symlinks off', '--listen 0 {dir}')
def _(server):
    return b' 404 ' in reply(b'link')(server)[:14]


# ---- Seen from outside ---------------------------------------------------------------------------


@effect('--access-log {tmp}/log')
def _(server):
    server.ask(LAST)
    if '"GET /plaintext HTTP/1.1" 200 13 ' not in file_of(server.tmp + '/log'):
        return False
    os.rename(server.tmp + '/log', server.tmp + '/log.1')
    server.process.send_signal(signal.SIGHUP)
    happens(lambda: os.path.exists(server.tmp + '/log'))
    time.sleep(0.2)  # each worker opens it
    server.ask(LAST)
    return '"GET /plaintext HTTP/1.1" 200 13 ' in file_of(server.tmp + '/log')


@effect('--access-log -')
def _(server):
    server.ask(LAST)
    ready = select.select([server.process.stdout], [], [], SHORT)[0]
    return bool(ready) and b'"GET /plaintext HTTP/1.1"' in server.process.stdout.read1()


@effect('--log-format json', '--listen 0 --access-log {tmp}/log')
def _(server):
    server.ask(LAST)
    return json.loads(file_of(server.tmp + '/log'))['target'] == '/plaintext'


@effect('--log-buffer 8k', '--listen 0 --access-log {tmp}/pipe --workers 1 --metrics 0')
def _(server):
    for i in range(4):
        server.ask(GET * 100 + LAST)
    return server.metric('shockwave_log_dropped_total') > 0


@effect('--metrics {tmp}/metrics')
def _(server):
    where = server.tmp + '/metrics'
    pages = [server.ask(b'GET ' + p + b' HTTP/1.0\r\n\r\n', where)
             for p in (b'/metrics', b'/livez', b'/readyz')]
    return all(b' 200 ' in p[:20] for p in pages) and b' 404 ' in server.ask(
        b'GET /metrics HTTP/1.0\r\n\r\n')


# ---- Running them --------------------------------------------------------------------------------


def prepare(tmp):
    os.mkdir(tmp + '/files')
    for name, content in [('page.html', b'a page\n'), ('.hidden', b'hidden\n'),
                          ('page.html.gz', gzip.compress(b'a page\n'))]:
        with open(tmp + '/files/' + name, 'wb') as f:
            f.write(content)
    os.symlink('page.html', tmp + '/files/link')
    with open(tmp + '/files/large', 'wb') as f:
        f.truncate(1 << 28)
    os.mkfifo(tmp + '/pipe')
    pipe = os.open(tmp + '/pipe', os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 4096)
    return pipe


def seen(arguments, see):
    with tempfile.TemporaryDirectory() as tmp:
        pipe = prepare(tmp)
        try:
            with Server(arguments, tmp) as server:
                return bool(see(server)), ''
        except Exception as e:  # what was not seen need not have been there to see
            return False, repr(e)
        finally:
            os.close(pipe)


def try_effect(option, base, see):
    with_it, why = seen(option + ' ' + base, see)
    if not with_it:
        return '%s: its effect is not seen %s' % (option, why)
    return '%s: the same is seen without it' % option if seen(base, see)[0] else None


def run(*arguments, **kwargs):
    done = subprocess.run([PROGRAM, 'serve', *arguments], capture_output=True, text=True,
                          timeout=TIMEOUT, **kwargs)
    return done.returncode, done.stdout, done.stderr


HELP = run('--help')[1]
OPTIONS = re.findall(r'^ +(?:-\w, )?--([a-z-]+)(?: (\S+))?', HELP, re.M)


def try_names():
    named = {name for name, _ in OPTIONS}
    tried = {e[0].split()[0][2:] for e in effects} | {'help', 'version'}
    if not HELP.startswith('usage: shockwave serve') or len(named) < 40:
        return '--help does not help'
    return 'no effect is known of %s' % ', '.join(named ^ tried) if named != tried else None


# A value that is none is refused by the option's name, and so is one that the server refuses.
BAD = [('--' + name, '' if name == 'access-log' else '\n', '--%s: not ' % name)
       for name, value in OPTIONS if value]
BAD += [('--idle-timeout', '10', '--idle-timeout: not 10, but a time'),
        ('--idle-timeout', '0s', '--idle-timeout: not 0s'),
       ('--idle-timeout', '10s1', '--idle-timeout: not 10s1, but a time such as 500ms'),
       ('--drain', '1h36', '--drain: not 1h36, but a time such as 500ms'),
       ('--min-progress', '1k1', '--min-progress: not 1k1, but a size such as 4096'),
       ('--requests', '', "--requests: not '', but a number greater than 0, such as"),
        ('--idle-timeout', '99999999h', '--idle-timeout: not 9'),
        ('--workers', '4294967296', '--workers: not 4294967296'),
        ('--workers', '10k', '--workers: not 10k'),
        ('--input-buffer', '5t', '--input-buffer: not 5t'),
        ('--listen', '65536', '--listen: not 65536'),
        ('--listen', 'localhost:80', '--listen: not localhost:80'),
        ('--trusted', '10.0.0.0/33', '--trusted: not 10.0.0.0/33'),
        ('--exchanges', '5000', '--exchanges: out of range'),
        ('--output-buffer', '1k', '--output-buffer: out of range'),
        ('--limit-head', '1g', '--limit-head: out of range'),
       ('--limit-trailer-bytes', '1g', '--limit-trailer-bytes: out of range'),
       ('--limit-chunk-extensions', '1g', '--limit-chunk-extensions: out of range'),
       ('--limit-empty-lines', '256', '--limit-empty-lines: out of range'),
       ('--limit-trailers', '33', '--limit-trailers: out of range'),
       ('--limit-fields', '65536', '--limit-fields: out of range'),
       ('--limit-field-name', '64k', '--limit-field-name: out of range'),
        ('--access-log', '/nowhere/at/all', '--access-log: No such file'),
        ('--listen', '192.0.2.1:0', 'http://192.0.2.1:0: bind: '),
       ('--listen', '/nowhere/at/all', 'shockwave: unix:/nowhere/at/all: bind: No such file'),
       ('--listen', '/' + 107 * 'x', '--listen: not /xxx'),
       ('--metrics', '/nowhere/at/all', 'shockwave: unix:/nowhere/at/all: bind: No such file'),
       ('--socket-mode', '668', '--socket-mode: not 668, but an octal mode'),
       ('--socket-mode', '660', '--socket-mode: is about unix sockets'),
       ('--socket-owner', 'no such user', '--socket-owner: not no such user, but a user'),
       ('--socket-owner', '0:0', '--socket-owner: is about unix sockets'),
        ('--cache-control', 'no-cache', '--cache-control: is about files'),
        ('--symlinks', 'off', '--symlinks: is about files'),
        ('--symlinks', 'on', '--symlinks: not on, but beneath|off'),
        ('--cache-control', '', "--cache-control: not '', but the value of a field"),
        ('--cache-control', ' no-cache', '--cache-control: not  no-cache, but'),
        ('--cache-control', 'no-cache ', '--cache-control: not no-cache , but'),
        ('--cache-control', 'a' * 1025, '--cache-control: not a'),
        ('--scratch', '1k', '--scratch: not 1024, but at least', '/'),
        ('--nonsense', 'x', '--nonsense: no such option')]


def try_bad(option, value, want, *more):
    status, _, output = run(option, value, *more)
    if status != 2 or not output.startswith('shockwave: ') or want not in output:
        return '%s %r: exit status %d, and: %s' % (option, value, status, output)


# LISTEN_FDS as a service manager sets it: the sockets are descriptors 3 and 4 of our child.
INHERIT = '''
import os, sys
for i, fd in enumerate(sys.argv[3:]):
    os.dup2(int(fd), 103 + i)
for i in range(len(sys.argv) - 3):
    os.dup2(103 + i, 3 + i)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(sys.argv) - 3),
                  LISTEN_FDNAMES='web:metrics', NOTIFY_SOCKET=sys.argv[2])
os.execv(sys.argv[1], [sys.argv[1], 'serve'])
'''


def try_notify():
    with tempfile.TemporaryDirectory() as tmp, socket.socket() as web, socket.socket() as admin, \
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(tmp + '/notify')
        manager.settimeout(TIMEOUT)
        for s in (web, admin):
            s.bind(('127.0.0.1', 0))
            s.listen()
        fds = (web.fileno(), admin.fileno())
        process = subprocess.Popen([sys.executable, '-c', INHERIT, os.path.abspath(PROGRAM),
                                    tmp + '/notify', *map(str, fds)], pass_fds=fds,
                                   stdout=subprocess.DEVNULL)
        try:
            output = [manager.recv(100)]
            replies = []
            for s, path in ((web, b'/plaintext'), (admin, b'/readyz')):
                with socket.create_connection(s.getsockname(), TIMEOUT) as c:
                    c.sendall(b'GET ' + path + b' HTTP/1.0\r\n\r\n')
                    replies.append(rest(c))
            process.terminate()
            output.append(manager.recv(100))
            status = process.wait(TIMEOUT)
        finally:
            process.kill()
            process.wait()
        if output != [b'READY=1', b'STOPPING=1'] or status:
            return 'NOTIFY_SOCKET received %r, exit status %d' % (output, status)
        if b'Hello' not in replies[0] or not replies[1].endswith(b'ready\n'):
            return 'LISTEN_FDS: %r' % replies


with concurrent.futures.ThreadPoolExecutor(16) as pool:
    jobs = [pool.submit(try_effect, *e) for e in effects]
    jobs += [pool.submit(try_bad, *b) for b in BAD]
    jobs += [pool.submit(try_notify), pool.submit(try_names)]
    faults = [j.result() for j in jobs]
for fault in faults:
    if fault:
        print('options.py: ' + fault)
failed = sum(f is not None for f in faults)
print('%d passed, %d failed' % (len(faults) - failed, failed))
sys.exit(failed > 0)
