# Completion of vastwatchctl(1) for bash. Names come from the running daemon, where it may be asked.

_vastwatchctl_ask() {
    local socket=()
    if [ -n "$1" ]; then socket=(--socket "$1"); fi
    timeout 2 vastwatchctl "${socket[@]}" "${@:2}" 2>/dev/null
}

_vastwatchctl_tables() {  # of the configuration: team, notifier
    _vastwatchctl_ask "$1" config | sed -n "s/^\[$2\.\(.*\)\]\$/\1/p" | tr -d '"'
}

_vastwatchctl_instances() {
    _vastwatchctl_ask "$1" instances --json | grep -o '"id":[0-9]*' | cut -d: -f2
}

_vastwatchctl() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local command="" socket=${VASTWATCH_SOCKET:-} word index options="--json --socket --help"
    for ((index = 1; index < COMP_CWORD; index++)); do
        word=${COMP_WORDS[index]}
        case $word in
            --socket) socket=${COMP_WORDS[index + 1]:-}; ((index++)) ;;
            --for | --reason | --team | --since | --interval | -n) ((index++)) ;;
            -*) ;;
            *) if [ -z "$command" ]; then command=$word; fi ;;
        esac
    done
    COMPREPLY=()
    case $previous in
        --socket) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
        --for | --interval)
            mapfile -t COMPREPLY < <(compgen -W "30m 1h 4h 12h 1d 7d" -- "$current"); return ;;
        --since) mapfile -t COMPREPLY < <(compgen -W "1h 1d 7d 30d" -- "$current"); return ;;
        --team)
            mapfile -t COMPREPLY < <(
                compgen -W "$(_vastwatchctl_tables "$socket" team)" -- "$current")
            return ;;
        --reason | -n) return ;;
    esac
    local words=""
    case $command in
        "")
            options="--socket --version --help"
            words="status top instances explain findings alerts actions protect unprotect approve
                dismiss pause resume poll test-notifier doctor config reload audit" ;;
        top) options+=" -n --interval" ;;
        instances) options+=" --team --idle" ;;
        explain | unprotect) words=$(_vastwatchctl_instances "$socket") ;;
        protect) options+=" --for --reason"; words=$(_vastwatchctl_instances "$socket") ;;
        pause) options+=" --for --reason" ;;
        test-notifier) words=$(_vastwatchctl_tables "$socket" notifier) ;;
        audit) options+=" --team --since"; words="verify" ;;
    esac
    if [[ $current == -* ]]; then words=$options; fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _vastwatchctl vastwatchctl
