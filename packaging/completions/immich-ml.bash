# bash completion for immich-ml
_immich_ml() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} verb= word
    COMPREPLY=()
    case $previous in
        --clip-model|--compare|--connections|--count|--distinct|--draw|--duration|--faces-model|--format|--header|--html|--http|--interval|--language|--max-resolution|--min-face-score|--min-score|--min-text-score|--model|--ocr-model|--pid|--precision|--ramp|--rate|--revision|--rounds|--rules|--size|--tasks|--text|--timeout|--users|--warm-up) return ;;
        --cache|--config|--output|--pictures|--queries|--socket) COMPREPLY=($(compgen -f -- "$current")); return ;;
    esac
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case "$verb $word" in
            ' serve') verb=' serve' ;;
            ' predict') verb=' predict' ;;
            ' embed') verb=' embed' ;;
            ' faces') verb=' faces' ;;
            ' ocr') verb=' ocr' ;;
            ' ping') verb=' ping' ;;
            ' health') verb=' health' ;;
            ' doctor') verb=' doctor' ;;
            ' info') verb=' info' ;;
            ' models') verb=' models' ;;
            ' models list') verb=' models list' ;;
            ' models pull') verb=' models pull' ;;
            ' models verify') verb=' models verify' ;;
            ' models import') verb=' models import' ;;
            ' models export') verb=' models export' ;;
            ' models rm') verb=' models rm' ;;
            ' models prepare') verb=' models prepare' ;;
            ' load') verb=' load' ;;
            ' unload') verb=' unload' ;;
            ' top') verb=' top' ;;
            ' parity') verb=' parity' ;;
            ' demo') verb=' demo' ;;
            ' bench') verb=' bench' ;;
        esac
    done
    local words=
    case $verb in
        '') words='serve predict embed faces ocr ping health doctor info models load unload top parity demo bench --help --version --help'; ;;
        ' serve') words='--cache --config --http --json --print-config --socket --help'; ;;
        ' predict') words='--json --socket --tasks --text --timeout --help'; COMPREPLY=($(compgen -f -- "$current")) ;;
        ' embed') words='--json --language --model --socket --text --timeout --help'; COMPREPLY=($(compgen -f -- "$current")) ;;
        ' faces') words='--detect-only --draw --json --min-score --model --socket --timeout --help'; COMPREPLY=($(compgen -f -- "$current")) ;;
        ' ocr') words='--draw --json --min-score --model --socket --timeout --help'; COMPREPLY=($(compgen -f -- "$current")) ;;
        ' ping') words='--json --socket --timeout --help'; ;;
        ' health') words='--json --socket --help'; ;;
        ' doctor') words='--cache --config --json --socket --help'; ;;
        ' info') words='--json --socket --timeout --help'; ;;
        ' models') words='list pull verify import export rm prepare --all --cache --json --socket --timeout --help'; ;;
        ' models list') words='--all --cache --json --socket --timeout --help'; ;;
        ' models pull') words='--cache --revision --help'; ;;
        ' models verify') words='--cache --revision --help'; ;;
        ' models import') words='--cache --help'; COMPREPLY=($(compgen -f -- "$current")) ;;
        ' models export') words='--cache --output --revision --help'; ;;
        ' models rm') words='--cache --revision --help'; ;;
        ' models prepare') words='--cache --precision --revision --help'; ;;
        ' load') words='--json --socket --timeout --help'; ;;
        ' unload') words='--json --socket --timeout --help'; ;;
        ' top') words='--interval --once --socket --timeout --help'; ;;
        ' parity') words='--cache --config --faces --html --json --model --precision --queries --rules --help'; ;;
        ' demo') words='--json --help'; ;;
        ' bench') words='--clip-model --compare --connections --count --distinct --duration --faces-model --format --header --html --http --json --language --max-resolution --min-face-score --min-text-score --ocr-model --pictures --pid --poisson --queries --quiet --ramp --rate --rounds --size --socket --timeout --users --warm-up --help'; ;;
    esac
    COMPREPLY+=($(compgen -W "$words" -- "$current"))
}
complete -o filenames -F _immich_ml immich-ml
