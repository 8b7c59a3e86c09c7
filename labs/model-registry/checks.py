"""Checks of the model-registry lab."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import linear_regression
from typing import Any

from grader.labs import Lab, points

MODEL = "callouts"
STAGES = {"Staging": "staging", "Production": "production", "Archived": "archived"}
#: Roles as messages tell them; a version that breaks the rules has several.
FREE, STAGING, PRODUCTION, ARCHIVED = "free", "staging", "production", "archived"
Roles = dict[int, str]


@points(2, hint="A model can be registered by the URI of the run that has logged it.")
def test_first_season_is_registered_from_its_run(lab: Lab) -> None:
    """Version 1 belongs to the run, and is the line through the first season."""
    _assert_version(lab, 1, "season-1", lab.data["season_1"])


@points(1, hint="A registered model has a description and tags of its own, beside its versions'.")
def test_registered_model_is_described(lab: Lab) -> None:
    """What is true of all versions is said once."""
    model = _registered(lab, MODEL)
    assert model["description"].strip(), f"the registered model {MODEL!r} has no description"
    _assert_tag(model["tags"], "team", "fell-rescue", f"the registered model {MODEL!r}")


@points(1, hint="The client's methods for a version ask for its number, too.")
def test_first_version_is_described(lab: Lab) -> None:
    """What is true of this version alone is said with the version."""
    version = _version(_registered(lab, MODEL), 1)
    assert version["description"].strip(), f"version 1 of {MODEL!r} has no description"
    _assert_tag(version["tags"], "data", "season_1", f"version 1 of {MODEL!r}")


@points(2, hint="In which order do versions come, and are 9 and 12 compared as numbers?")
def test_latest_version_is_the_highest_number(lab: Lab) -> None:
    """Models of more than nine versions, with gaps and late changes of old ones."""
    for name in ("avalanche", "river-level", "meltwater"):
        expected = max(_initial(lab, name))
        got: int = lab.call("latest_version", name, returns=int)
        assert got == expected, f"the latest version of {name!r} is {expected}, not {got}"


@points(1, hint="A stage is changed by a transition; an alias is set for a version.")
def test_to_staging_puts_a_version_there(lab: Lab) -> None:
    """The newest version of a model whose older ones have roles."""
    roles = _initial(lab, "rockfall")
    lab.call("to_staging", "rockfall", 4, returns=object)
    allowed = {v: (role,) for v, role in roles.items()} | {
        4: (STAGING,),
        3: (STAGING, FREE, ARCHIVED),
    }
    _assert_roles(lab, "rockfall", allowed, "after to_staging('rockfall', 4)")


@points(2, hint="What becomes of the version that was in production? Ask the API to see to it.")
def test_promote_leaves_one_version_in_production(lab: Lab) -> None:
    """The one from staging first, then one without a role."""
    name = "black-ice"
    allowed: dict[int, Sequence[str]] = {v: (role,) for v, role in _initial(lab, name).items()}
    for former, promoted in ((3, 10), (10, 9)):
        lab.call("promote", name, promoted, returns=object)
        allowed |= {former: (FREE, ARCHIVED, STAGING), promoted: (PRODUCTION,)}
        _assert_roles(lab, name, allowed, f"after promote({name!r}, {promoted})")


@points(2, hint="A models:/ URI can name a stage or an alias instead of a number.")
def test_forecast_uses_the_version_in_the_role(lab: Lab) -> None:
    """Both roles of two models, none of them the newest version."""
    visitors: list[float] = lab.data["asked"]
    for name in ("avalanche", "river-level"):
        for role in (PRODUCTION, STAGING):
            base, each = lab.data["lines"][lab.data["teams"][name]["models"][role]]
            expected = [base + each * count for count in visitors]
            got: list[float] = lab.call("forecast", name, role, visitors, returns=list[float])
            _assert_near(got, expected, f"forecast({name!r}, {role!r}, ...)")


@points(2, hint="Logging can register at once; the name says whether it is a model or a version.")
def test_second_season_is_the_next_version(lab: Lab) -> None:
    """Version 2 belongs to its own run, and is the line through both seasons."""
    both = [*lab.data["season_1"], *lab.data["season_2"]]
    _assert_version(lab, 2, "season-2", both)


@points(1, hint="Both roles are needed at the same time: load before anything is archived.")
def test_both_roles_forecast_the_holidays(lab: Lab) -> None:
    """Version 1 was in staging and version 2 in production when they were loaded."""
    got: dict[str, list[float]] = lab.value("holiday_forecasts", returns=dict[str, list[float]])
    rows = _rows(lab.data["holidays"])
    for role, version in ((STAGING, 1), (PRODUCTION, 2)):
        assert role in got, f"holiday_forecasts has no entry {role!r}"
        expected = lab.predict(f"models:/{MODEL}/{version}", rows)
        _assert_near(got[role], expected, f"holiday_forecasts[{role!r}]")


@points(2, hint="Older means a smaller number. Which versions have one, and what if it was in use?")
def test_archive_older_archives_just_these(lab: Lab) -> None:
    """A model of eleven versions, and one whose staging version is older than production."""
    for name in ("whiteout", "meltwater"):
        current = lab.data["teams"][name]["production"]
        lab.call("archive_older", name, returns=object)
        allowed = {
            v: (ARCHIVED if v < current else role,) for v, role in _initial(lab, name).items()
        }
        _assert_roles(lab, name, allowed, f"after archive_older({name!r})")


@points(1, hint="Look at the roles of both versions when the script has ended.")
def test_callouts_ends_with_its_second_version_in_production(lab: Lab) -> None:
    """The first one is in the archive."""
    _assert_roles(lab, MODEL, {1: (ARCHIVED,), 2: (PRODUCTION,)}, "at the end of the script")


def _registered(lab: Lab, name: str) -> Mapping[str, Any]:
    found = [model for model in lab.mlflow.registered if model["name"] == name]
    assert found, f"there is no registered model {name!r}"
    model: Mapping[str, Any] = found[0]
    return model


def _version(model: Mapping[str, Any], number: int) -> Mapping[str, Any]:
    found = [version for version in model["versions"] if version["version"] == number]
    assert found, f"the registered model {model['name']!r} has no version {number}"
    version: Mapping[str, Any] = found[0]
    return version


def _assert_version(lab: Lab, number: int, run: str, days: Sequence[Mapping[str, Any]]) -> None:
    """A version of `callouts` names the run, and forecasts as a line through `days` does."""
    version = _version(_registered(lab, MODEL), number)
    runs = [r.id for r in lab.mlflow.named(run)]
    assert runs, f"there is no run named {run!r}"
    assert version["run"] in runs, f"version {number} of {MODEL!r} is not from the run {run!r}"
    line = linear_regression([d["visitors"] for d in days], [d["callouts"] for d in days])
    rows = _rows(lab.data["holidays"])
    expected = [line.intercept + line.slope * row["visitors"] for row in rows]
    got = lab.predict(f"models:/{MODEL}/{number}", rows)
    _assert_near(got, expected, f"version {number} of {MODEL!r}")


def _initial(lab: Lab, name: str) -> Roles:
    """The versions of a team's model as the fixture left them, with their roles."""
    team = lab.data["teams"][name]
    roles = {team["staging"]: STAGING, team["production"]: PRODUCTION}
    roles |= dict.fromkeys(team["archived"], ARCHIVED)
    versions = [v for v in range(1, team["versions"] + 1) if v not in team["deleted"]]
    return {version: roles.get(version, FREE) for version in versions}


