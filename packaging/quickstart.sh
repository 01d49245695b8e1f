#!/usr/bin/env bash
# Shows vastwatch at work within a minute, on a simulated Vast.ai account: an idle instance is warned
# about and destroyed, a team reaches its daily cap. Nothing outside this machine is touched.
#
#   packaging/quickstart.sh             until Ctrl-C
#   packaging/quickstart.sh --for 90s   ends by itself
#   VAST_API_KEY=… packaging/quickstart.sh --real
#                                       watches your real account instead, in dry-run mode
set -euo pipefail
cd "$(dirname "$0")/.."
source packaging/dependencies.sh

usage() {
    sed -n '2,9s/^# \{0,1\}//p' "$0"
}

run_for=0
real=no
while [ $# -gt 0 ]; do
    case "$1" in
        --for)
            [[ "${2:-}" =~ ^([0-9]+)(s|m)$ ]] || { echo "--for wants 90s or 2m" >&2; exit 2; }
            run_for=${BASH_REMATCH[1]}
            if [ "${BASH_REMATCH[2]}" = m ]; then run_for=$((run_for * 60)); fi
            shift 2
            ;;
        --real) real=yes; shift ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
    esac
done
if [ "$real" = yes ] && [ -z "${VAST_API_KEY:-}" ]; then
    echo "--real needs your key in VAST_API_KEY" >&2
    exit 2
fi

# shellcheck disable=SC2086
install_missing $build_packages curl jq
bin=build/release
if [ ! -x "$bin/daemon/vastwatchctl" ] || [ ! -x "$bin/tests/vastsim/vastsim" ]; then
    echo "Building (some minutes the first time) …"
fi
cmake --preset release >/dev/null
cmake --build "$bin" --target vastwatchd vastwatchctl vastsim

work=$(mktemp -d "${TMPDIR:-/tmp}/vastwatch-quickstart.XXXXXX")
mkdir "$work/state" "$work/vastwatch.conf.d"
pids=()
stop() {
    trap '' INT TERM
    trap - EXIT
    for pid in "${pids[@]}"; do
        kill -TERM "$pid" 2>/dev/null || true
    done
    wait 2>/dev/null || true
    rm -rf "$work"
    echo "Stopped."
}
trap 'stop; exit 0' INT TERM
trap 'stop' EXIT

# wait_for SECONDS DESCRIPTION COMMAND…: until the command succeeds.
wait_for() {
    local limit=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        if [ $SECONDS -ge $limit ]; then
            echo "Gave up waiting for $what. The daemon's log:" >&2
            cat "$work/vastwatchd.log" >&2 2>/dev/null || true
            exit 1
        fi
        sleep 0.2
    done
}

if [ "$real" = yes ]; then
    cat >"$work/vastwatch.conf" <<CONF
[daemon]
listen          = "127.0.0.1:9877"
control_socket  = "$work/control.sock"
state_directory = "$work/state"

[enforcement]
mode = "dry-run"

[account.main]
api_key_env = "VAST_API_KEY"
CONF
else
    export VAST_API_KEY=quickstart-key
    "$bin/tests/vastsim/vastsim" --generate 16 --key "$VAST_API_KEY" --charge-lag 5s \
        --port-file "$work/vastsim.json" >"$work/vastsim.log" 2>&1 &
    pids+=($!)
    /usr/bin/python3 tests/end-to-end/webhook_receiver.py --record "$work/alerts.jsonl" \
        --port-file "$work/webhook.port" >/dev/null 2>&1 &
    pids+=($!)
    wait_for 10 "vastsim" test -s "$work/vastsim.json"
    wait_for 10 "the webhook receiver" test -s "$work/webhook.port"
    cat >"$work/vastwatch.conf" <<CONF
[daemon]
listen          = "127.0.0.1:9877"
control_socket  = "$work/control.sock"
state_directory = "$work/state"

[enforcement]
mode = "enforce"

[account.main]
api_key_env      = "VAST_API_KEY"
url              = "$(jq -r .url "$work/vastsim.json")"
poll_interval    = "5s"
billing_interval = "15s"

[defaults]              # short, so that a minute shows what usually takes hours
idle_for      = "25s"
idle_warning  = "10s"
idle_max_gap  = "20s"
startup_grace = "0s"
cap_warning   = "30s"
notify        = ["here"]

[team.speech]
labels = ["speech/*"]

[team.vision]
labels = ["vision/*"]

[notifier.here]
type = "webhook"
url  = "http://127.0.0.1:$(cat "$work/webhook.port")/alerts"
CONF
    printf '[team.ml-research]\nlabels = ["ml-research/*"]\n' \
        >"$work/vastwatch.conf.d/ml-research.conf"
fi

"$bin/daemon/vastwatchd" --config "$work/vastwatch.conf" 2>"$work/vastwatchd.log" &
daemon=$!
pids+=("$daemon")
ready() { kill -0 "$daemon" || { cat "$work/vastwatchd.log" >&2; exit 1; }
          curl -fs -o /dev/null http://127.0.0.1:9877/-/ready; }
wait_for 60 "the first look at the account" ready

cat <<TEXT

vastwatch is running.

  status page   http://127.0.0.1:9877/
  metrics       http://127.0.0.1:9877/metrics
  status        $bin/daemon/vastwatchctl --socket $work/control.sock status
  why           $bin/daemon/vastwatchctl --socket $work/control.sock explain ID
  log           $work/vastwatchd.log
TEXT

ctl() { "$bin/daemon/vastwatchctl" --socket "$work/control.sock" "$@"; }

if [ "$real" = no ]; then
    # A cap that the team reaches 40 seconds from now, whatever it has spent today.
    figure() { curl -fs http://127.0.0.1:9877/metrics | sed -n "s/^$1 //p"; }
    charges_read() { figure 'vastwatch_last_successful_billing_timestamp_seconds{account="main"}' |
                         grep -q .; }
    wait_for 60 "charges" charges_read
    burn=$(figure 'vastwatch_team_burn_dollars_per_hour{team="ml-research"}')
    spend=$(figure 'vastwatch_team_spend_dollars{team="ml-research",window="day"}')
    cap=$(awk "BEGIN { printf \"%.2f\", $spend + $burn * 40 / 3600 + 0.005 }")
    printf '[team.ml-research]\nlabels = ["ml-research/*"]\ndaily_cap = %s\n' "$cap" \
        >"$work/vastwatch.conf.d/ml-research.conf"
    ctl reload >/dev/null
    cat <<TEXT

An idle instance (ml-research/notebook) is being watched, and team ml-research was just given a daily
cap of \$$cap, which it reaches in about 40 seconds. Alerts as they arrive:
TEXT
    touch "$work/alerts.jsonl"
    tail -n +1 -f "$work/alerts.jsonl" 2>/dev/null | jq --unbuffered -r \
        '.body | fromjson | "  " + (.time | sub(".*T"; "")) + "  " + .severity + "  " + .title' &
    pids+=($!)
fi
echo
echo "Ctrl-C ends it."
echo

if [ "$run_for" -gt 0 ]; then
    sleep "$run_for" &
    wait -n $! "$daemon" || true
    echo
    NO_COLOR=1 ctl status || true
else
    wait "$daemon" || true
fi
kill -0 "$daemon" 2>/dev/null || { echo "The daemon ended by itself:" >&2
    tail -5 "$work/vastwatchd.log" >&2; exit 1; }
exit 0
