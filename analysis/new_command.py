"""The command ``new``: a study of one's own that extends another, ready to edit."""

from __future__ import annotations

import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("name", metavar="NAME", help="the new study: a folder models/NAME")
    parser.add_argument("--from", dest="parent", metavar="STUDY", required=True, help="the study that it extends")


def run(options: argparse.Namespace) -> int:
    """Write the files of the new study, all of them or none, and say what to do next."""
    from analysis import writing
    from analysis.new_study import new_study
    from analysis.study import project_root

    root = project_root()
    files = new_study(root, options.name, options.parent)
    place = root / "models" / options.name
    with writing.whole_folder(place) as folder:
        for name, text in files.items():
            writing.write_text(folder / name, text)
    print(f"models/{options.name} extends '{options.parent}'. What to do next is in models/{options.name}/README.md.")
    return 0
