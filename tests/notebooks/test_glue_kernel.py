"""The Glue kernel of aws-glue-sessions as a notebook drives it: unmodified, led here by its environment alone."""

import base64
import re
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

from tests.conftest import Server, create_role
from tests.waiting import until

KERNEL = "aws_glue_interactive_sessions_kernel.{}.GlueKernel"


@dataclass
class Cell:
    """What a cell showed."""

    stdout: str = ""
    stderr: str = ""
    shown: list[dict[str, Any]] = field(default_factory=list)


class Notebook:
    """A notebook on a Glue kernel, or another that is started so."""

    def __init__(
        self, environment: dict[str, str], spec: KernelSpec | None = None, kernel: str = "glue_pyspark"
    ) -> None:
        self._manager: Any = KernelManager()
        glue = KernelSpec(argv=[sys.executable, "-m", KERNEL.format(kernel), "-f", "{connection_file}"])
        self._manager._kernel_spec = spec or glue
        self._manager.start_kernel(env=environment)
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=60)

    def run(self, code: str) -> Cell:
        """Run a cell until the kernel is idle: of a cell that is interrupted, this one sends no reply."""
        cell = Cell()
        request = self._client.execute(code, allow_stdin=False)
        while True:
            message = self._client.get_iopub_msg(timeout=120)
            content = message["content"]
            if message["parent_header"].get("msg_id") != request:
                continue
            if message["msg_type"] == "stream":
                setattr(cell, content["name"], getattr(cell, content["name"]) + content["text"])
            elif message["msg_type"] == "display_data":
                cell.shown.append(content["data"])
            elif content.get("execution_state") == "idle":
                return cell

    def interrupt(self) -> None:
        self._manager.interrupt_kernel()

    def kill(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def close(self) -> None:
        """End the kernel, which ends its session; nothing to do the second time."""
        if self._manager.is_alive():
            self._client.stop_channels()
            self._manager.shutdown_kernel()


@pytest.fixture(scope="module")
def environment(server: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What `studiolo env` prints, and the role."""
    home = tmp_path_factory.mktemp("home")
    return {**server.environment(), "HOME": str(home), "glue_role_arn": create_role(server)}


@pytest.fixture(scope="module")
def notebook(environment: dict[str, str]) -> Iterator[Notebook]:
    notebook = Notebook(environment)
    yield notebook
    notebook.close()


@pytest.fixture(scope="module")
def started(notebook: Notebook) -> str:
    """What was said while the session was set up by magics and started by the first code."""
    said = [
        notebook.run("%help").shown[0]["text/markdown"],
        notebook.run("%status\n%list_sessions\n%region eu-central-1\n%session_id_prefix mine").stdout,
        notebook.run(
            "%worker_type G.1X\n%number_of_workers 2\n%idle_timeout 30\n%timeout 120\n%glue_version 5.0"
        ).stdout,
        notebook.run("%streaming\n%etl\n%connections one,two\n%security_config mine").stdout,
        notebook.run("%spark_conf spark.sql.shuffle.partitions=3 --conf spark.sql.session.timeZone=UTC").stdout,
        notebook.run('%%configure\n{"--mine": "x"}').stdout,
        notebook.run('%%tags\n{"team": "data"}').stdout,
        notebook.run("print('hello from', spark.version)").stdout,
    ]
    return "\n".join(said)


@pytest.mark.usefixtures("started")
class TestNotebook:
    """One notebook, one session, many cells."""

    def test_the_first_code_makes_the_session_that_the_magics_described(
        self, server: Server, notebook: Notebook, started: str
    ) -> None:
        assert "There is no current session." in started
        assert "hello from 3.5" in started
        identity = re.findall(r"Session ID: (mine-\S+)", started)[-1]
        session = server.client("glue").get_session(Id=identity)["Session"]
        asked = ("WorkerType", "NumberOfWorkers", "IdleTimeout", "GlueVersion", "SecurityConfiguration")
        assert [session[name] for name in asked] == ["G.1X", 2, 30, "5.0", "mine"]
        assert session["Connections"]["Connections"] == ["one", "two"]
        assert (session["Command"]["Name"], session["DefaultArguments"]["--mine"]) == ("glueetl", "x")
        status = notebook.run("%status\n%session_id").stdout
        assert all(line in status for line in ("Status: READY", "Timeout: 120", "'team': 'data'", f"ID: {identity}"))
        assert identity in notebook.run("%list_sessions").stdout

    def test_settings_hold_and_values_stay(self, notebook: Notebook) -> None:
        conf = "spark.conf.get('spark.sql.shuffle.partitions'), spark.conf.get('spark.sql.session.timeZone')"
        assert notebook.run(f"kept = {conf}\nkept").stdout.strip() == "('3', 'UTC')"
        assert notebook.run("print(*kept)").stdout == "3 UTC\n"

    def test_sql_cells_print_tables(self, notebook: Notebook) -> None:
        assert "|  1|" in notebook.run("%%sql\nselect 1 as one").stdout
        assert "|  2|" in notebook.run("n = 2\n%sql select 2 as two").stdout

    def test_plots_arrive_as_pictures(self, notebook: Notebook) -> None:
        cell = notebook.run("import matplotlib.pyplot as plt\nprint('a plot')\nplt.bar([1, 2], [3, 4])\n%matplot plt")
        assert base64.b64decode(cell.shown[0]["image/png"]).startswith(b"\x89PNG")
        assert (cell.stdout, len(cell.shown)) == ("a plot\n", 1)

    def test_figures_of_plotly_and_frames_of_pandas_arrive_as_pages(self, notebook: Notebook) -> None:
        figure = "class Figure:\n    def to_html(self, **_):\n        return '<div>a figure</div>'\n"
        assert notebook.run(f"{figure}fig = Figure()\n%plotly fig").shown[0]["text/html"] == "<div>a figure</div>"
        frame = notebook.run("import pandas\npandas.DataFrame({'name': ['value']})").shown[0]
        assert "<td>value</td>" in frame["text/html"]
        both = "from IPython.display import HTML, display\ndisplay(HTML('<i>1</i>'))\ndisplay(HTML('<i>2</i>'))"
        assert notebook.run(both).shown[0]["text/html"] == "<div><i>1</i></div>\n<div><i>2</i></div>"

    def test_both_streams_and_long_outputs_arrive_whole(self, notebook: Notebook) -> None:
        cell = notebook.run("import sys\nprint('x' * 300_000)\nprint('careful', file=sys.stderr)\n'last'")
        assert (cell.stdout, cell.stderr) == ("x" * 300_000 + "\n'last'\n", "careful\n")

    def test_errors_are_named(self, notebook: Notebook) -> None:
        cell = notebook.run("1 / 0")
        assert cell.stdout == "ZeroDivisionError: division by zero\n"
        assert "`nowhere` cannot be found" in notebook.run("%%sql\nselect * from nowhere").stdout

    def test_what_a_cell_printed_before_its_error_is_shown_with_it(self, notebook: Notebook) -> None:
        cell = notebook.run("import sys\nprint('step 1')\nprint('careful', file=sys.stderr)\nraise KeyError('step 2')")
        assert cell.stdout == "KeyError: 'step 2'\n\nThe cell had printed:\nstep 1\ncareful\n"

    def test_what_would_wait_for_a_person_ends_the_cell_alone(self, notebook: Notebook) -> None:
        assert "does not support input requests" in notebook.run("input('who? ')").stdout
        assert notebook.run("exit()").stdout.startswith("SystemExit")
        assert notebook.run("print('goes on')").stdout == "goes on\n"

    def test_sdks_in_the_session_are_its_role(self, notebook: Notebook, environment: dict[str, str]) -> None:
        code = "import boto3, sagemaker\nprint(boto3.client('sts').get_caller_identity()['Arn'])"
        role = environment["glue_role_arn"].rsplit("/", 1)[1]
        assert f":assumed-role/{role}/" in notebook.run(code).stdout
        buckets = "name = sagemaker.Session().default_bucket()\nprint(name)"
        assert "sagemaker-eu-central-1-" in notebook.run(buckets).stdout

    def test_an_interrupt_cancels_the_running_cell(self, server: Server, notebook: Notebook) -> None:
        session = re.findall(r"ID: (\S+)", notebook.run("%session_id").stdout)[0]
        glue = server.client("glue")

        def state() -> str:
            listed, page = [], glue.list_statements(SessionId=session)
            listed += page["Statements"]
            while "NextToken" in page:
                page = glue.list_statements(SessionId=session, NextToken=page["NextToken"])
                listed += page["Statements"]
            return str(listed[-1]["State"])

        def interrupt() -> None:
            until(lambda: state() == "RUNNING")
            notebook.interrupt()

        thread = threading.Thread(target=interrupt)
        thread.start()
        cell = notebook.run("import time\ntime.sleep(600)")
        thread.join()
        assert "Attempting to cancel the statement" in cell.stdout
        until(lambda: state() == "CANCELLED")
        assert notebook.run("print('goes on')").stdout == "goes on\n"

    def test_another_notebook_reconnects_to_the_session(
        self, server: Server, notebook: Notebook, environment: dict[str, str]
    ) -> None:
        session = re.findall(r"ID: (\S+)", notebook.run("%session_id").stdout)[0]
        notebook.run("shared = 42")
        other = Notebook({name: value for name, value in environment.items() if name != "glue_role_arn"})
        other.run("%region eu-central-1")
        assert (
            f"Switched to Session: {session}" in other.run(f"%endpoint {server.endpoint}\n%reconnect {session}").stdout
        )
        assert other.run("print(shared)").stdout == "42\n"
        assert f"Session ID: {session}" in other.run("%status").stdout
        assert "does not exist" in other.run("%reconnect nothing").stdout
        # Its regular end would be the session's.
        other.kill()
        assert notebook.run("print(shared)").stdout == "42\n"

    def test_modules_that_cannot_be_had_are_named_and_those_that_are_there_are_left(self, notebook: Notebook) -> None:
        assert "Stopped session." in notebook.run("%stop_session").stdout
        options = '"--python-modules-installer-option": "--no-index"'
        notebook.run(f'%%configure\n{{{options}, "additional-python-modules": "no-such-module==1.0"}}')
        assert "no-such-module was not found" in notebook.run("1").stderr
        notebook.run('%%configure\n{"additional-python-modules": "sagemaker"}')
        version = "import sagemaker\nprint('version', sagemaker.__version__)"
        assert "\nversion 2." in notebook.run(version).stdout

    def test_a_session_that_dies_is_spoken_of_and_the_next_cell_makes_another(self, notebook: Notebook) -> None:
        assert "Spark's driver exited with status 3." in notebook.run("spark._jvm.System.exit(3)").stderr
        again = notebook.run("print('a new one')")
        assert "has been created." in again.stdout
        assert again.stdout.endswith("a new one\n")

    def test_the_kernel_s_end_is_the_session_s(self, server: Server, notebook: Notebook) -> None:
        session = re.findall(r"ID: (\S+)", notebook.run("%session_id").stdout)[0]
        notebook.close()
        glue = server.client("glue")
        until(lambda: glue.get_session(Id=session)["Session"]["Status"] == "STOPPED")


def test_the_kernel_for_scala_sends_scala(environment: dict[str, str]) -> None:
    notebook = Notebook(environment, kernel="glue_spark")
    assert notebook.run('val days = spark.range(3).toDF("day")\ndays.createOrReplaceTempView("days")').stdout
    assert "|  2|" in notebook.run("%%sql\nselect * from days").stdout
    assert "sum: Long = 3" in notebook.run('val sum = days.agg(Map("day" -> "sum")).first.getLong(0)').stdout
    assert "type mismatch" in notebook.run('val day: Int = "monday"').stdout
    notebook.close()
