# shellcheck shell=bash disable=SC2154
# For .ci/run: steps and their times, what runs beside them, and the totals. Sourced; $out is a folder for this run alone.
passed=0 failed=0 table='' doing='' bad=''
declare -A running=()

row() { table+=$(printf '%8d  %s' "$1" "$2")$'\n'; }

# step NAME: what follows belongs to it, for the table of times at the end.
step() {
    [ -z "$doing" ] || row $((SECONDS - began)) "$doing"
    doing=$* began=$SECONDS
    [ -z "$doing" ] || printf '\n== %s ==\n' "$doing"
}

finish() {
    step
    printf '\n%8s  step\n%s%8d  together\n' seconds "$table" "$SECONDS"
    [ -z "$bad" ] || printf '\nwhat failed:\n%s' "$bad"
    printf '\n%s passed, %s failed\n' "$passed" "$failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
    exit
}

clear_away() {
    local pid
    for pid in "${running[@]}"; do kill -- "-$pid" 2> /dev/null; done
    rm -rf --one-file-system "$out"
}
trap clear_away EXIT

# A step that is no check counts as one failure when it fails, and ends the run: what follows builds on it.
must() { "$@" || { failed=$((failed + 1)) bad+="$doing: $*"$'\n'; finish; }; }

# part NAME COMMAND...: what it says into NAME.log, its status and its seconds into NAME.end.
part() {
    local since=$SECONDS
    "${@:2}" > "$out/$1.log" 2>&1
    echo "$? $((SECONDS - since))" > "$out/$1.end"
}

# beside NICE NAME FUNCTION...: in a session of its own, to which the kernel gives its share as to a user (sched_autogroup: nice alone
# counts within a session only), and with signals as they are by default, which a shell takes from what it starts in the background.
beside() {
    setsid env --default-signal=HUP,INT,QUIT nice -n "$1" \
        bash -c 'echo "$0" > /proc/self/autogroup; "$@"' "$1" "${@:3}" < /dev/null 2> "$out/$2.err" &
    running[$2]=$!
}

# share NICE NAME: another share for it from now on.
share() { echo "$1" > "/proc/${running[$2]}/autogroup"; } 2> /dev/null

# awaited NAME PART TITLE: waits for what runs beside; its status is that part's.
awaited() {
    local status=1 took=0
    [ -z "${running[$1]:-}" ] || wait "${running[$1]}"
    unset "running[$1]"
    [ ! -e "$out/$2.end" ] || read -r status took < "$out/$2.end"
    row "$took" "    beside: $3"
    printf '\n-- %s (%s s, beside) --\n' "$3" "$took"
    return "$status"
}

ended() { awaited "$@" || { cat "$out/$2.log"; return 1; }; }

# counted COUNTER NAME PART TITLE: a check that ran beside, shown whole.
counted() {
    local status=0
    awaited "${@:2}" || status=$?
    cat "$out/$3.log"
    "$1" "$out/$3.log" "$status"
}

# live COUNTER COMMAND...: a check that is shown while it runs.
live() {
    "${@:2}" | plain | tee "$out/live.log"
    "$1" "$out/live.log" "${PIPESTATUS[0]}"
}

# Without colours, which a test program may write even into a pipe.
plain() { sed 's/\x1b\[[0-9;]*m//g'; }

# add LOG OK BAD STATUS: a run's own totals to ours; one that ends badly without saying why, or has looked at nothing, is one failure.
add() {
    bad+=$(grep -E '^(not ok|failed|skipped) ' "$1" | head -40 | cut -c 1-300)
    [ -z "$bad" ] || bad=${bad%$'\n'}$'\n'
    set -- "${@:2}"
    passed=$((passed + $1))
    failed=$((failed + $2))
    if [ "$3" -ne 0 ] && [ "$2" -eq 0 ] || [ "$1" -eq 0 ]; then
        bad+="$doing: that run itself failed with status $3, $1 passed"$'\n'
        failed=$((failed + 1))
    fi
}

# Lines "ok …" and "not ok …".
count_checks() { add "$1" "$(grep -c '^ok ' "$1")" "$(grep -c '^not ok ' "$1")" "$2"; }

# said LOG EXPRESSION: the sum of the last numbers that a test run tells of these words.
said() {
    sed -En "s/^ *(# )?($2):? *([0-9]+).*/\2 \3/p" "$1" | awk '{ last[$1] = $2 } END { for (word in last) sum += last[word]; print sum + 0 }'
}

# Nothing may be skipped where the shared data is there.
count_tests() { add "$1" "$(said "$1" succeeded)" "$(said "$1" 'failed|skipped')" "$2"; }

count_node() { add "$1" "$(said "$1" pass)" "$(said "$1" 'fail|cancelled|skipped|todo')" "$2"; }

# For what runs beside.
export -f part
