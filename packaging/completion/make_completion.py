#!/usr/bin/env python3
"""Writes proximactl's completions for bash, zsh and fish from what it prints for --help.

    packaging/completion/make_completion.py FOLDER
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Options that a file or folder follows.
FILES = {"--config", "-c", "--ca", "--token-file", "--dir", "--base", "--queries", "--state"}


def usage():
    return re.search(r'R"\((.*?)\)"', (ROOT / "gslb/ctl/usage.cc").read_text(), re.S)[1]


def parse(text):
    """(verb → (its further words, its options), options of all verbs)."""
    verbs, common, verb, section = {}, [], None, ""
    for line in text.splitlines():
        if line and not line.startswith(" "):
            section = line.split()[0]
        options = re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", line)
        if section == "options" and line.startswith("  ") and not line.startswith("   " * 4):
            common += options[:2] if line.strip().startswith("-") and "," in line else options
        elif section == "verbs":
            if re.match(r"  [a-z]", line):
                # What explains stands behind two blanks; "a | b" are two verbs.
                for part in re.split(r"  +", line.strip())[0].split(" | "):
                    words = part.split()
                    verb = words[0]
                    second = words[1] if len(words) > 1 and re.fullmatch("[a-z-]+", words[1]) else ""
                    further, own = verbs.setdefault(verb, ([], []))
                    further += [second] if second else []
                    own += re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", part)
            elif verb:
                verbs[verb][1].extend(each for each in options if each.startswith("--"))
    if "force" in verbs:
        verbs["force"][0].extend(["up", "down"])
    unique = {name: (sorted(set(further)), sorted(set(own)))
              for name, (further, own) in verbs.items()}
    return unique, sorted(set(common))


def bash(verbs, common):
    cases = "\n".join(
        f'    {name}) words="{" ".join(further + own)}" ;;'
        for name, (further, own) in sorted(verbs.items()) if further or own)
    files = "|".join(sorted(FILES))
    return f"""# bash completion for proximactl
_proximactl() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} verb="" words="" i
  case ${{COMP_WORDS[COMP_CWORD-1]}} in
    {files}) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
  esac
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case ${{COMP_WORDS[i]}} in
      {"|".join(sorted(verbs))}) verb=${{COMP_WORDS[i]}}; break ;;
    esac
  done
  case $verb in
    "") words="{" ".join(sorted(verbs))}" ;;
{cases}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words {" ".join(common)}" -- "$word")
}}
complete -F _proximactl proximactl
"""


def zsh(verbs, common):
    cases = "\n".join(f"  {name}) words_of=({' '.join(further + own)}) ;;"
                      for name, (further, own) in sorted(verbs.items()) if further or own)
    files = "|".join(sorted(FILES))
    return f"""#compdef proximactl
local -a verbs common words_of
local each verb=""
verbs=({" ".join(sorted(verbs))})
common=({" ".join(common)})
case ${{words[CURRENT-1]}} in
  {files}) _files; return ;;
esac
for each in ${{words[2,CURRENT-1]}}; do
  if (( ${{verbs[(Ie)$each]}} )); then verb=$each; break; fi
done
case $verb in
  "") words_of=($verbs) ;;
{cases}
esac
compadd -- $words_of $common
"""


def fish(verbs, common):
    lines = ["# fish completion for proximactl", "complete -c proximactl -f"]

    def option(name):
        word = f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}"
        return word + (" -rF" if name in FILES else "")
    lines += [f"complete -c proximactl -n __fish_use_subcommand -a {name}" for name in sorted(verbs)]
    lines += [f"complete -c proximactl {option(name)}" for name in common]
    for name, (further, own) in sorted(verbs.items()):
        seen = f'-n "__fish_seen_subcommand_from {name}"'
        if further:
            lines.append(f"complete -c proximactl {seen} -a \"{' '.join(further)}\"")
        lines += [f"complete -c proximactl {seen} {option(each)}" for each in own]
    return "\n".join(lines) + "\n"


def main(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    verbs, common = parse(usage())
    for name, write in (("proximactl", bash), ("_proximactl", zsh), ("proximactl.fish", fish)):
        (folder / name).write_text(write(verbs, common))


if __name__ == "__main__":
    main(sys.argv[1])
