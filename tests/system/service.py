#!/usr/bin/env python3
# service.py - the program as a shell, a service manager and an operator treat it.  Its last line is
# a sum of passed and failed.
#
#     python3 tests/system/service.py build/shockwave
import contextlib, os, re, select, signal, socket, subprocess, sys, tempfile, time

PROGRAM = sys.argv[1]
TIMEOUT = 20  # seconds for what must come: only a failing test ever waits so long

ASK = b'GET /plaintext HTTP/1.0\r\n\r\n'

passed, failed = 0, 0


def check(ok, what):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    if not ok:
        print('service.py: ' + what)


def happens(what):
    end = time.monotonic() + TIMEOUT
    while not (result := what()) and time.monotonic() < end:
        time.sleep(0.01)
    return result


def responds(path):
    """Does a server respond at a unix socket?"""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(TIMEOUT)
        try:
            s.connect(path)
            s.sendall(ASK)
            got = b''
            while part := s.recv(4096):
                got += part
        except OSError:
            return False
    return b'Hello' in got


@contextlib.contextmanager
def started(*arguments, **kwargs):
    process = subprocess.Popen([PROGRAM, 'serve', *arguments],
                               **{'stdout': subprocess.DEVNULL, 'stderr': subprocess.PIPE,
                                  **kwargs})
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ends(process, status=0):
    process.send_signal(signal.SIGTERM)
    return process.wait(TIMEOUT) == status


# ---- NOTIFY_SOCKET -------------------------------------------------------------------------------

# sd_notify(3): what is no socket is no reason not to start; what is empty is not set.
for value, want in [('', b''), ('relative', b'NOTIFY_SOCKET: '), ('@', b'NOTIFY_SOCKET: '),
                    ('/', b'NOTIFY_SOCKET: '), ('vsock:2:1234', b'NOTIFY_SOCKET: '),
                    ('/' + 'x' * 200, b'NOTIFY_SOCKET: '), ('/not/there', b''),
                    ('/dev/null', b''), ('@unused-' + str(os.getpid()), b'')]:
    with tempfile.TemporaryDirectory() as tmp:
        path = tmp + '/socket'
        with started('--listen', path, env={**os.environ, 'NOTIFY_SOCKET': value}) as p:
            ok = happens(lambda: responds(path) or p.poll() is not None) and p.poll() is None
            ok = ok and ends(p)
            output = p.stderr.read()
            check(ok and want in output and (want or not output),
                    'NOTIFY_SOCKET=%s: %s' % (value[:20], output.decode()))

# A listener that fails is reported with such a NOTIFY_SOCKET too.
done = subprocess.run([PROGRAM, 'serve', '--listen', '192.0.2.1:0'], capture_output=True,
                      env={**os.environ, 'NOTIFY_SOCKET': 'relative'}, timeout=TIMEOUT)
check(done.returncode == 2 and b'http://192.0.2.1:0: bind: ' in done.stderr,
        'NOTIFY_SOCKET=relative and a wrong address: %r' % done.stderr)

# ---- Signals and streams -------------------------------------------------------------------------

with tempfile.TemporaryDirectory() as tmp:
    path = tmp + '/socket'
    for more in ([], ['--access-log', '-']):
        with started('--listen', path, *more) as p:
            happens(lambda: responds(path))
            for _ in range(3):
                p.send_signal(signal.SIGHUP)
                time.sleep(0.05)
            check(responds(path) and ends(p), 'SIGHUP ends a server with %s' % more)

# A server whose output is a closed pipe goes on serving.
for streams in (['stdout'], ['stderr'], ['stdout', 'stderr']):
    for more in ([], ['--access-log', '-']):
        with tempfile.TemporaryDirectory() as tmp:
            path = tmp + '/socket'
            end, begin = os.pipe()
            os.close(end)
            with started('--listen', path, *more, restore_signals=True,
                         **{**{'stderr': subprocess.DEVNULL}, **{s: begin for s in streams}}) as p:
                os.close(begin)
                happens(lambda: responds(path) or p.poll() is not None)
                check(responds(path) and ends(p),
                        'it ends when %s is closed, %s' % (streams, more))

