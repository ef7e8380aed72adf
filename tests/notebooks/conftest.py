"""The notebooks, run once on the lake of the small organisation that all tests of a session share."""

import importlib.util
import os
from pathlib import Path
from typing import Any
from unittest.mock import patch

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
FACTS = "application/vnd.finops.facts+json"

_spec = importlib.util.spec_from_file_location("shared_small_lake", ROOT / "tests" / "end_to_end" / "conftest.py")
_shared = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_shared)

# the same folder, lock and marker as there: whoever comes first makes the lake, the other finds it
small = _shared.small


class Ran:
    """A notebook after it was run: what its cells show."""

    def __init__(self, notebook: Any) -> None:
        self.cells = [cell for cell in notebook.cells if cell.cell_type == "code"]

    @property
    def errors(self) -> list[str]:
        return [
            f"{output.ename}: {output.evalue}"
            for cell in self.cells
            for output in cell.outputs
            if output.output_type == "error"
        ]

    def facts(self, call: str) -> dict[str, Any]:
        """The exact figures the first cell that ends in this call shows."""
        for cell in self.cells:
            if cell.source.splitlines()[-1].startswith(call):
                return cell.outputs[-1].data[FACTS]
        raise AssertionError(f"no cell ends in {call}")


@pytest.fixture(scope="session")
def ran(small, tmp_path_factory) -> dict[str, Ran]:
    """Every notebook run top to bottom in a folder of its own, with no name defined and nothing set but the lake.

    One kernel serves them all, since most of a notebook's time would be imports; each begins with an empty namespace.
    """
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.util import run_sync

    place = {"metadata": {"path": str(tmp_path_factory.mktemp("notebook"))}}
    variables = {
        "FINOPS_LAKE": str(small.lake),
        "PYTHONPATH": str(ROOT),
        "IPYTHONDIR": str(tmp_path_factory.mktemp("ipython")),
    }
    kernel, found = AsyncKernelManager(kernel_name="python3"), {}
    with patch.dict(os.environ, variables):
        for path in sorted(FOLDER.glob("*.ipynb")):
            notebook = nbformat.read(path, as_version=4)
            notebook.cells.insert(0, nbformat.v4.new_code_cell("%reset -f"))
            NotebookClient(notebook, km=kernel, timeout=120, resources=place, allow_errors=True).execute()
            assert notebook.cells.pop(0).outputs == []
            found[path.name] = Ran(notebook)
    run_sync(kernel.shutdown_kernel)(now=True)
    return found