def _assert_roles(lab: Lab, name: str, allowed: Mapping[int, Sequence[str]], when: str) -> None:
    """By stages or by aliases, each version has a role that is allowed."""
    model = _registered(lab, name)
    ways = {"stages": _by_stage(model), "aliases": _by_alias(model)}
    flaws = {way: _flaw(roles, allowed) for way, roles in ways.items()}
    told = "; ".join(f"by {way}, {flaw}" for way, flaw in flaws.items())
    assert not all(flaws.values()), f"{when}: {told}"


def _by_stage(model: Mapping[str, Any]) -> Roles:
    return {v["version"]: STAGES.get(v["stage"], FREE) for v in model["versions"]}


def _by_alias(model: Mapping[str, Any]) -> Roles:
    """Roles by aliases, and by the tag of archived versions."""
    roles = {}
    for version in model["versions"]:
        number = version["version"]
        named = [a for a in (STAGING, PRODUCTION) if model["aliases"].get(a) == number]
        if version["tags"].get("archived", "").strip().lower() == "true":
            named.append(ARCHIVED)
        roles[number] = " and ".join(named) or FREE
    return roles


def _flaw(roles: Roles, allowed: Mapping[int, Sequence[str]]) -> str:
    """What is wrong with the first version whose role is not allowed; empty if all are."""
    for number, fine in sorted(allowed.items()):
        found = roles.get(number, "gone")
        if found not in fine:
            return f"version {number} must be {' or '.join(fine)} and is {found}"
    return ""


def _assert_tag(tags: Mapping[str, str], key: str, value: str, whose: str) -> None:
    assert key in tags, f"{whose} has no tag {key!r}"
    assert tags[key] == value, f"the tag {key!r} of {whose} must be {value!r} (got {tags[key]!r})"


def _assert_near(got: Sequence[Any], expected: Sequence[float], whose: str) -> None:
    assert len(got) == len(expected), (
        f"{whose} must give {len(expected)} forecasts (got {len(got)})"
    )
    for number, (found, due) in enumerate(zip(got, expected, strict=True), 1):
        near = isinstance(found, int | float) and abs(found - due) < 0.01
        assert near, f"forecast {number} of {whose} must be {due:.3f} (got {found})"


def _rows(days: Sequence[Mapping[str, Any]]) -> list[dict[str, float]]:
    return [{"visitors": day["visitors"]} for day in days]
