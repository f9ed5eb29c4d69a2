# stack.awk - the deepest stack below each public function, from gcc's call graphs.
#
#     objdump -dr *.o | awk -v max=1152 -f stack.awk shockwave.h shockwave_values.h *.ci -
#
# A public function is one that a header declares.  A .ci file (gcc -fcallgraph-info=su) has the
# functions of one object, the sizes of their frames in bytes, and the calls between them; objdump
# shows which of those are tail calls: jumps, after which the caller has no frame.  Fails on a path
# of more than `max` bytes, recursion, a frame that grows at run time, and an unknown callee.

BEGIN {
    # The functions of the C library that the core may call, with an upper bound of their stack.
    split("memcpy memmove memset memcmp memchr", known)
    for (i in known) frame[known[i]] = 64

    # The values of each function pointer, by the function that calls through it.
    pointer["choose"] = "weigh_media weigh_coding weigh_language"
    fast = "runtime/core/simd/head_fast.c:"
    cpus = fast "always sw_cpu_has_sse42 sw_cpu_has_avx2 sw_cpu_has_avx512"
    lookups = "sw_header_find_swar sw_header_find_avx512"
    pointer["sw_header_find"] = lookups " runtime/core/field_name.c:choose_implementation"
    parsers = "sw_head_parse_swar sw_head_parse_sse42 sw_head_parse_avx2 sw_head_parse_avx512"
    pointer["sw_head_parse"] = pointer["resume"] = parsers " " fast "choose_implementation"
    pointer["choose_implementation"] = cpus " " parsers " " lookups
    pointer["sw_head_variant"] = pointer["best"] = cpus
    pointer["matches"] = "sw_etag_equal_weak sw_etag_equal_strong"
}

function complain(text) {
    print text
    failed = 1
}

# The title of a static function has its file in front: `file:name`.
function file_of(title) { return title ~ /:/ ? substr(title, 1, index(title, ":")) : "" }

function call(from, to) { callees[from] = callees[from] " " to }

# A call through a pointer counts as a call of each of its values.
function call_pointer(from,    name, i, n, values) {
    name = from
    sub(/.*:/, "", name)
    sub(/[.].*/, "", name)
    if (!(name in pointer)) complain(from ": calls through a pointer with unknown values")
    n = split(pointer[name], values)
    for (i = 1; i <= n; i++) {
        call(from, values[i] ~ /^sw_|:/ ? values[i] : file_of(from) values[i])
    }
}

# The largest stack of `name` and its callees in bytes; `route` is the path that needs it.
function depth(name,    list, i, n, d, deepest, below) {
    if (name in done) return done[name]
    if (name in open) {
        complain(name ": calls itself")
        return 0
    }
    if (!(name in frame)) {
        complain(name ": has no known frame")
        frame[name] = 0
    }
    open[name] = 1
    deepest = frame[name]
    n = split(callees[name], list)
    for (i = 1; i <= n; i++) {
        d = depth(list[i]) + (is_jump(name, list[i]) ? 0 : frame[name])
        if (d > deepest) {
            deepest = d
            below = route[list[i]]
        }
    }
    delete open[name]
    route[name] = below == "" ? short(name) : short(name) " > " below
    return done[name] = deepest
}

function is_jump(from, to,    key) {
    key = object[from] SUBSEP short(from) SUBSEP short(to)
    return key in jumps && !(key in calls)
}

# An instruction that transfers control to `to`, in the current function and object.
function go(op, to) {
    if (op == "call") calls[part_of, inside, to] = 1
    else if (op ~ /^j/) jumps[part_of, inside, to] = 1
}

function short(name) {
    sub(/.*:/, "", name)
    return name
}

function name_of(path) {
    sub(/.*\//, "", path)
    sub(/[.][^.]*$/, "", path)
    return path
}

FILENAME ~ /[.]h$/ {
    line = $0
    while (match(line, /sw_[a-z0-9_]+\(/)) {
        declared[substr(line, RSTART, RLENGTH - 1)] = 1
        line = substr(line, RSTART + RLENGTH)
    }
    next
}

/^node:/ && !/shape : ellipse/ {
    split($0, part, "\"")
    bytes = part[4]
    sub(/.*\\n/, "", bytes)
    # "dynamic,bounded": arguments are pushed for a call, and the number is their bound too.
    if (bytes ~ /dynamic/ && bytes !~ /bounded/) complain(part[2] ": " bytes)
    frame[part[2]] = bytes + 0
    object[part[2]] = name_of(FILENAME)
    if (part[2] in declared) public[++count] = part[2]
}

/sourcename:/ {
    split($0, part, "\"")
    if (part[4] == "__indirect_call") call_pointer(part[2])
    else call(part[2], part[4])
}

# objdump: an object, a function, an instruction with its target, and a relocation.
/: +file format / { sub(/:$/, "", $1); part_of = name_of($1) }
/^[0-9a-f]+ <.*>:$/ {
    inside = substr($2, 2, length($2) - 3)
    sub(/[.]cold$/, "", inside)
}
/^ +[0-9a-f]+:\t/ {
    op = $2
    if ($NF ~ /^<.*>$/) go(op, substr($NF, 2, length($NF) - 2))
}
/R_X86_64_(PLT32|PC32)/ { sub(/[-+]0x[0-9a-f]+$/, "", $NF); go(op, $NF) }

END {
    for (i = 1; i <= count; i++) {
        bytes = depth(public[i])
        printf "%5d  %s\n", bytes, route[public[i]]
        if (bytes > max) complain(public[i] ": needs more than " max " bytes")
        if (bytes > deepest) deepest = bytes
    }
    if (!count) complain("no public function was found")
    if (!failed) print count " public functions, none deeper than " deepest " bytes"
    exit failed
}
