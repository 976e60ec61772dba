"""What is given away, and what CI systems take from here, each really used as far as a machine without them can.

A wheel, `gopluck.pyz` and the container's recipe say what `make demo` says; the steps of the GitHub action, the GitLab
job and the Jenkins stage run in real shells; pre-commit runs the hooks.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from fixtures import dist
from fixtures.samples.archive import expected, unpack

ROOT = Path(__file__).parent.parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
SAMPLES = unpack()
REFUSED = 'plugin.Open("auth-trimpath"): plugin was built with a different version of package internal/goarch'


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel, the source archive and the single file."""
    folder = tmp_path_factory.mktemp("dist")
    _, wheel = dist.artefacts(folder)
    dist.single_file(wheel, folder / "gopluck.pyz")
    return folder


@pytest.fixture(scope="module")
def wheel(made: Path) -> Path:
    (found,) = made.glob("*.whl")
    return found


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder with a host, two plugins of which one does not load, and nothing of Python's environment."""
    for name in ("gateway", "auth.so", "auth-trimpath.so"):
        shutil.copy(SAMPLES / name, tmp_path)
    return tmp_path


def shell(
    script: str, folder: Path, environ: Mapping[str, str] | None = None, program: str = "bash"
) -> subprocess.CompletedProcess[str]:
    """A script as CI systems run it."""
    clean = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    command = [program, "-e", "-c", script]
    return subprocess.run(command, cwd=folder, env={**clean, **(environ or {})}, capture_output=True, text=True)


def as_go_said(gopluck: list[str]) -> None:
    """What `make demo` compares, with another gopluck."""
    done = subprocess.run([sys.executable, "-m", "fixtures.demo", *gopluck], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(expected()['pairs'])} runs" in done.stdout


# -- what is given away ------------------------------------------------------------------------------------------------


def test_the_wheel_in_a_clean_environment(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=True)
    install = [str(tmp_path / "env/bin/pip"), "install", "--quiet", "--disable-pip-version-check", str(wheel)]
    subprocess.run(install, check=True)
    assert (tmp_path / "env/share/man/man1/gopluck.1").is_file()
    as_go_said([str(tmp_path / "env/bin/gopluck")])


def test_the_single_file(made: Path) -> None:
    as_go_said([str(made / "gopluck.pyz")])


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("check", "gateway", "auth-trimpath.so", "--format", "html"), "<!doctype html>"),
        (("check", "gateway", "auth-trimpath.so", "--format", "sarif"), '"version": "2.1.0"'),
        (("check", "host.json", "auth.so"), "✓ auth.so will load"),
        (("explain", "--list"), "trimpath"),
        (("inspect", "auth.so"), "func Allow"),
        (("init", "gateway", "new"), "written into new"),
        (("completion", "bash"), "_GOPLUCK_COMPLETE"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_the_single_file_has_everything(arguments: tuple[str, ...], shown: str, made: Path, work: Path) -> None:
    bare = [sys.executable, "-I", "-S", str(made / "gopluck.pyz")]
    (work / "host.json").write_bytes(
        subprocess.run([*bare, "manifest", work / "gateway"], stdout=-1, check=True).stdout
    )
    done = subprocess.run([*bare, *arguments], cwd=work, capture_output=True, text=True)
    assert done.stderr == ""
    assert shown in done.stdout


def test_the_container_recipe(tmp_path: Path) -> None:
    """Its instructions, done here: below a folder instead of in a container."""
    instructions = [line.split(" ", 1) for line in (ROOT / "Dockerfile").read_text().splitlines() if line[:1].isupper()]
    assert [name for name, _ in instructions] == [
        *("FROM", "COPY", "RUN"),
        *("FROM", "COPY", "RUN", "USER", "WORKDIR", "ENTRYPOINT", "CMD"),
    ]
    _context(tmp_path / "src")
    build = instructions[2][1].replace("/src", str(tmp_path / "src")).replace("/opt", str(tmp_path / "opt"))
    assert (done := shell(build, tmp_path)).returncode == 0, done.stderr
    entry = [part.replace("/opt", str(tmp_path / "opt")) for part in json.loads(instructions[-2][1])]
    assert "Usage: gopluck" in subprocess.run([*entry, *json.loads(instructions[-1][1])], stdout=-1, text=True).stdout
    as_go_said(entry)


def _context(folder: Path) -> None:
    """What .dockerignore leaves: nothing but what it names."""
    first, *rest = (ROOT / ".dockerignore").read_text().split()
    assert first == "*"
    for name in rest:
        assert name.startswith("!")
        source, target = ROOT / name[1:], folder / name[1:]
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)


