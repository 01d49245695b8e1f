# Completion of vastwatchd(8) for bash.

_vastwatchd() {
    local current=${COMP_WORDS[COMP_CWORD]}
    if [ "${COMP_WORDS[COMP_CWORD - 1]}" = --config ]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
    else
        mapfile -t COMPREPLY < <(
            compgen -W "--config --check-config --version --help" -- "$current")
    fi
}

complete -F _vastwatchd vastwatchd
