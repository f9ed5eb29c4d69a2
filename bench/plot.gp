# plot.gp - how fast each parser reads each set of heads.
# SPDX-License-Identifier: MIT
#
#     gnuplot -e "data='speeds.tsv'; out='plot'" plot.gp
#
# Grey text and middling colours on no background can be read on white and on black.
ink = "#8a8a8a"
set datafile separator "\t"
set style data histogram
set style histogram clustered gap 1.5
set style fill solid border
set boxwidth 0.9
set border 3 linecolor rgb ink
set grid ytics linecolor rgb ink linewidth 0.4 dashtype 3
set tics nomirror scale 0 textcolor rgb ink
set logscale y 2 # or the set that is fastest would hide the others
# What the others are measured by is 1 in each set.
base = system("awk -F'\t' 'NR == 1 { n = split($0, name) }" \
    ."NR > 1 { for (i = 2; i <= n; i++) if ($i != \"1.000\" && $i != \"nan\") other[i] = 1 }" \
    ."END { for (i = 2; i <= n; i++) if (!(i in other)) { print name[i]; exit } }' ".data)
set ylabel "heads per second, ".base." = 1" noenhanced textcolor rgb ink
set key noenhanced outside top center horizontal textcolor rgb ink
set linetype 1 linecolor rgb "#d9480f"
set linetype 2 linecolor rgb "#f0a04b"
set linetype 3 linecolor rgb "#4c86c6"
set linetype 4 linecolor rgb "#3a9d76"
set linetype 5 linecolor rgb "#9a6fc0"
set linetype 6 linecolor rgb "#8f8f4a"
set datafile missing "nan"
columns = int(system("awk -F'\t' 'NR == 1 { print NF }' ".data))
lowest = 1.0
do for [i=2:columns] {
    stats data using (valid(i) ? column(i) : NaN) skip 1 nooutput
    if (STATS_records > 0 && STATS_min < lowest) { lowest = STATS_min }
}
set yrange [2**floor(log(lowest)/log(2) - 0.01):*]
draw = "plot for [i=2:columns] data using i:xtic(1) title columnheader(i) linetype i-1"

set terminal svg size 1160,420 font "sans-serif,13"
set output out.".svg"
eval draw
set terminal pngcairo size 2320,840 font "sans-serif,26" transparent
set output out.".png"
eval draw