# -- GitHub ------------------------------------------------------------------------------------------------------------


class Runner:
    """What GitHub's runner gives the steps of a composite action."""

    def __init__(self, folder: Path, work: Path, wheel: Path) -> None:
        self.work = work
        folder.mkdir()
        self.temp, self.output, self.summary = folder / "temp", folder / "output", folder / "summary"
        self.temp.mkdir()
        self.output.touch()
        self.summary.touch()
        self.inputs = {"install": str(wheel)}

    def step(self, number: int, **inputs: str) -> subprocess.CompletedProcess[str]:
        step = ACTION["runs"]["steps"][number]
        given = {**{name: str(one.get("default", "")) for name, one in ACTION["inputs"].items()}, **self.inputs}
        given |= {name.replace("_", "-"): value for name, value in inputs.items()}
        assert set(given) == set(ACTION["inputs"])
        environ = {
            name: re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda found: given[found[1]], value)
            for name, value in step["env"].items()
        }
        environ |= {"RUNNER_TEMP": str(self.temp), "GITHUB_ACTION_PATH": str(ROOT)}
        environ |= {"GITHUB_OUTPUT": str(self.output), "GITHUB_STEP_SUMMARY": str(self.summary)}
        return shell("set -o pipefail\n" + step["run"], self.work, environ)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a runner in which the first step is done."""
    folder = tmp_path_factory.mktemp("github")
    runner = Runner(folder / "runner", folder, wheel)
    done = runner.step(0)
    assert done.returncode == 0, done.stderr
    return runner.temp


@pytest.fixture
def github(work: Path, wheel: Path, installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    runner = Runner(tmp_path_factory.mktemp("run") / "runner", work, wheel)
    (runner.temp / "gopluck").symlink_to(installed / "gopluck")
    return runner


def test_the_action_takes_no_input_into_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]
    used = re.findall(r"inputs\.([a-z-]+)", (ROOT / "action.yml").read_text())
    assert set(used) == set(ACTION["inputs"])


def test_the_action_says_that_a_plugin_loads(github: Runner) -> None:
    done = github.step(1, host="gateway", plugins="auth.so")
    assert (done.returncode, done.stderr) == (0, "")
    assert github.output.read_text() == "status=0\n"
    assert "auth.so" in github.summary.read_text()


def test_the_action_annotates_what_does_not_load(github: Runner) -> None:
    done = github.step(
        1,
        host="gateway",
        plugins="\n  auth.so\n auth-trimpath.so \n",
        independent="true",
        json="out.json",
        sarif="o.sarif",
    )
    assert (done.returncode, github.output.read_text()) == (1, "status=1\n")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["::warning", "::error"]
    assert REFUSED in github.summary.read_text()
    document = json.loads((github.work / "out.json").read_text())
    assert [plugin["verdict"] for plugin in document["plugins"]] == ["loads", "fails"]
    assert json.loads((github.work / "o.sarif").read_text())["version"] == "2.1.0"


def test_the_action_hands_every_input_on(github: Runner) -> None:
    done = github.step(
        *(1,), host="gateway", plugins="auth.so", names="/srv/a.so", symbols="Nope\nAllow", sysroot="", args="-v"
    )
    assert done.returncode == 1
    assert "Nope" in done.stdout
    done = github.step(1, host="gateway", plugins="auth.so", annotations="false", summary="false", fail_on="risk")
    assert done.stdout.splitlines()[0].startswith(("✓", "✗"))


@pytest.mark.parametrize("name", ["host", "plugins", "names", "symbols", "sysroot", "library_path", "args", "sarif"])
@pytest.mark.parametrize("value", ["$(touch evil)", "`touch evil`", "x; touch evil", "--output=evil", "-o\nevil"])
def test_no_input_of_the_action_is_a_command(name: str, value: str, github: Runner) -> None:
    if name == "args" and value.startswith("-"):
        pytest.skip("args are options")
    given = {"host": "gateway", "plugins": "auth.so"} | {name: value}
    github.step(1, **given)
    assert not (github.work / "evil").exists()


# -- the others --------------------------------------------------------------------------------------------------------


def test_the_gitlab_job(work: Path, wheel: Path) -> None:
    job: dict[str, Any] = yaml.safe_load((ROOT / "docs/ci/gitlab.yml").read_text())["gopluck"]
    variables = {**job["variables"], "GOPLUCK": str(wheel), "GOPLUCK_HOST": "gateway", "GOPLUCK_PLUGINS": "."}
    done = shell("\n".join(job["script"]), work, variables, "sh")
    assert done.returncode == 1, done.stderr
    assert "auth-trimpath.so  the plugin was built with -trimpath, the host without" in done.stdout
    reports = job["artifacts"]["reports"]
    issues = json.loads((work / reports["codequality"]).read_text())
    assert {"./auth-trimpath.so", "auth-trimpath.so"} & {issue["location"]["path"] for issue in issues}
    assert "<testsuite" in (work / reports["junit"]).read_text()


def test_the_jenkins_stage(work: Path, wheel: Path) -> None:
    text = (ROOT / "docs/ci/Jenkinsfile").read_text()
    assert text.count("{") == text.count("}")
    script = re.search(r"sh '''(.*?)'''", text, re.DOTALL)
    assert script is not None
    variables = dict(re.findall(r"^        (GOPLUCK\w*) = '([^']*)'", text, re.MULTILINE))
    assert set(variables) == {"GOPLUCK", "GOPLUCK_HOST", "GOPLUCK_PLUGINS"}
    given = {"GOPLUCK": str(wheel), "GOPLUCK_HOST": "gateway", "GOPLUCK_PLUGINS": "."}
    # In ''' Groovy joins a line that ends in a backslash with the next.
    done = shell(script[1].replace("\\\n", ""), work, given, "sh")
    assert done.returncode == 1, done.stderr
    for name in re.findall(r"(?:junit|archiveArtifacts) '([^']+)'", text):
        assert (work / name).stat().st_size > 0


def test_pre_commit_runs_the_hooks(work: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    if shutil.which("git") is None:
        pytest.skip("there is no git")
    source = tmp_path_factory.mktemp("source") / "gopluck"
    _context(source)
    shutil.copy(ROOT / ".pre-commit-hooks.yaml", source)
    commit = _committed(source)
    hooks = [
        {"id": "gopluck-check", "args": ["gateway", "auth.so", "auth-trimpath.so", "--independent", "-q"]},
        {"id": "gopluck-align", "args": ["gateway", "."]},
    ]
    config = {"repos": [{"repo": source.as_uri(), "rev": commit, "hooks": hooks}]}
    (work / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    (work / "main.go").write_text("package main\n")
    (work / "go.mod").write_text("module example.com/auth\n\ngo 1.21\n")
    _committed(work)
    environ = {**os.environ, "PRE_COMMIT_HOME": str(source.parent / "home")}
    command = [sys.executable, "-m", "pre_commit", "run", "--all-files", "--color", "never"]
    done = subprocess.run(command, cwd=work, env=environ, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(r"Go plugins load into their host\.+Failed", done.stdout), done.stdout + done.stderr
    assert "auth-trimpath.so" in done.stdout
    assert "The plugin's go.mod fits the host" in done.stdout


def _committed(folder: Path) -> str:
    """The name of a commit of all that is in a folder."""
    git = ["git", "-c", "user.name=gopluck", "-c", "user.email=gopluck@example.com", "-C", str(folder)]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "all", "--no-verify"]):
        subprocess.run([*git, *arguments], check=True)
    return subprocess.run([*git, "rev-parse", "HEAD"], check=True, stdout=-1, text=True).stdout.strip()
