#include "cli/completion/shell.h"

namespace svhn::cli {
namespace {

constexpr const char* kBash = R"sh(# bash completion of svhn; the program itself says what may stand where.

_svhn() {
  # A redirection takes a file.
  [[ ${COMP_WORDS[COMP_CWORD-1]} != [\<\>]* ]] || return 0

  # Bash breaks words at "=" and ":", too, and completes what is behind the last of them. Pieces without a blank
  # between them are put together again: head is what stands before the piece that bash completes.
  local rest=${COMP_LINE:0:COMP_POINT} head='' blank piece i
  local -a words=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    blank=${rest%%[![:space:]]*}
    rest=${rest:${#blank}}
    piece=${COMP_WORDS[i]}
    ((i < COMP_CWORD)) || piece=$rest
    rest=${rest:${#piece}}
    if [[ -n $blank || $i -lt 2 ]]; then
      head=''
      words+=("$piece")
    else
      head=${words[-1]}
      [[ $piece != [=:]* ]] || head+=$piece
      words[-1]+=$piece
    fi
  done

  local -a answer=()
  mapfile -d '' -t answer < <(command svhn __complete bash "$head" "${words[@]:1}" 2>/dev/null)
  COMPREPLY=("${answer[@]:1}")
  [[ ${answer[0]} != *files* ]] || compopt -o filenames 2>/dev/null
  [[ ${answer[0]} != *open* ]] || compopt -o nospace 2>/dev/null
  [[ ${answer[0]} == *else* ]] || compopt +o default +o bashdefault 2>/dev/null
  return 0
}

complete -o bashdefault -o default -F _svhn svhn
)sh";

constexpr const char* kZsh = R"sh(#compdef svhn
# zsh completion of svhn; the program itself says what may stand where.

_svhn() {
  local files head value text result=1
  local -a answer whole open

  answer=("${(@0)$(command svhn __complete zsh '' "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
  files=$answer[1] head=$answer[2]
  for value text in "${(@)answer[3,-2]}"; do
    value=${${value//\\/\\\\}//:/\\:}${text:+:$text}
    if [[ ${value%%:*} == *[=.] ]]; then open+=("$value"); else whole+=("$value"); fi
  done

  [[ -z $head ]] || compset -p $#head
  (( ! $#whole )) || { _describe -t values 'value' whole && result=0 }
  (( ! $#open )) || { _describe -t keys 'key' open -S '' && result=0 }
  case $files in
    '') ;;
    /) _files -/ && result=0 ;;
    *) _files -g "$files" && result=0 ;;
  esac
  return result
}

if [[ $funcstack[1] == _svhn ]]; then _svhn "$@"; else compdef _svhn svhn; fi
)sh";

constexpr const char* kFish = R"sh(# fish completion of svhn; the program itself says what may stand where.

function __svhn_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    while string match -qr '^\w+=' -- $words[1]
        set -e words[1]
    end
    set -e words[1]
    command svhn __complete fish '' $words "$current" 2>/dev/null
end

complete -c svhn -f -k -a '(__svhn_complete | string split0)'
)sh";

}  // namespace

std::string completion_script(Shell shell) {
  switch (shell) {
    case Shell::bash:
      return kBash;
    case Shell::zsh:
      return kZsh;
    case Shell::fish:
      return kFish;
  }
  return "";
}

}  // namespace svhn::cli
