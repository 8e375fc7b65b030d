#!/usr/bin/env python3
"""Carries out the last stage of a Dockerfile in a folder that holds a system like its FROM, then its entry point.

  dockerfile.py DOCKERFILE SYSTEM [PATH=FOLDER]... -- ARGUMENT...

PATH is a path of an earlier stage and FOLDER what stands for it here; the arguments are those of `docker run`.
Knows what the project's Dockerfile uses, and refuses the rest. Needs root.
"""

import json
import os
import subprocess
import sys


def instructions(text):
    """The instructions as pairs of a word and its argument; lines that end in a backslash are joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]


def last_stage(found):
    begin = max(i for i, (word, _) in enumerate(found) if word == "FROM")
    return found[begin + 1:]


def bind_mount(option):
    """The source and the target of --mount=type=bind,..."""
    values = dict(part.split("=", 1) for part in option.removeprefix("--mount=").split(","))
    if values["type"] != "bind":
        raise ValueError(f"unknown mount: {option}")
    return values["source"], values["target"]


class Stage:
    def __init__(self, system, outside):
        self.system, self.outside = system, outside
        self.user, self.folder, self.entry, self.arguments = "root", "/", [], []

    def run_in_system(self, command, mounts=()):
        script = ['mount -t proc proc "$1/proc"', 'mount --rbind /dev "$1/dev"']
        script += [f'mkdir -p "$1{target}" && mount --bind "{self.outside[source]}" "$1{target}"'
                   for source, target in mounts]
        script.append('cd "$1" && exec chroot --userspec="$2:" "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin '
                      'HOME=/tmp sh -c "cd $3 && exec \\"\\$@\\"" sh "${@:4}"')
        subprocess.run(["unshare", "--mount", "--fork", "bash", "-ec", "\n".join(script), "bash", self.system, self.user,
                        self.folder, *command], check=True)

    def run(self, argument):
        mounts = []
        while argument.startswith("--mount="):
            option, argument = argument.split(None, 1)
            mounts.append(bind_mount(option))
        self.run_in_system(["sh", "-c", argument], mounts)

    def carry_out(self, word, argument):
        if word == "RUN":
            self.run(argument)
        elif word == "USER":
            self.user = argument
        elif word == "WORKDIR":
            os.makedirs(self.system + argument, exist_ok=True)
            self.folder = argument
        elif word == "ENTRYPOINT":
            self.entry = json.loads(argument)
        elif word == "CMD":
            self.arguments = json.loads(argument)
        elif word != "VOLUME":
            raise ValueError(f"unknown instruction: {word} {argument}")


def main(arguments):
    split = arguments.index("--")
    dockerfile, system, *outside = arguments[:split]
    stage = Stage(system, dict(pair.split("=", 1) for pair in outside))
    with open(dockerfile, encoding="utf-8") as file:
        found = instructions(file.read())
    for word, argument in last_stage(found):
        print(f"+ {word} {' '.join(argument.split())}", file=sys.stderr, flush=True)
        stage.carry_out(word, argument)
    if stage.user == "root":
        raise ValueError("the entry point would run as root")
    stage.run_in_system([*stage.entry, *(arguments[split + 1:] or stage.arguments)])


if __name__ == "__main__":
    main(sys.argv[1:])