# ---- Unix sockets --------------------------------------------------------------------------------

# The one at the path is the successor's, when the old server has left.
with tempfile.TemporaryDirectory() as tmp:
    path = tmp + '/socket'
    with started('--listen', path) as old:
        happens(lambda: responds(path))
        os.unlink(path)
        with started('--listen', path) as new:
            happens(lambda: responds(path))
            check(ends(old) and responds(path), 'the old server removed the socket of the new')
            check(ends(new) and not os.path.exists(path), 'the socket is not removed')

# A server whose backlog is full is there all the same.
with tempfile.TemporaryDirectory() as tmp, socket.socket(socket.AF_UNIX) as busy:
    path = tmp + '/socket'
    busy.bind(path)
    busy.listen(1)
    waiting = []
    with contextlib.suppress(BlockingIOError):
        while len(waiting) < 100:
            waiting.append(socket.socket(socket.AF_UNIX))
            waiting[-1].setblocking(False)
            waiting[-1].connect(path)
    done = subprocess.run([PROGRAM, 'serve', '--listen', path], capture_output=True, text=True,
                          timeout=TIMEOUT)
    check(done.stderr == 'shockwave: unix:%s: bind: Address already in use\n' % path and
            done.returncode == 2, 'a full backlog: %r' % done)
    for s in waiting:
        s.close()

# Mode and owner, on every unix socket and in any order.
with tempfile.TemporaryDirectory() as tmp:
    first, second = tmp + '/first', tmp + '/second'
    for arguments in (['--listen', first, '--socket-mode', '660', '--metrics', second],
                      ['--socket-mode', '660', '--listen', first, '--metrics', second]):
        with started(*arguments) as p:
            happens(lambda: responds(first))
            modes = [os.stat(path).st_mode & 0o7777 for path in (first, second)]
            check(modes == [0o660, 0o660] and ends(p), '%s: %r' % (arguments, modes))

# A descriptor from a service manager that is no socket is called what it is, without a colon more.
with tempfile.TemporaryFile() as file:
    code = ('import os, sys; os.dup2(%d, 3); os.environ.update(LISTEN_PID=str(os.getpid()), '
            'LISTEN_FDS="1"); os.execv(sys.argv[1], [sys.argv[1], "serve"])' % file.fileno())
    done = subprocess.run([sys.executable, '-c', code, PROGRAM], pass_fds=[file.fileno()],
                          capture_output=True, text=True, timeout=TIMEOUT)
    check(done.returncode == 2 and done.stderr.startswith('shockwave: inherited:3: listeners: '),
            'no socket inherited: %r' % done)

# ---- The number of workers -----------------------------------------------------------------------

with tempfile.TemporaryDirectory() as tmp:
    path = tmp + '/socket'
    one = min(os.sched_getaffinity(0))
    threads = []  # sanitizers have some of their own
    for more in (['--workers', '1'], []):
        with started('--listen', path, *more,
                     preexec_fn=lambda: os.sched_setaffinity(0, {one})) as p:
            happens(lambda: responds(path))
            threads.append(len(os.listdir('/proc/%d/task' % p.pid)))
            ends(p)
    check(threads[0] == threads[1], 'workers on one processor: %r threads' % threads)

# ---- The version ---------------------------------------------------------------------------------

header = open(os.path.dirname(os.path.abspath(__file__)) + '/../../runtime/shockwave.h').read()
version = re.search(r'#define SW_VERSION +"(.*)"', header)[1]
numbers = '.'.join(re.search(r'#define SW_VERSION_%s +(\d+)' % part, header)[1]
                   for part in ('MAJOR', 'MINOR', 'PATCH'))
check(re.fullmatch(re.escape(numbers) + r'(-[0-9A-Za-z.-]+)?', version), 'SW_VERSION: ' + version)
for arguments in (['--version'], ['-V'], ['serve', '--version'], ['serve', '-V']):
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=TIMEOUT)
    check((done.returncode, done.stdout, done.stderr) == (0, 'shockwave %s\n' % version, ''),
            '%s: %r' % (arguments, done))

print('%d passed, %d failed' % (passed, failed))
sys.exit(failed > 0)
