#compdef gtx
# Completes the command lines of gtx in zsh. See gtx completion --help.
_gtx() {
	local line files=none
	local -a candidates
	[[ ${words[CURRENT]} == --*=* ]] && compset -P '*='
	while IFS= read -r line; do
		case $line in
		:*) files=${line#:} ;;
		*) line=${line//:/\\:} && line=${line/$'\t'/:} && candidates+=("${line%:}") ;;
		esac
	done < <("${words[1]}" __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)
	local found=1
	(( $#candidates )) && _describe -V 'gtx' candidates && found=0
	case $files in
	files) _files && found=0 ;;
	folders) _files -/ && found=0 ;;
	esac
	return found
}
if [ "$funcstack[1]" = _gtx ]; then
	_gtx "$@"
else
	compdef _gtx gtx
fi
