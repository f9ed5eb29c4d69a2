# manual.awk - the man page, out of what the commands' --help prints.
#
#     { shockwave serve --help; shockwave parse --help; } | awk -f manual.awk > shockwave.1

function plain(text) { gsub(/\\/, "\\e", text); gsub(/-/, "\\-", text); return text }

# Words that are meant as they stand are bold; what stands for something else is in italics.
function marked(text,    word, n, i, out) {
    n = split(text, word, " ")
    for (i = 1; i <= n; i++) {
        if (word[i] ~ /^-|^SIG|^LISTEN|^NOTIFY|^[a-z]/) word[i] = "\\fB" plain(word[i]) "\\fR"
        else word[i] = "\\fI" plain(word[i]) "\\fR"
        out = out (i > 1 ? " " : "") word[i]
    }
    return out
}

function say(line) { body[++lines] = line }

/^usage: / {
    command = $3
    synopsis = synopsis (synopsis ? ".br\n" : "") "\\fBshockwave " command "\\fR"
    for (i = 4; i <= NF; i++) synopsis = synopsis " " plain($i)
    synopsis = synopsis "\n"
    say(".SH " toupper(command))
    next
}
/^$/ { say(".PP"); next }
/^[A-Z][a-z ]*:$/ { sub(/:/, ""); say(".SS " $0); next }
/^  (    )?-|^  [A-Z]/ {
    text = ""
    sub(/^ +/, "")
    if (match($0, /  +/)) { text = substr($0, RSTART + RLENGTH); $0 = substr($0, 1, RSTART - 1) }
    say(".TP")
    say(marked($0))
    if (text) say(plain(text))
    next
}
{ sub(/^ +/, ""); say(plain($0)) }

END {
    print ".\\\" Made by `make man` from the program's --help; do not edit."
    print ".TH SHOCKWAVE 1 \"\" \"Shockwave\" \"User Commands\""
    print ".SH NAME\nshockwave \\- serve HTTP/1.1, and show how it is read"
    printf ".SH SYNOPSIS\n%s", synopsis
    for (i = 1; i <= lines; i++)
        if (body[i] != ".PP" || (i < lines && body[i + 1] !~ /^[.]S/ && body[i - 1] !~ /^[.]S/))
            print body[i]
}
