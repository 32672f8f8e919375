"""A container's own Python: a virtual environment of its own on top of its image's, which it shares and may not write.

`pip install` in a script, or of a requirements.txt, works there as it does in a container, and is gone with it.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from studiolo.processes import remove_left

LONGEST_SCRIPT = 64 * 1024
FOLDER = "python"
PROGRAM = "program"
"""The folder, in that of an environment, of the programs that came with it."""


def layered(python: Path, folder: Path, below: Sequence[Path] = ()) -> Path:
    """The interpreter of a new layer in `folder`, on that of an environment made by uv.

    It has what is installed in the layer, then the packages in the folders `below`, then the environment's.
    """
    packages = next((python.parents[1] / "lib").glob("python3.*/site-packages"))
    version = packages.parent.name
    layer = folder / FOLDER
    own = layer / "lib" / version / "site-packages"
    if own.is_dir() and own.resolve() == folder.resolve() / own.relative_to(folder):
        # A serving process that is started again keeps what it installed.
        return layer / "bin" / "python"
    # Links that an earlier process of it has put there are not followed.
    remove_left(layer)
    layer.unlink(missing_ok=True)
    own.mkdir(parents=True)
    lines = [f"import site; site.addsitedir({str(path)!r})" for path in (*below, packages)]
    (own / "studiolo-image.pth").write_text("\n".join(lines))
    base = python.resolve()
    (layer / "pyvenv.cfg").write_text(f"home = {base.parent}\ninclude-system-site-packages = false\n")
    programs = layer / "bin"
    programs.mkdir()
    for name in ("python", "python3", version):
        (programs / name).symlink_to(base)
    for script in python.parent.iterdir():
        if _is_script(script) and not (programs / script.name).exists():
            # uv made the environment relocatable: they run the interpreter that lies beside them.
            shutil.copy2(script, programs / script.name)
    return programs / "python"


def _is_script(file: Path) -> bool:
    if file.is_symlink() or not file.is_file() or file.stat().st_size > LONGEST_SCRIPT:
        return False
    with file.open("rb") as content:
        return content.read(2) == b"#!"
