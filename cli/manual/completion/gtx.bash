# Completes the command lines of gtx in bash. See gtx completion --help.
_gtx() {
	local word=${COMP_WORDS[COMP_CWORD]} line files=none
	[ "$word" != = ] || word=
	COMPREPLY=()
	while IFS= read -r line; do
		case $line in
		:*) files=${line#:} ;;
		*) line=${line%%$'\t'*} && [[ $line == "$word"* ]] && COMPREPLY+=("$(printf %q "$line")") ;;
		esac
	done < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
	case $files in # readline completes files by itself only if there are no words
	files)
		((${#COMPREPLY[@]})) && while IFS= read -r line; do
			[ ! -d "$line" ] || line+=/
			COMPREPLY+=("$(printf %q "$line")")
		done < <(compgen -f -- "$word")
		[[ ${#COMPREPLY[@]} -ne 1 || $COMPREPLY != */ ]] || compopt -o nospace 2>/dev/null
		;;
	none) compopt +o default 2>/dev/null ;;
	folders) compopt +o default -o dirnames 2>/dev/null ;;
	esac
}
complete -o default -F _gtx gtx
